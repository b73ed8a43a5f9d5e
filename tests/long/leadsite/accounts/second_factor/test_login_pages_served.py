"""The same code at the same moment, to a server of two processes."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from tests.factories import Business
from tests.leadsite.accounts.second_factor.phone import CODE, LOGIN, PASSWORD, Phone
from tests.sessions import database_url
from tests.site import Site, serving

pytestmark = pytest.mark.django_db(transaction=True)

SECONDS = 60


@pytest.fixture
def site(tmp_path: Path, settings: object) -> Iterator[Site]:
    keys = ",".join(settings.FIELD_ENCRYPTION_KEYS)  # type: ignore[attr-defined] # pytest-django's
    with serving(database_url(), tmp_path, FIELD_ENCRYPTION_KEYS=keys) as site:
        yield site


def password_entered(site: Site, email: str) -> requests.Session:
    browser = requests.Session()
    browser.trust_env = False
    browser.get(site.address + LOGIN, timeout=SECONDS)
    typed = {"username": email, "password": PASSWORD, "csrfmiddlewaretoken": browser.cookies["csrftoken"]}
    answer = browser.post(site.address + LOGIN, data=typed, timeout=SECONDS, allow_redirects=False)
    assert answer.headers["location"] == CODE
    return browser


@pytest.mark.parametrize("kind", ["app", "recovery"])
def test_one_of_eight_logins_succeeds(owner: Business, site: Site, kind: str) -> None:
    phone = Phone(owner.user)
    browsers = [password_entered(site, owner.user.email) for _ in range(8)]
    code = phone.code() if kind == "app" else phone.recovery_codes[0]

    def enter(browser: requests.Session) -> int:
        typed = {"code": code, "csrfmiddlewaretoken": browser.cookies["csrftoken"]}
        return browser.post(site.address + CODE, data=typed, timeout=SECONDS, allow_redirects=False).status_code

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(enter, browsers)) == [200] * 7 + [302]
    opened = [
        browser.get(f"{site.address}/admin/account/", timeout=SECONDS, allow_redirects=False) for browser in browsers
    ]
    assert sorted(answer.status_code for answer in opened) == [200] + [302] * 7
