"""What becomes of each column that can hold text, when a person is erased. tests/leadsite/privacy/test_tables.py
compares this with the tables that there are: a new column needs a decision.

  OWN      the row is the person's, and goes with them (erasing.py); of others it has nothing to be searched
  TEXT     written by people, or by a program about them: searched for numbers, ids, and names beside these
  BYTES    the same as TEXT, stored as bytes
  JSON     the same, with objects in it: Note [Whose part] in whatsapp/erasing/traces.py
  BODY     the raw delivery of a PROVIDER: whatsapp/erasing/bodies.py
  WHO      a whole number or id, also of a row that is another customer's: the person was merged into that one, and has
           started again since. Emptied
  WHO_NULL the same, in a column without empty texts: set to null
  FILE     a piece of an uploaded file: files.py
  DIGEST   a hash of the other columns: emptied where one of these changes
  any other text says why there is nothing of a customer in it
"""

from dataclasses import dataclass, field
from typing import Final

OWN: Final = "own"
TEXT: Final = "text"
BYTES: Final = "bytes"
JSON: Final = "json"
BODY: Final = "body"
WHO: Final = "who"
WHO_NULL: Final = "who or null"
FILE: Final = "file"
DIGEST: Final = "digest"
PROVIDER: Final = "provider"
AUDIT: Final = "audit"
SEARCHED: Final = frozenset({TEXT, BYTES, JSON, BODY, WHO, WHO_NULL, PROVIDER})

WORD: Final = "one of our words"
STAFF: Final = "about staff"
NUMBER: Final = "the business's own number or account"
HASH: Final = "a hash with a secret, or of a secret"


@dataclass(frozen=True, slots=True)
class Table:
    """`columns`: their decisions. `deletes`: a row that is the person's, and does not only mention them, is deleted;
    `deletes_mentions`: the other too.

    `owner`: the column with the business; None where the table has none: then all rows are searched.
    `key`: the primary key, by whose order rows are searched.
    `about`: the column with the id of the row that a row is about: only by this one is it the person's.
    `whose`: instead of `owner`, a condition for the business (%(user)s) and the ids that are the person's (%(ids)s).
    """

    columns: dict[str, str] = field(default_factory=dict)
    deletes: bool = False
    deletes_mentions: bool = False
    owner: str | None = "user_id"
    key: str = "id"
    about: str | None = None
    whose: str = "true"

    def searched(self) -> dict[str, str]:
        """The columns that are read: with a body, whose it is."""
        return {name: kind for name, kind in self.columns.items() if kind in SEARCHED}


TABLES: Final[dict[str, Table]] = {
    "customers": Table({"phone": OWN, "phone_key": OWN, "whatsapp_user_id": OWN, "name": OWN, "profile_name": OWN}),
    "customer_moves": Table({"former": OWN, "phone": OWN, "whatsapp_user_id": OWN}),
    # Expires after a day; with an erasure all of the business's, and of all businesses, go: a person may be in any.
    "exports": Table(
        dict.fromkeys(("query", "columns", "format", "kind", "language", "state", "error"), OWN),
    ),
    "export_files": Table({"content": OWN}),
    "customer_merges": Table(dict.fromkeys(["former_name", "former_phone", "former_whatsapp_user_id", "moved"], OWN)),
    "conversations": Table({"status": WORD}),
    "messages": Table(
        {
            "address": WHO,
            "provider_id": WHO_NULL,  # Meta's has the number inside
            "provider_token": OWN,
            "content": TEXT,
            "extras": JSON,
            "parts": JSON,
            "error": TEXT,
            **dict.fromkeys(["direction", "kind", "status", "retry_kind"], WORD),
        }
    ),
    # Its bytes too: see erasing.py.
    "stored_media": Table(
        {
            **dict.fromkeys(["provider_id", "provider_url", "mime_said", "mime_found", "reason", "sha256"], OWN),
            **dict.fromkeys(["name", "thumbnail_name"], "random"),
            "state": WORD,
        }
    ),
    "leads": Table(
        {
            "external_id": OWN,
            "details": TEXT,
            "lost_reason": TEXT,
            "referral": JSON,
            **dict.fromkeys(["type", "status", "source"], WORD),
        }
    ),
    # Not audited: who deletes a note wants it gone.
    "notes": Table({"text": TEXT}),
    "parked_statuses": Table(
        {"provider_id": TEXT, "error": TEXT, "times": "times", "details": JSON, "status": WORD}, deletes=True
    ),
    "import_runs": Table(
        {
            "file_name": TEXT,
            "options": JSON,
            "columns": JSON,
            "notes": JSON,
            "error": TEXT,
            "preview": JSON,
            "trial": JSON,
            "file_hash": HASH,
            "format": WORD,
            "state": WORD,
        }
    ),
    "import_files": Table({"content": FILE}),
    "import_refusals": Table({"cells": JSON, "reason": TEXT, "field": WORD}, deletes=True, deletes_mentions=True),
    "import_changes": Table({"before": JSON, "after": JSON}),
    # Only its owner may change it: audit.py and erase_audit.sql.
    "audit_entries": Table(
        {
            "before": AUDIT,
            "after": AUDIT,
            "actor_id": STAFF,
            "actor_name": STAFF,
            "request_id": WORD,
            **dict.fromkeys(["table_name", "action", "actor_kind"], WORD),
        }
    ),
    "bulk_changes": Table({"values": JSON, "state": WORD, "error": TEXT}),
    "bulk_change_leads": Table(dict.fromkeys(["status", "type", "lost_reason", "outcome"], OWN)),
    "webhook_deliveries": Table(
        {
            "body": BODY,
            "error": TEXT,
            "unrouted": NUMBER,
            "signed_by": NUMBER,
            "signature": HASH,
            "provider": PROVIDER,
            "state": WORD,
        },
        owner=None,
    ),
    "webhook_events": Table({"payload": JSON, "error": TEXT, "type": WORD, "state": WORD}, deletes=True),
    # The row stays, so that the request is not done a second time.
    "idempotency_keys": Table({"key": TEXT, "body": BYTES, "fingerprint": DIGEST}),
    "failed_transactions": Table(
        {
            "error": TEXT,
            "input": JSON,
            "request_id": TEXT,
            **dict.fromkeys(["source", "operation", "sqlstate", "constraint"], WORD),
        }
    ),
    "account_events": Table(
        {
            "text": TEXT,
            "value": JSON,
            "waba_id": NUMBER,
            "number": NUMBER,
            "digest": HASH,
            **dict.fromkeys(["field", "event", "aspect", "subject", "messaging_limit"], WORD),
        }
    ),
    "procrastinate_jobs": Table(
        {
            "args": JSON,
            "lock": TEXT,
            "queueing_lock": TEXT,
            **dict.fromkeys(["queue_name", "task_name"], WORD),
        },
        owner=None,
    ),
    "django_admin_log": Table(
        {"object_id": TEXT, "object_repr": TEXT, "change_message": TEXT},
        deletes=True,
        owner=None,
        about="object_id",
        # Of others only what was done to the person's rows, by somebody who has left: they may have the same customer.
        whose="""(object_id = ANY (%(ids)s::text[]) OR user_id = %(user)s
            OR user_id IN (SELECT person_id FROM memberships WHERE business_id = %(user)s)
            OR user_id IN (SELECT id FROM users WHERE is_superuser))""",
    ),
}

# Tables in which nothing is about a customer, and why.
WITHOUT_CUSTOMERS: Final = {
    "daily_figures": "numbers of a day",
    "api_keys": STAFF,
    "auth_group": STAFF,
    "auth_group_permissions": STAFF,
    "auth_permission": STAFF,
    "channels": NUMBER,
    "django_content_type": "of Django",
    "django_migrations": "of Django",
    "erased_marks": "marks of the erased",
    "erasures": "how many rows were removed; who it was, encrypted, until all is searched",
    "invitations": STAFF,
    "integrity_runs": "kinds of errors, and ids of rows",
    "labels": "words of the business for all customers",
    "last_writes": "a number for each business",
    "login_attempts": STAFF,
    "memberships": STAFF,
    "message_templates": "texts of the business for all customers",
    "note_mentions": STAFF,
    "procrastinate_events": "of the queue",
    "procrastinate_periodic_defers": "of the queue",
    "procrastinate_workers": "of the queue",
    "quick_replies": "texts of the business for all customers",
    "recovery_codes": STAFF,
    "queue_clocks": "times of the site",
    "request_allowances": "hashes of keys, and addresses of clients",
    "saved_views": STAFF,
    "second_factors": STAFF,
    "sessions": "about staff; the draft of an answer that was refused, packed, until it is read",
    "users": STAFF,
    "users_groups": STAFF,
    "users_user_permissions": STAFF,
    "webhook_endpoints": "addresses of the business's own programs",
    "webhook_verifications": "two times of the site",
}
