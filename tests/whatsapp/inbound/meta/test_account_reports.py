"""What Meta reports about accounts, in words for staff."""

import json
from typing import Any

import pytest

from tests.cases import each_case
from tests.whatsapp.account_deliveries import NUMBER, WABA, body, entry
from tests.whatsapp.meta import NOW
from tests.whatsapp.meta import reading as reading_of
from whatsapp.inbound.events import AccountReport
from whatsapp.inbound.meta.payloads import read

BUSINESS_SUPPORT = "Business Support Home"


def report(field: str, value: dict[str, Any], **more) -> AccountReport:
    reading = reading_of(body(entry(field, value, **more)))
    assert (reading.events, reading.rejected, reading.notes) == ([], [], [])
    (found,) = reading.reports
    return found


def ban(state: object) -> dict[str, Any]:
    return {"event": "DISABLED_UPDATE", "ban_info": {"waba_ban_state": state, "waba_ban_date": "May 5"}}


def template(event: str, **more: object) -> dict[str, Any]:
    names = {"message_template_name": "cake", "message_template_language": "en-US", "message_template_id": 5}
    return {"event": event, "reason": "NONE"} | names | more


def score(value: str) -> dict[str, Any]:
    return template("", previous_quality_score="GREEN", new_quality_score=value)


def alert(**info: str) -> dict[str, Any]:
    return {"entity_type": "BUSINESS", "entity_id": "5", "alert_info": {"alert_status": "ACTIVE"} | info}


def number(event: str, **more: object) -> dict[str, Any]:
    return {"display_phone_number": NUMBER, "event": event} | more


PROBLEMS = [
    ("account_update", ban("SCHEDULE_FOR_DISABLE"), "Meta will ban the account on May 5."),
    ("account_update", ban("DISABLE"), "Meta has banned the account"),
    ("account_update", ban(["DISABLE"]), "Meta has banned the account"),
    ("account_update", ban(["SCHEDULE_FOR_DISABLE", "DISABLE"]), "Meta reports a ban"),
    ("account_update", ban({"x": 1}), "Meta reports a ban"),
    ("account_update", {"event": "DISABLED_UPDATE"}, "Meta reports a ban"),
    ("account_update", {"event": "ACCOUNT_DELETED"}, "The account was deleted at Meta."),
    ("account_update", {"event": "ACCOUNT_OFFBOARDED"}, "The number was disconnected"),
    ("account_update", {"event": "PARTNER_REMOVED", "phone_number": NUMBER}, "The account was disconnected"),
    ("account_update", {"event": "ACCOUNT_RESTRICTION"}, "The account is restricted (Meta does not say how)."),
    (
        "account_update",
        {"event": "ACCOUNT_VIOLATION", "violation_info": {"violation_type": "ALCOHOL"}},
        "Meta says that the account violates its policy: alcohol.",
    ),
    (
        "account_update",
        {
            "event": "ACCOUNT_RESTRICTION",
            "restriction_info": [{"restriction_type": "RESTRICTED_BIZ_INITIATED_MESSAGING"}],
        },
        "The account may not start conversations: templates fail.",
    ),
    ("account_alerts", alert(alert_severity="CRITICAL", alert_description="Verify."), "Meta: Verify."),
    ("account_alerts", alert(alert_severity="WARNING", alert_type="LOW_LIMIT"), "Meta: low limit"),
    ("account_alerts", {"alert_severity": "WARNING", "alert_description": "Old shape"}, "Meta: Old shape"),
    ("account_review_update", {"decision": "REJECTED"}, "Review of the account: rejected. See Business Support Home."),
    ("phone_number_quality_update", number("FLAGGED"), "The number's quality is low"),
    ("phone_number_quality_update", number("DOWNGRADE", current_limit="TIER_250"), "Meta has lowered the number's lim"),
    (
        "phone_number_name_update",
        {"decision": "REJECTED", "requested_verified_name": "Bella", "rejection_reason": "NAME_BAD"},
        "Display name “Bella”: rejected (name bad).",
    ),
    (
        "message_template_status_update",
        template("REJECTED", reason="TAG_MISMATCH"),
        "Template “cake” (en_US): rejected",
    ),
    ("message_template_status_update", template("PAUSED"), "Template “cake” (en_US): paused because of low quality"),
    (
        "message_template_status_update",
        template("DISABLED"),
        "Template “cake” (en_US): disabled because of low quality",
    ),
    ("message_template_status_update", template("FLAGGED"), "Template “cake” (en_US): will be disabled soon"),
    ("message_template_quality_update", score("RED"), "Template “cake” (en_US): quality low."),
    ("security", number("PIN_RESET_REQUEST"), "Somebody asked to turn off the number's PIN."),
]
OTHERS = [
    ("account_update", ban("REINSTATE"), "Meta has lifted the ban of the account."),
    ("account_update", {"event": "ACCOUNT_RECONNECTED"}, "The number is connected again."),
    ("account_update", {"event": "PARTNER_ADDED", "waba_info": {}}, "The account was connected to the Meta app."),
    ("account_update", {"event": "VERIFIED_ACCOUNT"}, "The business was verified."),
    ("account_update", {"event": "OF_TOMORROW"}, "Meta reports: account update, of tomorrow."),
    ("account_update", {}, "Meta reports: account update."),
    ("account_alerts", alert(alert_severity="INFORMATIONAL", alert_type="OBA_APPROVED"), "Meta: oba approved"),
    (
        "account_alerts",
        alert(alert_severity="CRITICAL", alert_status="NONE", alert_type="X_Y"),
        "Not so any more: x y.",
    ),
    ("account_review_update", {"decision": "APPROVED"}, "Review of the account: approved."),
    ("phone_number_quality_update", number("UNFLAGGED"), "The number's quality is good again."),
    (
        "phone_number_quality_update",
        number("UPGRADE", current_limit="TIER_10K"),
        "Meta has raised the number's limit. New limit: 10000 customers a day.",
    ),
    (
        "phone_number_quality_update",
        number("THROUGHPUT_UPGRADE", max_daily_conversations_per_business="TIER_UNLIMITED"),
        "The number may send faster. New limit: any number of customers a day.",
    ),
    ("phone_number_quality_update", number("ODD"), "Meta reports: phone number quality update, odd."),
    (
        "phone_number_name_update",
        {"decision": "APPROVED", "requested_verified_name": "Bella", "rejection_reason": None},
        "Display name “Bella”: approved.",
    ),
    ("message_template_status_update", template("APPROVED"), "Template “cake” (en_US): approved."),
    ("message_template_status_update", template("REINSTATED"), "Template “cake” (en_US): approved again."),
    ("message_template_status_update", template("NEW_WORD"), "Template “cake” (en_US): new word."),
    ("message_template_status_update", score("YELLOW"), "Template “cake” (en_US): quality medium."),
    ("message_template_quality_update", score("GREEN"), "Template “cake” (en_US): quality high."),
    (
        "template_category_update",
        template("", new_category="UTILITY", correct_category="MARKETING"),
        "Template “cake” (en_US) is in the category utility and will be marketing: the price",
    ),
    ("message_template_components_update", template(""), "Template “cake” (en_US): its text was changed."),
    (
        "business_capability_update",
        {"max_daily_conversations_per_business": 2000, "max_phone_numbers_per_waba": 25},
        "The account may write to 2000 customers a day.",
    ),
    ("business_capability_update", {}, "What the account may do has changed."),
    ("security", number("PIN_CHANGED"), "The number's PIN was changed."),
    ("security", number("ODD"), "Meta reports: security, odd."),
    ("partner_solutions", {"event": "SOLUTION_CREATED"}, "Meta reports: partner solutions, solution created."),
    ("payment_configuration_update", {"status": "Needs Testing"}, "Meta reports: payment configuration update, Needs"),
    ("of_tomorrow", {"x": [1]}, "Meta reports: of tomorrow."),
]


@each_case(("field", "value", "text"), PROBLEMS)
def test_what_needs_a_person_is_a_problem(field, value, text):
    found = report(field, value)
    assert found.text.startswith(text)
    assert found.is_problem


@each_case(("field", "value", "text"), OTHERS)
def test_the_rest_is_kept_in_words(field, value, text):
    found = report(field, value)
    assert found.text.startswith(text)
    assert not found.is_problem
    assert (found.waba_id, found.field, found.value) == (WABA, field, value)


def test_only_a_ban_in_force_bans():
    states = ["SCHEDULE_FOR_DISABLE", "DISABLE", "REINSTATE", ["DISABLE", "REINSTATE"], None]
    assert [report("account_update", ban(state)).bans for state in states] == [False, True, False, False, False]


def test_each_restriction_of_a_list_is_a_report_with_its_end():
    kinds = [{"restriction_type": "RESTRICTED_USER_INITIATED_CALLING", "expiration": 1_900_000_000}, {"odd": 1}]
    value = {"event": "ACCOUNT_RESTRICTION", "phone_number": NUMBER, "restriction_info": kinds}
    first, second = reading_of(body(entry("account_update", value))).reports
    assert first.until is not None
    assert (int(first.until.timestamp()), second.until) == (1_900_000_000, None)
    assert first.digest != second.digest
    assert (first.number, first.subject) == (NUMBER, "RESTRICTED_USER_INITIATED_CALLING")


@pytest.mark.parametrize("time", [None, "noon", [], 10**15])
def test_without_a_plausible_time_that_of_arrival_is_used(time):
    assert report("account_update", {"event": "VERIFIED_ACCOUNT"}, time=time).at == NOW


@pytest.mark.parametrize("odd", [None, 5, "x", [], {}, [[]], {"a": {"b": []}}])
def test_malformed_values_are_read(odd):
    fields = {field for field, _, _ in PROBLEMS + OTHERS}
    keys = {key for _, value, _ in PROBLEMS + OTHERS for key in value}
    for field in fields:
        value = dict.fromkeys(keys, odd)
        for event in (odd, "DISABLED_UPDATE", "ACCOUNT_RESTRICTION", "ACCOUNT_VIOLATION", "FLAGGED"):
            tree = json.loads(body(entry(field, value | {"event": event}, waba_id=odd, time=odd)))
            assert all(one.text for one in read(json.dumps(tree).encode(), NOW).reports)


def test_values_about_customers_are_not_the_accounts():
    value = {"metadata": {"phone_number_id": "1"}, "automatic_events": []}
    assert reading_of(body(entry("automatic_events", value))).reports == []


def test_the_account_is_the_one_that_the_value_names():
    partner = {"event": "PARTNER_ADDED", "waba_info": {"waba_id": "777", "owner_business_id": "1"}}
    assert report("account_update", partner, waba_id="35602282435505").waba_id == "777"
    alert_of_account = {"entity_type": "WABA", "entity_id": "777", "alert_info": {}}
    assert report("account_alerts", alert_of_account, waba_id="1").waba_id == "777"
