"""Every query of leads and conversations hides deleted rows, or says why it must see them.

Queries through `Lead.objects` and `Conversation.objects` hide them (leadsite/core/models.py). SQL, `all_objects` and
joins from other tables decide themselves: a new one fails here until it is listed.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings

HIDES = "hides them"
BY_ID = "the caller has the ids of rows, which it has found and locked before"
SQL = {
    "conversations/models/customers.py _LOCK_OWNERS": BY_ID,
    "conversations/models/inbound.py _CHANGE": "messages join none that is deleted; the rest is by id",
    "conversations/models/inbound.py _PLACES": "hides them as the newest; finds repeated messages and targets of signs",
    "conversations/models/marketing.py _RECIPIENTS": "statuses are about messages of deleted conversations too",
    "conversations/models/openings.py _NEWEST_OF": HIDES,
    "conversations/models/openings.py _REOPEN": HIDES,
    "conversations/models/outgoing/attempts.py _IS_OVERTAKEN": "what was sent to the customer later, deleted or not",
    "conversations/models/outgoing/outbox.py _NONE_BEFORE": "messages to a customer go out, or fail, in order",
    "conversations/models/outgoing/outbox.py _LOCK_DUE": "what is queued in deleted ones is leased too, and fails",
    "conversations/models/outgoing/outbox.py _LEASE": "says which messages are in deleted conversations",
    "conversations/models/outgoing/outbox.py _CHATS": "the 24-hour window is WhatsApp's, which knows of no deletion",
    "conversations/models/outgoing/outbox.py _QUEUE": HIDES,
    "conversations/models/outgoing/reported.py _LOCK_REPORTED": "statuses are about messages of deleted ones too",
    "conversations/models/past.py _SET_TIMES": BY_ID,
    "conversations/models/senders.py _KNOWN": HIDES,
    "leads/management/commands/verify_transactions.py Proofs": "orphans are looked for among all rows",
    "leads/migrating/lookups.py _CONVERSATIONS": "an id is taken, whether its row is deleted or not",
    "leads/migrating/lookups.py _LEADS": "an id is taken, whether its row is deleted or not",
    "leads/migrating/staging_sql.py _LEADS_HERE": "an id is taken, whether its row is deleted or not",
    "leads/migrating/staging_sql.py _MESSAGES_HERE": "an id is taken, whether its row is deleted or not",
    "leads/models/bulk.py _CHUNK": "finds the customers to lock, also for the undo of a deletion",
    "leads/models/bulk.py _LOCK": HIDES,
    "leads/models/bulk.py _LOG": BY_ID,
    "leads/models/bulk.py _OWNERS": BY_ID,
    "leads/models/bulk.py _WRITE": BY_ID,
    "leads/models/creation.py _ASSIGN_CONVERSATIONS": BY_ID,
    "leads/models/creation.py _OPEN_OF": HIDES,
    "leads/models/deletion.py _DELETE": HIDES,
    "leads/models/deletion.py _DELETE_EMPTIED": HIDES,
    "leads/models/deletion.py _LOCK_CONVERSATIONS": BY_ID,
    "leads/models/deletion.py _RESTORE": "restores them",
    "leads/models/deletion.py _RESTORE_CONVERSATIONS": "restores them",
    "leads/models/inbound.py _CORRECT": BY_ID,
    "leads/models/inbound.py _EARLIEST_REFERRALS": HIDES,
    "leads/models/inbound.py _OF_CONVERSATIONS": HIDES,
    "leads/models/inbound.py _ORIGINS_OF": "a deleted lead or message says how a customer came as well as others",
    "leads/models/inbound.py _SET_REFERRAL": HIDES,
    "leads/models/lookups.py _BY_EXTERNAL_ID": HIDES,
    "leads/models/lookups.py _CONTENTS_BY_EXTERNAL_ID": HIDES,
    "leads/models/lookups.py _CONTENTS_OF_CUSTOMERS": HIDES,
    "leads/models/lookups.py _OF_CUSTOMERS": HIDES,
    "leads/models/lookups.py _REWRITE": HIDES,
    "leads/sql/delete_lead_with_conversation.sql": HIDES,
    "leads/sql/lead_errors.sql": HIDES,
    "leads/sql/lock_lead.sql": "locks what is restored, too",
    "leads/sql/make_lead.sql": HIDES,
    "leads/sql/restore_lead_with_conversation.sql": "restores them",
    "leadsite/figures/counting.py _FAILED": HIDES,
    "leadsite/figures/counting.py _LEADS": HIDES,
    "leadsite/figures/counting.py _RESPONSES": HIDES,
    "leadsite/inbox/chats.py BESIDE": HIDES,
    "leadsite/inbox/chats.py _COUNT": HIDES,
    "leadsite/inbox/chats.py _MENTIONS": HIDES,
    "leadsite/inbox/chats.py _PAGE_IDS": HIDES,
    "leadsite/inbox/chats.py _ROWS": HIDES,
    "leadsite/inbox/work/tabs.py FAILED": HIDES,
    "leadsite/inbox/versions.py _ARRIVED": HIDES,
    "leadsite/inbox/versions.py _CHAT": HIDES,
    "leadsite/inbox/versions.py _LIST": "the chats that the list has found",
    "leadsite/inbox/work/board.py _COUNTS": HIDES,
    "leadsite/inbox/work/board_version.py _VERSION": HIDES,
    "leadsite/inbox/work/filters.py _LEAD": HIDES,
    "leadsite/inbox/versions.py _MOVED": HIDES,
    "leadsite/inbox/work/back.py BACK": HIDES,
    "leadsite/inbox/work/tabs.py TABS": "those of _PAGE_IDS and _COUNT, which hide them; leads by DUE",
    "leadsite/monitoring/integrity_checks.py CONVERSATIONS": "what is wrong in deleted rows is wrong",
    "leadsite/monitoring/integrity_checks.py LEADS": "what is wrong in deleted rows is wrong",
    "leadsite/monitoring/integrity_checks.py MESSAGES": "what is wrong in deleted rows is wrong",
    "leadsite/privacy/customers.py _UNUSED": "a customer with a deleted conversation has one",
    "leadsite/privacy/erasing.py _DELETES": "erases them too",
    "leadsite/privacy/exporting.py _OWN": "a person is told everything that is kept",
    "leadsite/privacy/people.py _CONVERSATIONS": "erases and exports them too",
    "leadsite/privacy/people.py _LEADS": "erases and exports them too",
    "leadsite/privacy/retention.py _CLOSED": "what is old is removed, deleted or not",
    "leadsite/privacy/retention.py _DELETE_CONVERSATIONS": "what is old is removed, deleted or not",
    "leadsite/privacy/retention.py _FORGET_FIRST": "what is old is removed, deleted or not",
    "leadsite/privacy/retention.py _FORGET_THREADS": "what is old is removed, deleted or not",
    "leadsite/privacy/retention.py _OLD_MESSAGES": "what is old is removed, deleted or not",
    "leadsite/privacy/retention.py _STILL_CLOSED": "what is old is removed, deleted or not",
    "leadsite/privacy/retention.py _STILL_THEIRS": BY_ID,
    "leadsite/privacy/retention.py _UNUSED": "what is old is removed, deleted or not",
    "leadsite/webhooks/sql/write_lead_events.sql": "events tell of deletion and restoring",
}
ALL_OBJECTS = {
    "conversations/admin/customers.py": "which customers have nothing left",
    "conversations/api/history.py": "the history of a deleted row is read too",
    "conversations/services/labels.py": "a label is taken from them, too",
    "leads/api/history.py": "the history of a deleted row is read too",
    "leads/api/viewsets.py": "?deleted=true",
    "leads/bulk/chunks.py": "the undo of a deletion",
    "leads/merging/memory.py": "what a merge moves comes back, deleted or not",
    "leads/merging/preview.py": "says how many deleted ones move, too",
    "leads/merging/undo.py": "deleted rows come back with the customer, and stay deleted",
    "leads/services/delete.py": "restore",
    "leads/services/merge.py": "deleted rows follow the merged customer, and stay deleted",
    "leads/services/release.py": "what is restored is not given to who has left",
    "leads/services/undo.py": "what a deleted lead belongs to is not empty",
    "leadsite/privacy/purge.py": "removes them",
}
# Joins from customers and messages to conversations and leads.
JOINS = {
    "conversations/admin/messages.py": HIDES,
    "conversations/admin/thread_entries.py": "by Message.objects.visible",
    "conversations/media/views.py": HIDES,
    "conversations/models/messages.py": HIDES,
    "conversations/services/change.py": "to lock; the conversation is read by Conversation.objects then",
    "leads/admin/customers.py": HIDES,
    "leads/merging/preview.py": HIDES,
    "leads/merging/undo.py": "the messages of a merged conversation, deleted or not",
    "leads/bulk/chunks.py": "to lock the customers of the chosen leads, which a statement of its own then reads",
    "leads/services/change.py": "to lock; Lead.objects, or the deletion and restoring, decide then",
    "leads/services/undo.py": "to lock the customers of leads that Lead.objects has found",
    "leadsite/privacy/purge.py": "removes them",
    "whatsapp/outbound/enqueue.py": HIDES,
    "whatsapp/outbound/resolve.py": "to lock; what is sent again goes through enqueue.py",
}
_TABLES = re.compile(r"\b(?:FROM|JOIN|UPDATE)\s+(?:leads|conversations)\b")
_JOINED = re.compile(
    r"(?:Customer|Message)\.objects[^\n]*conversations?(?:__|=conversation_id)"
    r"|\"conversation__customer_id\"|conversation__deleted_at"
)


def sources(suffix: str) -> Iterator[tuple[Path, str]]:
    for folder in ("leadsite", "conversations", "leads", "whatsapp"):
        for path in sorted((settings.BASE_DIR / folder).rglob(f"*{suffix}")):
            if "migrations" not in path.parts:
                yield path.relative_to(settings.BASE_DIR), path.read_text("utf-8")


def statements() -> Iterator[tuple[str, str]]:
    for path, text in sources(".sql"):
        yield str(path), "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("--"))
    for path, text in sources(".py"):
        for node in ast.parse(text).body:
            target = getattr(node, "target", None) or next(iter(getattr(node, "targets", [])), None)
            name = getattr(node, "name", None) or getattr(target, "id", "")
            words = [one.value for one in ast.walk(node) if isinstance(one, ast.Constant)]
            yield f"{path} {name}", " ".join(word for word in words if isinstance(word, str))


def test_every_statement_is_listed_with_its_decision():
    found = {name: text for name, text in statements() if _TABLES.search(text)}
    assert sorted(found) == sorted(SQL)
    without = [name for name, decision in SQL.items() if decision is HIDES and "deleted_at IS NULL" not in found[name]]
    assert without == []


def test_every_use_of_all_objects_is_listed():
    found = {str(path) for path, text in sources(".py") if re.search(r"\b(?:Lead|Conversation)\.all_objects", text)}
    assert found == set(ALL_OBJECTS)


def test_every_join_from_customers_and_messages_is_listed():
    assert {str(path) for path, text in sources(".py") if _JOINED.search(text)} == set(JOINS)
