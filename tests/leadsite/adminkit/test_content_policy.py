"""Each answer has a Content-Security-Policy: the strictest that its pages can do with, with a nonce of its own."""

import pytest
from django.test import Client
from rest_framework.test import APIClient

from leadsite.adminkit.error_pages import WORDS, error_page
from leadsite.adminkit.templates import with_nonces
from tests.factories import Business
from tests.leadsite.pages import assert_protected, policy_of
from tests.staff import operator

NOTHING = {"default-src": {"'none'"}, "frame-ancestors": {"'none'"}}


@pytest.mark.parametrize("path", ["/admin/login/", "/admin/", "/no-such-page"])
def test_a_page_for_anybody(db: None, path: str):
    answer = Client().get(path)
    assert answer.status_code in {200, 302, 404}
    first = assert_protected(answer)
    assert assert_protected(Client().get(path)) != first
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "same-origin"
    assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "camera=()" in answer.headers["Permissions-Policy"]


@pytest.mark.parametrize("path", ["/api/docs", "/api/docs/redoc"])
def test_the_documentation_compiles_no_texts(anonymous: APIClient, db: None, path: str):
    answer = anonymous.get(path)
    nonce = assert_protected(answer, evaluates=False, workers=path.endswith("redoc"))
    assert f'<script nonce="{nonce}">' in answer.content.decode()


@pytest.mark.parametrize("status", WORDS)
def test_an_error_page(status: int):
    assert_protected(error_page(status))


@pytest.mark.parametrize("path", ["/api/leads", "/api/schema", "/api/no-such-path"])
def test_what_is_no_page_may_do_nothing(owner: Business, path: str):
    assert policy_of(owner.client.get(path)) == NOTHING


def test_an_error_of_a_form_is_a_page(db: None):
    person = operator()
    assert_protected(person.get("/admin/logout/"))
    assert_protected(person.get("/admin/leads/lead/1/change/x/"))


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("<script>x</script>", '<script nonce="{{ csp_nonce }}">x</script>'),
        ('<style id="a">', '<style nonce="{{ csp_nonce }}" id="a">'),
        ('<script src="a.js" defer>', '<script nonce="{{ csp_nonce }}" src="a.js" defer>'),
        ('<script nonce="{{ mine }}">', '<script nonce="{{ mine }}">'),
        ("<scripts>, <styled>", "<scripts>, <styled>"),
    ],
)
def test_scripts_of_templates_get_the_nonce(template: str, expected: str):
    assert with_nonces(template) == expected
