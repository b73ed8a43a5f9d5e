-- Purpose: each message as in GET /api/messages/<id> (conversations/api/serializers.py); media, context, reaction and
-- referral as stored. The words of `text` are those of conversations/kinds.py. Read by write_message_events only.
-- A migration that changes the type of one of these columns drops this view first, and creates it again.
-- Locks: none.
CREATE OR REPLACE VIEW messages_as_json (id, user_id, direction, data, sort_at) AS
SELECT m.id, m.user_id, m.direction, jsonb_build_object(
    'id', m.id, 'conversation_id', m.conversation_id, 'direction', m.direction, 'author_id', m.author_id,
    'kind', m.kind, 'content', m.content,
    -- As conversations.visible_text; the first test is for nearly all messages, and cheap.
    'text', CASE WHEN m.content ~ '[A-Za-z0-9]' OR m.content ~ ('[^\u0001-\u0020\u007f-\u00a0\u00ad\u034f\u061c\u115f'
        '\u1160\u1680\u17b4\u17b5\u180b-\u180f\u2000-\u200f\u2028-\u202f\u205f-\u206f\u2800\u3000\u3164\ufe00-\ufe0f'
        '\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e0fff]') THEN m.content
        WHEN m.kind = 'audio' AND 'true' IN (m.extras -> 'voice', m.extras #> '{audio,voice}') THEN 'Voice message'
        ELSE coalesce(
            (SELECT label FROM (VALUES ('text', '(empty)'), ('image', 'Photo'), ('video', 'Video'), ('audio', 'Audio'),
                ('voice', 'Voice message'), ('document', 'Document'), ('sticker', 'Sticker'),
                ('media_placeholder', 'Photo, video or file'), ('location', 'Location'), ('contacts', 'Contact'),
                ('interactive', 'Answered'), ('button', 'Tapped'), ('order', 'Order'), ('call', 'Call'),
                ('template', 'Template'), ('edit', 'Edited an earlier message'), ('reaction', 'Reaction'),
                ('payment', 'Payment'), ('revoke', 'Deleted a message'),
                ('system', 'WhatsApp: something about this customer changed'),
                ('user_preferences', 'Changed what they want to receive'), ('request_welcome', 'Opened the chat'),
                ('unsupported', 'Sent a message; WhatsApp did not pass it on'),
                ('unknown', 'Sent a message; WhatsApp did not pass it on')
            ) AS words (kind, label) WHERE words.kind = m.kind),
            upper(left(replace(m.kind, '_', ' '), 1)) || substr(replace(m.kind, '_', ' '), 2)) END,
    'status', CASE m.status WHEN 'played' THEN 'read' ELSE m.status END, 'provider_id', m.provider_id,
    'error', CASE WHEN m.status IN ('queued', 'failed', 'unknown') THEN nullif(m.error, '') END,
    'provider_time', to_char(m.provider_time AT TIME ZONE 'UTC', rest.times),
    'times', coalesce(m.extras -> 'times', '{}'),
    'channel', (
        SELECT jsonb_build_object('id', c.id, 'provider', c.provider, 'display_number', nullif(c.display_number, ''),
            'name', coalesce(nullif(c.display_number, ''), c.phone_number_id))
        FROM channels AS c WHERE c.id = m.channel_id AND c.user_id = m.user_id),
    'media', coalesce(m.parts -> 'media', '[]'), 'referral', m.parts -> 'referral',
    'context', m.parts -> 'context' || referred.id, 'reaction', m.parts -> 'reaction' || referred.id,
    'created_at', to_char(m.created_at AT TIME ZONE 'UTC', rest.times),
    'updated_at', to_char(m.updated_at AT TIME ZONE 'UTC', rest.times)) AS data, m.sort_at
FROM messages AS m CROSS JOIN (SELECT 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS rest (times)
CROSS JOIN LATERAL (SELECT jsonb_build_object('message_id', coalesce(
    (SELECT r.id FROM messages AS r WHERE r.user_id = m.user_id AND r.provider_id =
        coalesce(m.parts #>> '{context,provider_id}', m.parts #>> '{reaction,provider_id}')),
    (SELECT r.id FROM messages AS r WHERE r.user_id = m.user_id
        AND r.provider_token = m.extras ->> 'reference_token' LIMIT 1)))) AS referred (id);
