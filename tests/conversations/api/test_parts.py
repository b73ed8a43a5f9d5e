"""The description of parts for OpenAPI has the fields of conversations/message_parts.py."""

import pytest

from conversations.api.parts import (
    A_REFERRAL,
    ContextSerializer,
    MediaSerializer,
    ReactionSerializer,
    ReferralSerializer,
    ReferredProductSerializer,
)
from conversations.message_parts import Context, Media, Reaction, Referral, ReferredProduct


@pytest.mark.parametrize(
    ("serializer", "part", "added"),
    [
        (MediaSerializer, Media, {"state", "reason", "size", "thumbnail_url"}),
        (ReferredProductSerializer, ReferredProduct, set()),
        (ContextSerializer, Context, {"message_id"}),
        (ReactionSerializer, Reaction, {"message_id"}),
        (ReferralSerializer, Referral, set()),
    ],
)
def test_the_fields_are_those_of_the_stored_part(serializer, part, added):
    assert serializer().fields.keys() == part.__annotations__.keys() | added
    assert A_REFERRAL.keys() == Referral.__annotations__.keys()
