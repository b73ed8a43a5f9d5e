"""The statements that link and repair the rows in the temporary table old_rows, before any of them is stored.

A row is open as long as it has neither an `outcome` nor a `problem`. Rows of our own tables are only read.
"""

from typing import Final

# Rows are updated a few times: half-empty pages have room for the new versions, and the indexes stay as they are.
# PostgreSQL refuses to change temp_buffers once the session has used a temporary table.
CREATE: Final = """
    SELECT set_config('temp_buffers', '128MB', false) WHERE current_setting('temp_buffers') <> '128MB';
    DROP TABLE IF EXISTS pg_temp.old_rows, pg_temp.old_owners, pg_temp.old_customers;
    CREATE TEMP TABLE old_rows (
        n bigint GENERATED ALWAYS AS IDENTITY, tbl text, line bigint, id uuid, old_owner text, conversation_id uuid,
        lead_id uuid, phone text, key text COLLATE "C", name text, kind text, status text, text text, provider_id text,
        created_at timestamptz, updated_at timestamptz, last_message_at timestamptz, cells text,
        field text, problem text, phone_problem text, notes text, owner uuid, outcome text,
        linked boolean DEFAULT false) WITH (fillfactor = 60);
    CREATE TEMP TABLE old_owners (old_owner text PRIMARY KEY, owner uuid);
"""
INDEX: Final = """
    CREATE INDEX ON old_rows (tbl, id);
    CREATE INDEX ON old_rows (conversation_id) WHERE tbl = 'messages';
    CREATE INDEX ON old_rows (conversation_id) WHERE tbl = 'leads';
    ANALYZE old_rows;
"""
_OPEN: Final = "outcome IS NULL AND problem IS NULL"

_SAME_ID: Final = """
    UPDATE old_rows AS r SET outcome = 'skipped'
    FROM (SELECT tbl, id, min(n) AS first FROM old_rows WHERE id IS NOT NULL GROUP BY tbl, id HAVING count(*) > 1) AS d
    WHERE r.tbl = d.tbl AND r.id = d.id AND r.n > d.first
"""
_OWNERS: Final = """
    UPDATE old_rows AS r SET owner = o.owner, outcome = CASE WHEN o.owner IS NULL THEN 'skipped' ELSE r.outcome END
    FROM old_owners AS o WHERE r.old_owner = o.old_owner AND r.tbl <> 'messages'
"""
_WITHOUT_OWNER: Final = f"""
    UPDATE old_rows SET problem = 'It does not say whose it is: user_id is empty.', field = 'owner'
    WHERE owner IS NULL AND tbl <> 'messages' AND {_OPEN}
"""  # noqa: S608 - constant text
_OF_ANOTHER_BUSINESS: Final = """
    UPDATE old_rows AS r SET problem = 'Another business has a row with this id.', field = 'id'
    FROM {table} AS ours
    WHERE r.tbl = '{table}' AND ours.id = r.id AND ours.user_id <> r.owner AND r.outcome IS NULL AND r.problem IS NULL
"""
_LEADS_OF_CONVERSATIONS: Final = """
    UPDATE old_rows AS l SET conversation_id = c.id FROM old_rows AS c
    WHERE l.tbl = 'leads' AND l.conversation_id IS NULL AND c.tbl = 'conversations' AND c.lead_id = l.id
        AND c.owner = l.owner
"""
_PHONES_OF_LEADS: Final = f"""
    UPDATE old_rows AS c SET phone = l.phone, key = l.key,
        notes = concat_ws('; ', nullif(c.notes, ''), 'its phone number is that of its lead')
    FROM (SELECT owner, conversation_id, min(phone) AS phone, min(key) AS key FROM old_rows
          WHERE tbl = 'leads' AND key IS NOT NULL AND {_OPEN}
          GROUP BY owner, conversation_id HAVING count(DISTINCT key) = 1) AS l
    WHERE c.tbl = 'conversations' AND c.key IS NULL AND l.conversation_id = c.id AND l.owner = c.owner
"""  # noqa: S608 - constant text
_PHONES_OF_CONVERSATIONS: Final = """
    UPDATE old_rows AS l SET phone = c.phone, key = c.key,
        notes = concat_ws('; ', nullif(l.notes, ''), 'its phone number is that of its conversation')
    FROM old_rows AS c
    WHERE l.tbl = 'leads' AND l.key IS NULL AND c.tbl = 'conversations' AND c.id = l.conversation_id
        AND c.owner = l.owner AND c.key IS NOT NULL AND c.problem IS NULL
"""
_WITHOUT_PHONE: Final = f"""
    UPDATE old_rows SET problem = phone_problem, field = 'customer_phone'
    WHERE key IS NULL AND tbl <> 'messages' AND {_OPEN}
"""  # noqa: S608 - constant text
# A message belongs to the owner of its conversation; its own user may be its author.
_MESSAGES_IN_THE_DUMP: Final = """
    UPDATE old_rows AS m SET phone = c.phone, key = c.key, owner = c.owner, linked = true FROM old_rows AS c
    WHERE m.tbl = 'messages' AND c.tbl = 'conversations' AND c.id = m.conversation_id
        AND c.outcome IS NULL AND c.problem IS NULL AND m.outcome IS NULL
"""
_MESSAGES_LEFT_OUT: Final = """
    UPDATE old_rows AS m SET outcome = 'skipped' FROM old_rows AS c
    WHERE m.tbl = 'messages' AND NOT m.linked AND c.tbl = 'conversations' AND c.id = m.conversation_id
        AND c.outcome = 'skipped' AND c.owner IS NULL
"""
_OWNERS_OF_MESSAGES: Final = """
    UPDATE old_rows AS m SET owner = o.owner, outcome = CASE WHEN o.owner IS NULL THEN 'skipped' END
    FROM old_owners AS o WHERE m.tbl = 'messages' AND NOT m.linked AND m.outcome IS NULL AND m.old_owner = o.old_owner
"""
_MESSAGES_HERE: Final = """
    UPDATE old_rows AS m SET phone = k.phone, key = k.phone_key, owner = v.user_id, linked = true
    FROM conversations AS v JOIN customers AS k ON k.id = v.customer_id
    WHERE m.tbl = 'messages' AND NOT m.linked AND v.id = m.conversation_id AND k.phone_key IS NOT NULL
        AND v.user_id IN (SELECT owner FROM old_owners) AND v.user_id = coalesce(m.owner, v.user_id)
        AND m.outcome IS NULL
"""
_MESSAGES_BY_PHONE: Final = f"""
    UPDATE old_rows SET conversation_id = NULL, notes = concat_ws('; ', nullif(notes, ''),
        'its conversation is not there; found by its phone number')
    WHERE tbl = 'messages' AND NOT linked AND key IS NOT NULL AND owner IS NOT NULL AND {_OPEN}
"""  # noqa: S608 - constant text
_MESSAGES_LOST: Final = f"""
    UPDATE old_rows AS m SET field = 'conversation_id', problem = CASE
        WHEN m.conversation_id IS NULL THEN 'It has no conversation.'
        WHEN EXISTS (SELECT FROM old_rows AS c WHERE c.tbl = 'conversations' AND c.id = m.conversation_id
                     AND c.problem IS NOT NULL) THEN 'Its conversation is refused.'
        ELSE 'Its conversation is neither in the file nor here.' END
    WHERE m.tbl = 'messages' AND NOT m.linked AND (m.key IS NULL OR m.owner IS NULL) AND {_OPEN}
"""  # noqa: S608 - constant text
_LEADS_IN_THE_DUMP: Final = """
    UPDATE old_rows AS l SET linked = true FROM old_rows AS c
    WHERE l.tbl = 'leads' AND c.tbl = 'conversations' AND c.id = l.conversation_id AND c.owner = l.owner
        AND c.key = l.key AND c.outcome IS NULL AND c.problem IS NULL
"""
_LEADS_HERE: Final = """
    UPDATE old_rows AS l SET linked = true FROM conversations AS v JOIN customers AS k ON k.id = v.customer_id
    WHERE l.tbl = 'leads' AND NOT l.linked AND v.id = l.conversation_id AND v.user_id = l.owner AND k.phone_key = l.key
"""
_LEADS_ALONE: Final = f"""
    UPDATE old_rows AS l SET conversation_id = NULL, notes = concat_ws('; ', nullif(l.notes, ''), CASE
        WHEN l.conversation_id IS NULL THEN 'it had no conversation'
        WHEN EXISTS (SELECT FROM old_rows AS c WHERE c.tbl = 'conversations' AND c.id = l.conversation_id
                     AND c.owner = l.owner AND c.problem IS NULL)
            THEN 'its conversation was with another phone number'
        ELSE 'its conversation is not there' END)
    WHERE l.tbl = 'leads' AND NOT l.linked AND {_OPEN}
"""  # noqa: S608 - constant text
_SAME_PROVIDER_ID: Final = f"""
    UPDATE old_rows AS r SET notes = 'the same message as ' || d.first_id, outcome = CASE
        WHEN EXISTS (SELECT FROM messages AS m WHERE m.id = d.first_id) THEN 'skipped' ELSE 'repaired' END
    FROM (SELECT n, first_value(n) OVER same AS first, first_value(id) OVER same AS first_id FROM old_rows
          WHERE tbl = 'messages' AND provider_id IS NOT NULL AND {_OPEN}
          WINDOW same AS (PARTITION BY owner, provider_id ORDER BY n)) AS d
    WHERE d.n = r.n AND d.first < d.n
"""  # noqa: S608 - constant text
_DATES_OF_CONVERSATIONS: Final = f"""
    UPDATE old_rows AS c SET notes = concat_ws('; ', nullif(c.notes, ''), 'it had no readable date'),
        created_at = coalesce((SELECT min(o.created_at) FROM old_rows AS o WHERE o.conversation_id = c.id
                               AND o.tbl = 'messages'),
                              (SELECT min(o.created_at) FROM old_rows AS o WHERE o.conversation_id = c.id
                               AND o.tbl = 'leads'), now())
    WHERE c.tbl = 'conversations' AND c.created_at IS NULL AND {_OPEN}
"""  # noqa: S608 - constant text
_DATES_OF_MESSAGES: Final = f"""
    UPDATE old_rows AS r SET created_at = coalesce(d.before, d.opened, now()),
        notes = concat_ws('; ', nullif(r.notes, ''), 'it had no readable date')
    FROM (SELECT m.n, max(m.created_at) OVER (PARTITION BY m.conversation_id, m.key ORDER BY m.n) AS before,
                 c.created_at AS opened
          FROM old_rows AS m LEFT JOIN old_rows AS c ON c.tbl = 'conversations' AND c.id = m.conversation_id
          WHERE m.tbl = 'messages'
              AND EXISTS (SELECT FROM old_rows AS x WHERE x.tbl = 'messages' AND x.created_at IS NULL)) AS d
    WHERE d.n = r.n AND r.created_at IS NULL AND {_OPEN}
"""  # noqa: S608 - constant text
_DATES_OF_LEADS: Final = f"""
    UPDATE old_rows AS l SET notes = concat_ws('; ', nullif(l.notes, ''), 'it had no readable date'),
        created_at = coalesce((SELECT min(c.created_at) FROM old_rows AS c
                               WHERE c.tbl = 'conversations' AND c.id = l.conversation_id), now())
    WHERE l.tbl = 'leads' AND l.created_at IS NULL AND {_OPEN}
"""  # noqa: S608 - constant text
# Ordered by the bytes of the key, as customers are locked. Of several names the one used last counts.
_CUSTOMERS: Final = f"""
    CREATE INDEX ON old_rows (owner, key, tbl) WHERE {_OPEN};
    CREATE TEMP TABLE old_customers AS
        SELECT owner, key, (array_agg(phone ORDER BY n))[1] AS phone, coalesce((array_agg(
            name ORDER BY coalesce(updated_at, created_at) DESC, n DESC) FILTER (WHERE name <> ''))[1], '') AS name
        FROM old_rows WHERE {_OPEN} GROUP BY owner, key;
    CREATE UNIQUE INDEX ON old_customers (owner, key);
    ANALYZE old_rows;
    ANALYZE old_customers;
"""  # noqa: S608 - constant text
LINK: Final = (
    _SAME_ID,
    _OWNERS,
    _WITHOUT_OWNER,
    *(_OF_ANOTHER_BUSINESS.format(table=table) for table in ("conversations", "leads")),
    _LEADS_OF_CONVERSATIONS,
    _PHONES_OF_LEADS,
    _PHONES_OF_CONVERSATIONS,
    _WITHOUT_PHONE,
    _MESSAGES_IN_THE_DUMP,
    _MESSAGES_LEFT_OUT,
    _OWNERS_OF_MESSAGES,
    _MESSAGES_HERE,
    _OF_ANOTHER_BUSINESS.format(table="messages"),
    _MESSAGES_BY_PHONE,
    _MESSAGES_LOST,
    _LEADS_IN_THE_DUMP,
    _LEADS_HERE,
    _LEADS_ALONE,
    _SAME_PROVIDER_ID,
    _DATES_OF_CONVERSATIONS,
    _DATES_OF_MESSAGES,
    _DATES_OF_LEADS,
    _CUSTOMERS,
)
