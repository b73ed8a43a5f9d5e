"""A change is a sentence that staff understand."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.apps import apps
from django.db.models import DateTimeField

from leadsite.audit.models import AuditEntry
from leadsite.audit.sentences import Line, lines_of
from leadsite.audit.tables import AUDITED
from tests.cases import each_case
from tests.factories import Business

AT = datetime(2026, 11, 28, tzinfo=UTC)


def line(action: str, before: Any = None, after: Any = None, kind: str = "person", name: str = "Anna") -> Line:
    entry = AuditEntry(action=action, before=before, after=after, actor_kind=kind, actor_name=name, at=AT)
    (only,) = lines_of([entry])
    return only


@each_case(
    "before, after, sentence",
    [
        ({"status": "new"}, {"status": "contacted"}, "Anna moved it from new to contacted"),
        ({"type": "order"}, {"type": "booking"}, "Anna changed the type from “order” to “booking”"),
        ({"name": ""}, {"name": "Ada"}, "Anna set the name to “Ada”"),
        ({"lost_reason": "Price"}, {"lost_reason": ""}, "Anna removed the lost reason “Price”"),
        ({"active": True}, {"active": False}, "Anna turned “active” off"),
        ({"encrypted_secret": "(secret)"}, {"encrypted_secret": "(secret)"}, "Anna replaced the signing secret"),
        ({"events": ["a"]}, {"events": ["a", "b"]}, "Anna changed the events from “a” to “a, b”"),
        (
            {"status": "new", "name": "A"},
            {"status": "lost", "name": "B"},
            "Anna moved it from new to lost and changed the name from “A” to “B”",
        ),
        (
            {"profile_name": "", "profile_name_at": None},
            {"profile_name": "Ada", "profile_name_at": "2026-12-01T01:14:56+00:00"},
            "Anna set the profile name to “Ada”",
        ),
        (
            {"follow_up_at": None},
            {"follow_up_at": "2026-12-01T01:14:56+00:00"},
            "Anna set the follow up to “1 Dec 2026, 01:14”",
        ),
        ({"deleted_at": None}, {"deleted_at": "2026"}, "Anna deleted it"),
        ({"deleted_at": "2026"}, {"deleted_at": None}, "Anna restored it"),
    ],
)
def test_an_update(before: Any, after: Any, sentence: str):
    assert line("update", before, after).sentence == sentence


@each_case(
    "kind, name, sentence",
    [
        ("person", "Anna", "Anna created it"),
        ("person", "", "Somebody created it"),
        ("key", "Shop", "The API key “Shop” created it"),
        ("key", "", "An API key created it"),
        ("import", "june.csv", "Imported from june.csv, line 12"),
        ("delivery", "WhatsApp", "Created by a message from WhatsApp"),
        ("sql", "reports", "The database role reports created it"),
        ("command", "import_supabase", "The command import_supabase created it"),
        ("worker", "keep_audit_partitions", "The worker (keep audit partitions) created it"),
        ("worker", "worker", "The worker created it"),
    ],
)
def test_a_creation_says_where_it_came_from(kind: str, name: str, sentence: str):
    assert line("insert", None, {"status": "new", "import_line": 12}, kind, name).sentence == sentence


def test_a_long_text_is_shown_before_and_after():
    changed = line("update", {"details": "A cake"}, {"details": "A cake " * 20})
    assert changed.sentence == "Anna changed the details"
    assert [(text.label, text.before) for text in changed.texts] == [("details", "A cake")]


def test_what_was_erased_is_not_guessed():
    assert line("insert").sentence == "Anna created it. What it said has been erased."


def test_every_time_is_said_as_staff_read_times_or_not_at_all():
    stored = "2026-12-01T01:14:56.123456+00:00"
    tables = {model._meta.db_table: model for model in apps.get_models() if model._meta.db_table in AUDITED}
    assert set(tables) == set(AUDITED)
    for name, model in tables.items():
        times = {field.column for field in model._meta.concrete_fields if isinstance(field, DateTimeField)}
        for column in times - set(AUDITED[name].ignored) - {"deleted_at"}:
            assert stored not in line("update", {column: None}, {column: stored, "name": "Ada"}).sentence, column


@pytest.mark.django_db
def test_people_have_their_names(owner: Business, stranger: Business):
    one, two = str(owner.id), str(stranger.id)
    mine, theirs = owner.user.get_full_name(), stranger.user.get_full_name()
    said = [
        line("update", {"assigned_to_id": before}, {"assigned_to_id": after}).sentence
        for before, after in ((None, one), (one, two), (two, None))
    ]
    assert said == [
        f"Anna assigned it to {mine}",
        f"Anna passed it from {mine} to {theirs}",
        f"Anna took it from {theirs}",
    ]
