"""What staff see of account events: the first page, the number's page, and the log."""

import pytest

from tests.staff import ESCAPED, HOSTILE, address, operator, staff_of
from tests.whatsapp.account_deliveries import ban, connect, quality, reports, template
from whatsapp.models import AccountEvent

pytestmark = pytest.mark.django_db

INDEX_PAGE = "/admin/overview/"


def index_page(person) -> str:
    return str(person.get(INDEX_PAGE).content.decode())


@pytest.mark.parametrize(
    ("event", "text"),
    [
        (lambda: ban("DISABLE"), "Meta has banned the account"),
        (lambda: reports("account_update", {"event": "ACCOUNT_RESTRICTION"}), "The account is restricted"),
        (lambda: quality("FLAGGED"), "The number&#x27;s quality is low"),
        (lambda: template("PAUSED"), "Template “cake_ready” (en_US): paused because of low quality"),
        (lambda: template("REJECTED", reason="TAG_MISMATCH"), "(en_US): rejected (tag mismatch)"),
    ],
    ids=["banned", "restricted", "low quality", "paused", "rejected"],
)
def test_the_first_page_and_the_numbers_page_say_what_is_wrong(owner, stranger, event, text):
    channel = connect(owner)
    other = connect(stranger, "109", waba_id="888", display="+4930")
    event()
    person = operator()
    assert text in index_page(staff_of(owner))
    assert text in person.get(address("change", channel)).content.decode()
    assert text not in index_page(staff_of(stranger))
    assert text not in person.get(address("change", other)).content.decode()


def test_the_alert_goes_when_meta_reports_that_it_is_good_again(owner):
    channel = connect(owner)
    quality("FLAGGED")
    quality("UNFLAGGED", time=1_750_000_009)
    assert "quality is low" not in index_page(staff_of(owner))
    page = operator().get(address("change", channel)).content.decode()
    assert "quality is good again" in page
    assert "quality is low" not in page


def test_a_banned_number_is_stopped_and_offers_to_resume(owner):
    channel = connect(owner)
    ban("DISABLE")
    page = operator().get(address("change", channel)).content.decode()
    assert "stopped on" in page
    assert "Resume sending" in page


def test_a_person_can_mark_a_problem_as_done(owner, stranger):
    connect(owner)
    reports("account_update", {"event": "ACCOUNT_VIOLATION", "violation_info": {"violation_type": "ALCOHOL"}})
    event = AccountEvent.objects.get()
    staff_of(stranger).act("mark_as_done", event)
    assert AccountEvent.objects.get().done_at is None
    person = staff_of(owner)
    person.act("mark_as_done", event)
    page = person.list(AccountEvent)
    assert "1 problem was marked as done." in page
    assert "alcohol" in page
    assert "alcohol" not in index_page(person)


def test_the_log_is_the_businesss_own_and_read_only(owner, stranger):
    channel = connect(owner)
    quality("FLAGGED")
    quality("UNFLAGGED", time=1_750_000_009)
    person = staff_of(owner)
    assert person.found(AccountEvent) == set(AccountEvent.objects.values_list("pk", flat=True))
    assert person.found(AccountEvent, problems="open") == set()
    assert len(person.found(AccountEvent, problems="all")) == 1
    assert staff_of(stranger).found(AccountEvent) == set()
    event = AccountEvent.objects.order_by("at")[0]
    page = person.get(address("change", event)).content.decode()
    assert "&quot;FLAGGED&quot;" in page
    assert str(channel) in page
    assert "10000 customers a day" in page
    assert person.get(address("delete", event)).status_code == 403


def test_metas_texts_are_escaped(owner):
    channel = connect(owner)
    info = {"alert_severity": "CRITICAL", "alert_type": "X", "alert_description": HOSTILE}
    reports("account_alerts", {"entity_type": "BUSINESS", "alert_info": info})
    event = AccountEvent.objects.get()
    person = operator()
    pages = [index_page(person), person.list(AccountEvent)]
    pages += [person.get(address("change", row)).content.decode() for row in (channel, event)]
    for page in pages:
        assert ESCAPED in page
        assert HOSTILE not in page
