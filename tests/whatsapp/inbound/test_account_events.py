"""Events about accounts, from the signed delivery to the log, the templates and the numbers that a ban stops."""

import itertools
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.cases import each_case
from tests.whatsapp import meta
from tests.whatsapp.account_deliveries import (
    NUMBER,
    WABA,
    ban,
    connect,
    deliver,
    entry,
    log,
    quality,
    reports,
    template,
)
from whatsapp.channels import resume_channel, stop_channel
from whatsapp.inbound.replay import replay_each
from whatsapp.models import AccountEvent, Channel, ListedTemplate, MessageTemplate, WebhookDelivery

pytestmark = pytest.mark.django_db

NOON = datetime.fromtimestamp(meta.NOON, UTC)
FIELDS = {
    "account_alerts": {"entity_type": "BUSINESS", "alert_info": {"alert_severity": "WARNING", "alert_type": "X"}},
    "account_review_update": {"decision": "APPROVED"},
    "account_update": {"event": "VERIFIED_ACCOUNT"},
    "business_capability_update": {"max_daily_conversations_per_business": 2000},
    "message_template_components_update": {"message_template_name": "cake"},
    "message_template_quality_update": {"new_quality_score": "RED"},
    "message_template_status_update": {"event": "APPROVED"},
    "partner_solutions": {"event": "SOLUTION_CREATED"},
    "payment_configuration_update": {"status": "Needs Testing"},
    "phone_number_name_update": {"decision": "APPROVED"},
    "phone_number_quality_update": {"event": "FLAGGED"},
    "security": {"event": "PIN_CHANGED"},
    "template_category_update": {"new_category": "UTILITY"},
    "field_of_tomorrow": {"odd": [1]},
}


def open_texts(now: datetime = NOON + timedelta(minutes=1)) -> list[str]:
    return [event.text for event in AccountEvent.objects.open_problems(now).order_by("at")]


@each_case("field", FIELDS)
def test_each_field_is_stored_in_the_log_of_the_business(owner, stranger, field):
    connect(owner)
    connect(stranger, "109", waba_id="888", display="+4930")
    delivery = reports(field, FIELDS[field])
    assert (delivery.state, delivery.error) == ("processed", "")
    event = AccountEvent.objects.get()
    assert (event.user_id, event.waba_id, event.at, event.field) == (owner.id, WABA, NOON, field)
    assert event.value == FIELDS[field]
    assert event.text


def test_an_event_that_is_delivered_twice_is_stored_once(owner):
    connect(owner)
    for _ in range(2):
        quality("FLAGGED")
    quality("FLAGGED", time=meta.NOON + 1)
    assert len(log()) == 2


def test_an_event_of_an_account_belongs_to_each_business_with_a_number_in_it(owner, stranger):
    for number, business in enumerate((owner, owner, stranger)):
        connect(business, str(number), display="")
    ban("SCHEDULE_FOR_DISABLE")
    assert set(AccountEvent.objects.values_list("user_id", "channel_id")) == {(owner.id, None), (stranger.id, None)}


def test_an_event_of_a_number_belongs_to_its_business_only(owner, stranger):
    mine = connect(owner)
    connect(stranger, "109", display="+4930")
    quality("FLAGGED")
    event = AccountEvent.objects.get()
    assert (event.user_id, event.channel_id) == (owner.id, mine.pk)


@pytest.mark.parametrize("display", ["+1 555-078-3881", "15550783881", "+1 (555) 0783881"])
@pytest.mark.parametrize("waba_id", [WABA, ""])
def test_a_number_is_found_by_its_digits(owner, display, waba_id):
    channel = connect(owner, display=display, waba_id=waba_id)
    quality("FLAGGED")
    assert AccountEvent.objects.get().channel_id == channel.pk


@pytest.mark.parametrize(
    ("stored", "reported"),
    [
        ("+55 11 98765-4321", "551187654321"),
        ("+55 11 8765-4321", "5511987654321"),
        ("+52 1 55 1234 5678", "525512345678"),
        ("+229 90012345", "2290190012345"),
    ],
)
@pytest.mark.parametrize("waba_id", [WABA, ""])
def test_a_number_is_found_in_another_spelling(owner, stored, reported, waba_id):
    connect(owner, "109", display="+55 21 98765-4321", waba_id=waba_id)
    channel = connect(owner, display=stored, waba_id=waba_id)
    quality("FLAGGED", number=reported)
    assert AccountEvent.objects.get().channel_id == channel.pk
    quality("UNFLAGGED", number=stored, time=meta.NOON + 60)
    assert not AccountEvent.objects.open_problems(datetime.now(UTC)).exists()


def test_a_number_is_found_by_its_id(owner):
    channel = connect(owner, display="")
    value = {"entity_type": "PHONE_NUMBER", "entity_id": meta.CHANNEL, "alert_info": {"alert_severity": "CRITICAL"}}
    reports("account_alerts", value)
    assert AccountEvent.objects.get().channel_id == channel.pk


class TestTwoBusinessesWithOneNumber:
    """A business may have entered the number of another one: the account counts before the digits."""

    @pytest.mark.parametrize("theirs", ["", "888"])
    @pytest.mark.parametrize("display", [f"+{NUMBER}", ""])
    def test_the_event_goes_to_the_business_of_the_account(self, owner, stranger, theirs, display):
        connect(stranger, "109", waba_id=theirs)
        mine = connect(owner, display=display)
        quality("FLAGGED")
        event = AccountEvent.objects.get()
        assert (event.user_id, event.channel_id) == (owner.id, mine.pk if display else None)

    def test_where_the_number_of_the_account_is_another_one_its_business_still_counts(self, owner, stranger):
        connect(stranger, "109", waba_id="")
        connect(owner, "1", display="+4930")
        mine = connect(owner, "2", waba_id="")
        quality("FLAGGED")
        event = AccountEvent.objects.get()
        assert (event.user_id, event.channel_id) == (owner.id, mine.pk)

    def test_where_no_number_has_the_account_those_with_the_digits_get_it(self, owner, stranger):
        numbers = [connect(stranger, "109", waba_id=""), connect(owner, waba_id="")]
        connect(owner, "2", waba_id="888")
        quality("FLAGGED")
        assert set(AccountEvent.objects.values_list("channel_id", flat=True)) == {number.pk for number in numbers}

    def test_an_id_counts_before_digits(self, owner, stranger):
        connect(stranger, "109", waba_id="", display=f"+{meta.CHANNEL}")
        mine = connect(owner, waba_id="", display="")
        reports("account_alerts", {"entity_type": "PHONE_NUMBER", "entity_id": meta.CHANNEL})
        event = AccountEvent.objects.get()
        assert (event.user_id, event.channel_id) == (owner.id, mine.pk)

    def test_a_ban_without_account_stops_no_number(self, owner, stranger):
        numbers = [connect(owner, waba_id=""), connect(stranger, "109", waba_id="")]
        ban("DISABLE", waba_id="")
        assert not any(is_stopped(number) for number in numbers)
        assert log() == []


def test_of_an_account_that_is_not_known_only_the_delivery_is_stored(owner):
    connect(owner, waba_id="888", display="+4930")
    delivery = quality("FLAGGED")
    assert (delivery.state, delivery.error) == (
        "processed",
        f"No number of the WhatsApp Business account {WABA} is connected.",
    )
    assert log() == []


def test_the_account_that_messages_have_named_is_known(owner):
    connect(owner, waba_id="", display="")
    meta_body = meta.delivery(meta.messages_value(messages=[meta.text("Hello")]))
    deliver(*meta_body["entry"])
    assert Channel.objects.get().waba_id == WABA
    ban("SCHEDULE_FOR_DISABLE")
    assert len(log()) == 1


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_the_present_state_is_what_the_newest_event_says_in_any_order(owner, order):
    connect(owner)
    for n in order:
        quality(["FLAGGED", "UNFLAGGED", "FLAGGED"][n], time=meta.NOON + n)
    assert open_texts() == [log()[-1][0]]
    quality("UNFLAGGED", time=meta.NOON + 9)
    assert open_texts() == []


def test_problems_of_different_kinds_do_not_end_each_other(owner):
    connect(owner)
    quality("FLAGGED")
    quality("DOWNGRADE", time=meta.NOON + 1)
    template("PAUSED", time=meta.NOON + 2)
    template("PAUSED", name="other", time=meta.NOON + 3)
    quality("UPGRADE", time=meta.NOON + 4)
    template("APPROVED", time=meta.NOON + 5)
    assert [text[:20] for text in open_texts()] == ["The number's quality", "Template “other” (en"]


def test_problems_of_different_numbers_do_not_end_each_other(owner):
    connect(owner, "1")
    connect(owner, "2", display="+4930")
    for number in (NUMBER, "4930", "555"):
        quality("FLAGGED", number=number)
    quality("UNFLAGGED", number="4930", time=meta.NOON + 1)
    assert {event.number for event in AccountEvent.objects.open_problems(NOON)} == {NUMBER, "555"}


@pytest.mark.parametrize("connected", [True, False])
@pytest.mark.parametrize("written", ["+1 555-078-3881", "+1 (555) 0783881", "\u202a+1 555\u00a0078 3881\u202c"])
def test_a_problem_ends_however_the_number_is_written(owner, connected, written):
    connect(owner, display=f"+{NUMBER}" if connected else "")
    quality("FLAGGED")
    assert len(open_texts()) == 1
    quality("UNFLAGGED", number=written, time=meta.NOON + 1)
    assert open_texts() == []
    quality("FLAGGED", number=written, time=meta.NOON + 2)
    quality("UNFLAGGED", time=meta.NOON + 3)
    assert open_texts() == []


@pytest.mark.parametrize(
    ("field", "problem", "end"),
    [
        ("phone_number_name_update", {"decision": "REJECTED"}, {"decision": "APPROVED"}),
        ("security", {"event": "PIN_RESET_REQUEST"}, {"event": "PIN_CHANGED"}),
    ],
)
def test_other_problems_of_a_number_end_too_however_it_is_written(owner, field, problem, end):
    connect(owner)
    reports(field, problem | {"display_phone_number": NUMBER})
    assert len(open_texts()) == 1
    reports(field, end | {"display_phone_number": "+1 555-078-3881"}, time=meta.NOON + 1)
    assert open_texts() == []


def test_a_partner_that_is_added_again_ends_the_problem(owner):
    connect(owner)
    reports("account_update", {"event": "PARTNER_REMOVED", "phone_number": NUMBER})
    assert len(open_texts()) == 1
    info = {"waba_id": WABA, "owner_business_id": "9"}
    reports("account_update", {"event": "PARTNER_ADDED", "waba_info": info}, waba_id="9", time=meta.NOON + 1)
    assert open_texts() == []


def test_a_restriction_ends_by_itself(owner):
    connect(owner)
    kind = {"restriction_type": "RESTRICTED_BIZ_INITIATED_MESSAGING", "expiration": meta.NOON + 600}
    reports("account_update", {"event": "ACCOUNT_RESTRICTION", "restriction_info": [kind]})
    assert len(open_texts(NOON + timedelta(minutes=9))) == 1
    assert open_texts(NOON + timedelta(minutes=11)) == []


def is_stopped(channel: Channel) -> bool:
    channel.refresh_from_db()
    return channel.stopped_at is not None


class TestABan:
    def test_it_stops_all_numbers_of_the_account_and_says_why(self, owner, stranger):
        numbers = [connect(owner, str(n), display="") for n in range(3)]
        other = connect(stranger, "109", waba_id="888", display="")
        ban("DISABLE")
        assert [is_stopped(number) for number in numbers] == [True] * 3
        assert numbers[0].stop_reason.startswith("Meta has banned the account")
        assert not is_stopped(other)

    @pytest.mark.parametrize("state", ["SCHEDULE_FOR_DISABLE", "REINSTATE", "OF_TOMORROW"])
    def test_other_reports_stop_nothing(self, owner, state):
        channel = connect(owner)
        ban(state)
        assert not is_stopped(channel)

    def test_that_it_was_lifted_does_not_resume_sending(self, owner):
        channel = connect(owner)
        ban("DISABLE")
        ban("REINSTATE", time=meta.NOON + 9)
        assert is_stopped(channel)
        assert open_texts() == []

    def test_one_that_arrives_after_it_was_lifted_stops_nothing(self, owner):
        channel = connect(owner)
        ban("REINSTATE", time=meta.NOON + 9)
        ban("DISABLE")
        assert not is_stopped(channel)

    def test_one_from_before_a_person_resumed_stops_nothing(self, owner):
        channel = connect(owner)
        stop_channel(channel_id=channel.pk, reason="131031")
        resume_channel(channel_id=channel.pk)
        ban("DISABLE")
        assert not is_stopped(channel)

    def test_the_first_reason_stays(self, owner):
        channel = connect(owner)
        stop_channel(channel_id=channel.pk, reason="190: expired")
        ban("DISABLE")
        assert is_stopped(channel)
        assert channel.stop_reason == "190: expired"


def has_template(business, name="cake_ready", waba_id=WABA) -> None:
    listed = ListedTemplate(
        name=name, language="en_US", provider_id="1", category="utility", status="approved", components=[]
    )
    MessageTemplate.objects.store(user_id=business.id, waba_id=waba_id, templates=[listed], listed_at=NOON)


class TestATemplate:
    def states(self) -> set[tuple[str, str]]:
        return set(MessageTemplate.objects.values_list("status", "category"))

    def test_status_and_category_are_stored_for_every_business_of_the_account(self, owner, stranger):
        for business, number in ((owner, "1"), (stranger, "2")):
            connect(business, number, display="")
            has_template(business)
        value = {"message_template_name": "cake_ready", "message_template_language": "en_US"}
        deliver(
            entry("message_template_status_update", value | {"event": "PAUSED"}, time=meta.NOON + 1),
            entry("template_category_update", value | {"new_category": "MARKETING"}, time=meta.NOON + 2),
        )
        assert self.states() == {("paused", "marketing")}

    def test_the_newest_of_a_delivery_counts(self, owner):
        connect(owner)
        has_template(owner)
        value = {"message_template_name": "cake_ready", "message_template_language": "en-US"}
        deliver(
            entry("message_template_status_update", value | {"event": "PAUSED"}, time=meta.NOON + 2),
            entry("message_template_status_update", value | {"event": "APPROVED"}, time=meta.NOON + 1),
        )
        assert self.states() == {("paused", "utility")}

    def test_an_older_report_changes_nothing(self, owner):
        connect(owner)
        has_template(owner)
        template("PAUSED", time=meta.NOON + 9)
        template("APPROVED", time=meta.NOON + 1)
        assert self.states() == {("paused", "utility")}

    @pytest.mark.parametrize("event", ["FLAGGED", "LOCKED", "NEW_WORD"])
    def test_an_event_that_is_no_status_changes_none(self, owner, event):
        connect(owner)
        has_template(owner)
        template(event, time=meta.NOON + 9)
        assert self.states() == {("approved", "utility")}

    def test_one_that_is_not_stored_changes_nothing(self, owner):
        connect(owner)
        has_template(owner, name="other")
        has_template(owner, waba_id="888")
        template("PAUSED", time=meta.NOON + 9)
        assert self.states() == {("approved", "utility")}


def test_the_number_of_statements_does_not_depend_on_the_number_of_events(owner):
    for number in range(3):
        connect(owner, str(number), display="")
    has_template(owner)
    counts = {}
    for size in (1, 30, 300):
        times = range(meta.NOON + size * 1000, meta.NOON + size * 1000 + size)
        info = {"event": "DISABLED_UPDATE", "ban_info": {"waba_ban_state": "DISABLE"}}
        named = {"event": "PAUSED", "message_template_name": "cake_ready", "message_template_language": "en_US"}
        with CaptureQueriesContext(connection) as queries:
            deliver(
                *(entry("account_update", info, time=time) for time in times),
                *(entry("message_template_status_update", named, time=time) for time in times),
            )
        counts[size] = len(queries)
    assert len(set(counts.values())) == 1, counts
    assert len(log()) == 2 * 331


def test_a_delivery_of_messages_takes_no_more_statements_for_it(owner):
    connect(owner)
    with CaptureQueriesContext(connection) as queries:
        deliver(*meta.delivery(meta.messages_value(messages=[meta.text("Hello")]))["entry"])
    assert not [query for query in queries if "account_events" in query["sql"] or "regexp_replace" in query["sql"]]


def test_a_stored_delivery_is_replayed_into_the_log(owner):
    delivery = quality("FLAGGED")
    connect(owner)
    list(replay_each([delivery.pk]))
    list(replay_each([delivery.pk]))
    assert len(log()) == 1
    assert WebhookDelivery.objects.get().error == ""


def test_messages_and_events_of_one_delivery_are_both_stored(owner):
    connect(owner)
    value = {"display_phone_number": NUMBER, "event": "FLAGGED"}
    deliver(
        entry("phone_number_quality_update", value),
        *meta.delivery(meta.messages_value(messages=[meta.text("Hello")]))["entry"],
    )
    assert len(log()) == 1
