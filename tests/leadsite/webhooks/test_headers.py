"""Headers of an integrator's own: names, values, what is stored and shown, and what is posted."""

import pytest
from django.core.management import call_command

from leadsite.webhooks.headers import MAX_HEADERS, HeaderRefused, check_headers, merged
from leadsite.webhooks.models import WebhookEndpoint
from tests.cases import each_case
from tests.leadsite.webhooks.integrator import Integrator, post
from tests.staff import address, errors_of, messages_of, staff_of

TOKEN = "gateway-token-4b1f0c"
PATH = "/api/webhook-endpoints"


@pytest.mark.parametrize("name", ["X-Gateway-Token", "Authorization", "apikey", "a!#$%&'*+-.^_`|~9", "Cookie"])
def test_a_token_of_rfc_9110_is_a_name(name):
    assert check_headers({name: TOKEN}) == {name: TOKEN}


@each_case(
    "name",
    [
        *("", " ", "X Token", "X-Token:", "X-Tökén", "X-Token\n", "(x)", "x" * 101, "\ud800", "X\r\nHost"),
        *("Host", "content-length", "Content-Type", "Transfer-Encoding", "CONNECTION", "User-Agent", "Upgrade", "TE"),
        *("webhook-id", "Webhook-Signature", "webhook-timestamp", "Proxy-Authorization", "Expect", "Accept-Encoding"),
    ],
)
def test_other_names_and_those_of_each_request_are_refused(name):
    with pytest.raises(HeaderRefused):
        check_headers({name: TOKEN})


@each_case("value", ["", "  ", "a\r\nX: b", "a\nb", "a\0", "tökén", "a\tb", "x" * 1025, "\x7f", "\u2028"])
def test_a_value_is_one_line_of_printable_ascii_and_not_in_the_error(value):
    with pytest.raises(HeaderRefused) as refused:
        check_headers({"X-Token": value})
    assert not value.strip() or value not in str(refused.value)


def test_names_are_compared_without_case_and_their_number_is_limited():
    with pytest.raises(HeaderRefused):
        check_headers({"X-Token": "a", "x-token": "b"})
    assert merged({"X-Token": "a", "X-B": "b"}, {"x-token": "c", "X-B": None}) == {"x-token": "c"}
    ten = {f"X-{n}": "a" for n in range(MAX_HEADERS)}
    assert len(merged({}, ten)) == MAX_HEADERS
    with pytest.raises(HeaderRefused, match="at most 10"):
        merged(ten, {"X-Eleventh": "a"})


@pytest.mark.django_db
class TestApi:
    def create(self, business, **headers):
        body = {"url": "https://hooks.invalid/", "events": ["lead.created"], "headers": headers}
        return business.client.post(PATH, body, format="json")

    def test_only_names_are_shown_and_values_are_encrypted(self, owner):
        answer = self.create(owner, **{"X-Gateway-Token": TOKEN})
        assert (answer.status_code, answer.json()["header_names"]) == (201, ["X-Gateway-Token"])
        read = owner.client.get(f"{PATH}/{answer.json()['id']}")
        assert read.json()["header_names"] == ["X-Gateway-Token"]
        assert "headers" not in read.json()
        for text in (answer.content.decode(), read.content.decode(), str(WebhookEndpoint.objects.values().get())):
            assert TOKEN not in text

    @pytest.mark.parametrize(
        "headers",
        [
            {"Host": "a"},
            {"X": ""},
            {"X": "a\r\nb"},
            {"X": 5},
            {"X": None},
            ["X: a"],
            "X: a",
            None,
            {f"X-{n}": "a" for n in range(11)},
        ],
    )
    def test_invalid_headers_are_an_error_of_their_field(self, owner, headers):
        body = {"url": "https://hooks.invalid/", "events": ["lead.created"], "headers": headers}
        answer = owner.client.post(PATH, body, format="json")
        assert (answer.status_code, answer.json()["code"], list(answer.json()["fields"])) == (
            400,
            "invalid",
            ["headers"],
        )
        assert not WebhookEndpoint.objects.exists()

    def test_a_change_has_only_the_headers_that_change(self, owner):
        path = f"{PATH}/{self.create(owner, **{'X-A': 'one', 'X-B': 'two'}).json()['id']}"
        changed = owner.client.patch(path, {"headers": {"x-b": None, "X-C": "three"}}, format="json")
        assert (changed.status_code, changed.json()["header_names"]) == (200, ["X-A", "X-C"])
        assert owner.client.patch(path, {"active": False}, format="json").json()["header_names"] == ["X-A", "X-C"]
        many = {f"X-{n}": "a" for n in range(9)}
        refused = owner.client.patch(path, {"headers": many}, format="json")
        assert (refused.status_code, refused.json()["fields"]) == (
            400,
            {"headers": ["An endpoint has at most 10 headers."]},
        )

    def test_another_host_does_not_get_them(self, owner):
        path = f"{PATH}/{self.create(owner, **{'X-A': 'one'}).json()['id']}"
        same = owner.client.patch(path, {"url": "https://HOOKS.invalid/other"}, format="json").json()
        assert same["header_names"] == ["X-A"]
        other = owner.client.patch(path, {"url": "https://elsewhere.invalid/"}, format="json").json()
        assert other["header_names"] == []
        both = {"url": "https://third.invalid/", "headers": {"X-D": "four"}}
        assert owner.client.patch(path, both, format="json").json()["header_names"] == ["X-D"]

    def test_without_an_encryption_key_none_is_stored(self, owner, settings):
        path = f"{PATH}/{self.create(owner).json()['id']}"
        settings.FIELD_ENCRYPTION_KEYS = []
        refused = owner.client.patch(path, {"headers": {"X-A": "one"}}, format="json")
        assert (refused.status_code, refused.json()["code"]) == (409, "cannot_keep_secrets")


@pytest.mark.django_db
class TestPosting:
    def give(self, integrator: Integrator, **headers) -> None:
        answer = integrator.business.client.patch(integrator.address, {"headers": headers}, format="json")
        assert answer.status_code == 200, answer.content

    def test_each_event_is_posted_with_them_and_signed_as_before(self, integrator, owner, capfd, caplog):
        self.give(integrator, **{"X-Gateway-Token": TOKEN, "Authorization": f"Bearer {TOKEN}"})
        integrator.receiver.queue_answers(500)
        owner.post_lead()
        post()
        sent = integrator.receiver.requests[0]["headers"]
        assert (sent["x-gateway-token"], sent["authorization"]) == (TOKEN, f"Bearer {TOKEN}")
        assert (sent["content-type"], sent["user-agent"]) == ("application/json", "leadsite-webhooks/1")
        assert len(integrator.received()) == 1
        out = capfd.readouterr()
        assert TOKEN not in out.out + out.err + caplog.text + str(integrator.row().error)

    def test_they_are_encrypted_again_with_a_new_key(self, integrator, owner, settings):
        self.give(integrator, **{"X-Gateway-Token": TOKEN})
        settings.FIELD_ENCRYPTION_KEYS = ["a new key of at least 16 characters", *settings.FIELD_ENCRYPTION_KEYS]
        call_command("rotate_tokens")
        settings.FIELD_ENCRYPTION_KEYS = settings.FIELD_ENCRYPTION_KEYS[:1]
        owner.post_lead()
        post()
        assert integrator.receiver.requests[0]["headers"]["x-gateway-token"] == TOKEN


@pytest.mark.django_db
class TestAdmin:
    def test_they_are_set_and_removed_line_by_line_and_values_are_not_shown(self, owner, integrator):
        staff, page = staff_of(owner), address("change", integrator.endpoint)
        assert staff.fill(page, headers=f"X-Token: {TOKEN}\n\nX-B: a:b ").status_code == 302
        assert integrator.endpoint.header_names == ["X-B", "X-Token"]
        shown = staff.get(page).content.decode()
        assert "Present: X-B, X-Token" in shown
        assert TOKEN not in shown
        assert staff.fill(page, headers="x-b:").status_code == 302
        assert staff.fill(page, description="The CRM").status_code == 302
        assert integrator.endpoint.header_names == ["X-Token"]
        owner.post_lead()
        post()
        assert integrator.receiver.requests[0]["headers"]["x-token"] == TOKEN

    @pytest.mark.parametrize(
        "typed", ["Host: a", "X-Token", "X-Token: é", "X: a\nx: b", "\n".join(f"X-{n}: a" for n in range(11))]
    )
    def test_an_invalid_line_is_an_error_of_the_field(self, owner, integrator, typed):
        response = staff_of(owner).fill(address("change", integrator.endpoint), headers=typed)
        assert list(errors_of(response)) == ["headers"]
        assert integrator.endpoint.header_names == []

    def test_staff_are_told_that_another_host_does_not_get_them(self, owner, integrator, settings):
        staff, page = staff_of(owner), address("change", integrator.endpoint)
        staff.fill(page, headers="X-Token: a")
        moved = integrator.endpoint.url.replace("127.0.0.1", "localhost")
        response = staff.client.get(staff.fill(page, url=moved).url)
        assert any("X-Token" in text and "another host" in text for text in messages_of(response))
        assert integrator.endpoint.header_names == []
