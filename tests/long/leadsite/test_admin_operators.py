"""What an operator sees in the admin: the rows of every business, and no secret of any."""

import pytest

from leadsite.accounts.models import SecondFactor, User
from leadsite.core.encryption import decrypt, encrypt
from leadsite.webhooks.models import WebhookEndpoint
from tests.cases import each_case
from tests.factories import Business
from tests.leadsite.accounts.second_factor.phone import Phone
from tests.leadsite.admin_paths import routes
from tests.leadsite.two_businesses import SECRET, Rows, rows_of, text_of
from tests.staff import address, operator, registered
from whatsapp.models import Channel

pytestmark = pytest.mark.django_db


@pytest.fixture
def theirs(stranger: Business) -> Rows:
    return rows_of(stranger, SECRET)


@each_case("model", registered())
def test_an_operator_sees_the_rows_of_all(model, theirs):
    """So that the matrix above is about rows that there are."""
    client = operator().client
    row = theirs.of[model]
    listed = text_of(client.get(address("changelist", model)))
    assert address("change", row) in listed
    for page in ("change", "history"):
        assert client.get(address(page, row)).status_code == 200


def test_an_operator_sees_no_secret(theirs, stranger, settings):
    """Who may see every row does not learn what the rows give access to."""
    channel, endpoint, user = theirs.of[Channel], theirs.of[WebhookEndpoint], stranger.user
    channel.encrypted_access_token = encrypt("an access token of theirs")
    channel.encrypted_app_secret = encrypt("an app secret of theirs")
    channel.save()
    phone = Phone(user)
    factor = SecondFactor.objects.get(user=user)
    secrets = [
        *("an access token of theirs", "an app secret of theirs", channel.encrypted_access_token),
        *(channel.encrypted_app_secret, endpoint.encrypted_secret, decrypt(endpoint.encrypted_secret)),
        *(phone.secret, factor.secret, user.password, stranger.api_key, str(settings.SECRET_KEY)),
        *phone.recovery_codes,
    ]
    client = operator().client
    rows = {**theirs.of, User: user}
    pages = [route.path(rows) for route in routes() if route.name != "logout"]
    texts = {path: text_of(client.get(path)) for path in pages}
    shown = [(path, secret) for path, text in texts.items() for secret in secrets if secret in text]
    assert shown == []
