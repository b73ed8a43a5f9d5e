"""The first complete copy of a message is used; the parts of a call become one message."""

from dataclasses import asdict, replace

from hypothesis import given
from hypothesis import strategies as st

from conversations.calls import Call
from conversations.incoming import CallPart, Opens, distinct_messages
from tests.conversations.incoming_messages import message


@given(st.lists(st.sampled_from(["text", "unsupported", "image"]), min_size=1))
def test_the_first_complete_copy_of_a_message_is_used(kinds):
    (one,) = distinct_messages([message(kind=kind, provider_id="wamid.1") for kind in kinds])
    assert one.event.kind == next((kind for kind in kinds if kind != "unsupported"), "unsupported")
    assert one.completes("unsupported") == (one.event.kind != "unsupported")
    assert not one.completes("text")


CALLS = st.lists(
    st.tuples(
        st.sampled_from(["connect", "terminate", "recording"]),
        st.integers(0, 5),
        st.builds(Call, took_place=st.booleans(), seconds=st.integers(0, 200), recorded=st.booleans()),
    ),
    min_size=1,
    max_size=6,
)


def part(name, at, call):
    one = message(at=at, kind="call", provider_id="wacid.1", opens=Opens.LEAD if call.took_place else Opens.HOLDER)
    extras = {"call": asdict(call), "events": {name: {"at": at}}}
    return replace(one, event=replace(one.event, content=call.words(incoming=True), call=call, extras=extras))


@given(CALLS, st.randoms())
def test_the_parts_of_a_call_are_one_message_in_any_order(parts, random):
    given_parts = [part(*one) for one in parts]
    shuffled = random.sample(given_parts, len(given_parts))
    (one,) = distinct_messages(given_parts)
    (other,) = distinct_messages(shuffled)
    assert (one.at, one.event, one.last_part_at) == (other.at, other.event, other.last_part_at)
    assert one.at == min(each.at for each in given_parts)
    stored = given_parts[0]
    for each in [*given_parts[1:], *shuffled]:
        stored = each.with_part(CallPart(stored.event.direction, stored.event.provider_time, stored.event.extras))
    assert (stored.event.content, stored.event.extras) == (one.event.content, one.event.extras)


def test_a_call_completes_only_a_call():
    call = part("connect", 0, Call(took_place=True))
    assert [call.completes(kind) for kind in ("call", "text", "unsupported")] == [True, False, False]
    assert not message(kind="call").completes("call")
