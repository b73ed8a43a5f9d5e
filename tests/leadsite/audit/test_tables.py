"""What the triggers write: which rows, which columns, and what is never kept."""

import json
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.db.models import Model

from conversations.models import Conversation, Customer
from leads.models import Lead
from leadsite.accounts.models import ApiKey, User
from leadsite.accounts.people.models import Membership
from leadsite.audit.models import AuditEntry
from leadsite.audit.tables import AUDITED
from leadsite.core.postgresql.actors import Actor, ActorKind, acting
from leadsite.core.statements import fetch_rows
from leadsite.webhooks.models import WebhookEndpoint
from tests.factories import Business
from whatsapp.models import Channel

pytestmark = pytest.mark.django_db
ANNA = Actor(ActorKind.PERSON, id="1", name="Anna")


def entries(**filters: Any) -> list[AuditEntry]:
    return list(AuditEntry.objects.filter(**filters).order_by("id"))


def test_a_created_lead_has_an_entry_for_each_of_its_rows(owner: Business):
    answer = owner.post_lead(external_id="A-1").json()
    made = entries(request_id__gt="", user_id=owner.id)
    assert [one.table_name for one in made] == ["customers", "conversations", "leads"]
    assert {one.action for one in made} == {"insert"}
    assert len({one.transaction_id for one in made}) == 1
    assert {(one.actor_kind, one.actor_id) for one in made} == {("key", owner.api_key[:15])}
    lead = made[-1]
    assert str(lead.row_id) == answer["lead_id"]
    assert (lead.after["external_id"], lead.after["status"], lead.after["referral"]) == ("A-1", "new", None)
    assert "version" not in lead.after
    assert lead.before is None


def test_an_update_has_only_what_changed(owner: Business):
    lead_id = owner.has_lead().lead_id
    with acting(ANNA):
        Lead.objects.filter(pk=lead_id).update(status="contacted", details="Wants a cake")
    (update,) = entries(row_id=lead_id, action="update")
    assert (update.before, update.after) == ({"status": "new"}, {"status": "contacted"})
    assert (update.actor_name, update.user_id) == ("Anna", owner.id)


def test_a_change_of_what_nobody_decides_has_no_entry(owner: Business):
    created = owner.has_lead()
    Lead.objects.filter(pk=created.lead_id).update(details="Wants a cake")
    Conversation.objects.update(last_message_at="2026-01-01T00:00Z", waiting_since="2026-01-01T00:00Z")
    ApiKey.objects.update(last_used_at="2026-01-01T00:00Z")
    User.objects.update(last_login="2026-01-01T00:00Z")
    assert entries(action="update") == []


def test_many_rows_are_matched_with_their_own_former_values(owner: Business):
    ids = [owner.has_lead(details=f"Cake {n}").lead_id for n in range(30)]
    with connection.cursor() as cursor:
        cursor.execute("UPDATE leads SET details = details || '!' WHERE user_id = %s", [owner.id])
        cursor.execute("UPDATE leads SET details = details || '?' WHERE id = %s", [ids[3]])
    found = {(one.row_id, one.before["details"], one.after["details"]) for one in entries(action="update")}
    assert found == {(id_, f"Cake {n}", f"Cake {n}!") for n, id_ in enumerate(ids)} | {(ids[3], "Cake 3!", "Cake 3!?")}


def test_a_deleted_row_is_kept_as_a_whole(owner: Business):
    lead_id = owner.has_lead(details="Wants a cake").lead_id
    with acting(ANNA):
        Lead.objects.filter(pk=lead_id).delete()
    (deleted,) = entries(action="delete")
    assert (deleted.row_id, deleted.after, deleted.actor_name) == (lead_id, None, "Anna")
    assert deleted.before["details"] == "Wants a cake"


def test_secrets_are_not_kept_but_that_they_changed_is(owner: Business):
    channel = Channel(user=owner.user, phone_number_id="100")
    channel.access_token, channel.app_secret = "very secret", "a" * 32
    channel.save()
    stored = channel.encrypted_access_token
    channel.access_token = "even more secret"
    channel.save()
    inserted, updated = entries(row_id=channel.pk)
    assert "encrypted_access_token" not in inserted.after
    assert inserted.after["phone_number_id"] == "100"
    assert updated.before == updated.after == {"encrypted_access_token": "(secret)"}
    everything = json.dumps(fetch_rows("SELECT before::text, after::text FROM audit_entries"))
    assert stored not in everything
    assert channel.encrypted_access_token not in everything


def test_a_key_is_known_by_a_hash_of_its_digest(owner: Business):
    key = ApiKey.objects.get(user=owner.user)
    key.delete()
    inserted, deleted = entries(table_name="api_keys")
    assert inserted.row_id == deleted.row_id
    assert deleted.before["token_key"] == key.token_key
    assert str(key.digest) not in json.dumps([inserted.after, deleted.before])
    assert isinstance(inserted.row_id, UUID)


# For each column of an audited table: is it kept? A new column fails the test until somebody has decided, here and in
# leadsite/audit/tables.py: what changes with each message or request is ignored, what opens a door is secret.
KEPT: dict[type[Model], str] = {
    Lead: "id created_at type details status lost_reason source external_id first_message_id referral import_run_id"
    " import_line conversation_id assigned_to_id follow_up_at deleted_at deleted_by_id user_id",
    Conversation: "id created_at status customer_id assigned_to_id label_ids snoozed_until deleted_at user_id",
    Customer: "id created_at phone whatsapp_user_id name profile_name profile_name_at marketing_opted_out_at"
    " marketing_choice_at user_id",
    Channel: "id created_at provider phone_number_id display_number waba_id active stopped_at resumed_at stop_reason"
    " user_id",
    ApiKey: "token_key created expiry name scopes user_id",
    WebhookEndpoint: "id created_at url description events active former_until header_names disabled_at disabled_reason"
    " user_id",
    Membership: "id person_id business_id role created_at",
    User: "id email business_name name country time_zone language is_staff is_active is_superuser"
    " second_factor_at created_at",
}


def test_each_column_of_an_audited_table_is_kept_or_ignored_or_secret_by_decision():
    assert {model._meta.db_table for model in KEPT} == set(AUDITED)
    for model, kept in KEPT.items():
        table = AUDITED[model._meta.db_table]
        columns = {str(field.column) for field in model._meta.concrete_fields}
        assert columns - set(table.ignored) - set(table.secret) == set(kept.split()), table.name
        assert set(table.ignored) | set(table.secret) <= columns, table.name


def test_the_triggers_of_the_database_are_those_of_the_list():
    found = fetch_rows(
        "SELECT tgrelid::regclass::text, encode(tgargs, 'escape') FROM pg_trigger WHERE tgfoid = 'write_audit'::regproc"
    )
    wanted = [(table.name, "".join(f"{one}\\000" for one in table.arguments)) for table in AUDITED.values()]
    assert sorted(found) == sorted(wanted * 3)
