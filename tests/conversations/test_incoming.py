"""The first complete copy of a message is used."""

from hypothesis import given
from hypothesis import strategies as st

from conversations.incoming import distinct_messages
from tests.conversations.incoming_messages import message


@given(st.lists(st.sampled_from(["text", "unsupported", "image"]), min_size=1))
def test_the_first_complete_copy_of_a_message_is_used(kinds):
    (one,) = distinct_messages([message(kind=kind, provider_id="wamid.1") for kind in kinds])
    assert one.event.kind == next((kind for kind in kinds if kind != "unsupported"), "unsupported")
    assert one.completes("unsupported") == (one.event.kind != "unsupported")
    assert not one.completes("text")
