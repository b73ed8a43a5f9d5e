"""Strategies for malformed and hostile bodies: any JSON, in and around what Meta sends."""

import json

from hypothesis import strategies as st

from tests.whatsapp import meta

# JSON text that json.dumps cannot write. It replaces these placeholders in the body.
RAW = {
    b'"@deep"': b"[" * 3000 + b"]" * 3000,
    b'"@digits"': b"9" * 5000,
    b'"@huge"': b"-1e999",
    b"@bytes": b"\xff\x00\xed\xa0\x80",
}


def _words(text):
    return text.split()


WORDS = _words(
    "id from from_user_id to type text body image caption document filename location latitude name address "
    "contacts phone wa_id interactive button_reply list_reply title nfm_reply response_json order "
    "product_items quantity reaction emoji message_id system previous_user_id user_id new_wa_id edit message "
    "original_message_id revoke errors code error_data details timestamp group_id context referral status "
    "pricing biz_opaque_callback_data field value metadata phone_number_id display_phone_number messages "
    "statuses calls direction message_echoes standby history threads history_context user_id_update previous "
    "current profile username entry changes unsupported phones"
)
TYPES = _words("text image document location contacts interactive order reaction system edit revoke unsupported")
FIELDS = _words("messages standby smb_message_echoes message_echoes history calls user_id_update account_update")

any_text = st.text(st.characters(exclude_categories=()), max_size=20)
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**45), 10**45),
    st.floats(),
    any_text,
    st.sampled_from(["@deep", "@digits", "@huge", "@bytes", meta.SHEENA, meta.SHEENA_ID, "failed", *TYPES, *FIELDS]),
)
keys = st.sampled_from(WORDS) | any_text
any_json = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=6), max_leaves=10
)
mutants = st.builds(
    lambda base, changes: base | changes,
    st.sampled_from([meta.text(), meta.status("failed"), meta.call(), *(meta.message(kind, {}) for kind in TYPES)]),
    st.dictionaries(keys, any_json, max_size=4),
)


def poisoned(tree):
    body = json.dumps(tree).encode()
    for text, raw in RAW.items():
        body = body.replace(text, raw)
    return body


def beside_valid_messages(*beside, marks=None):
    """A body with four valid messages beside each of these `cases`: in the mutant's list, in another value and in
    another entry. The mark of a case is a part of its messages' ids.
    """
    tree = meta.delivery()
    tree["entry"] = [
        entry
        for case, mark in zip(beside, marks or [""] * len(beside), strict=True)
        for entry in _entries(*case, mark=mark)
    ]
    return poisoned(tree)


def _entries(field, mutant, contacts, metadata, junk, *, mark):
    near = meta.messages_value(
        messages=[meta.text(id=f"good-1{mark}"), mutant, junk, meta.text(id=f"good-2{mark}")],
        statuses=[junk, mutant, meta.status(id=f"good-3{mark}")],
        contacts=[contacts, meta.contact()],
    )
    bad = meta.value(metadata=metadata, **{key: [mutant] for key in FIELDS})
    tree = meta.delivery(
        near, meta.change(field, bad), meta.change(field, junk), meta.messages_value(contacts=contacts)
    )
    return [
        junk,
        *tree["entry"],
        contacts,
        *meta.delivery(meta.value(messages=[meta.text(id=f"good-4{mark}")]))["entry"],
    ]


cases = st.tuples(st.sampled_from(FIELDS), mutants, any_json, any_json, any_json)
