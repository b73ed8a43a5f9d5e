"""What a message has besides its text, as REST API and events show it: media, context, reaction, referral.

The readers of deliveries create these objects, `Message.parts` stores them, and the API and
`leadsite/webhooks/sql/write_message_events.sql` show them as they are stored: this is the only definition of their
shape. Both add `message_id` to a context and a reaction: our id of that message, where it is stored.
"""

from typing import TypedDict


class Media(TypedDict):
    """A file. `id`: the provider's; `url`: where the provider has it. What is stored of it: StoredMedia."""

    id: str | None
    mime_type: str | None
    filename: str | None
    caption: str | None
    sha256: str | None
    url: str | None


class ReferredProduct(TypedDict):
    catalog_id: str | None
    product_retailer_id: str | None


class Context(TypedDict):
    """What a message refers to. `provider_id`: of the message that it answers, edits or deletes."""

    provider_id: str | None
    forwarded: bool
    frequently_forwarded: bool
    referred_product: ReferredProduct | None


class Reaction(TypedDict):
    """`provider_id`: of the message that the customer reacted to. `emoji` is null where the reaction was removed."""

    provider_id: str | None
    emoji: str | None
    removed: bool


class Referral(TypedDict):
    """The advertisement or post that brought the customer. `media_type`: image or video."""

    source_type: str | None
    source_id: str | None
    source_url: str | None
    headline: str | None
    body: str | None
    ctwa_clid: str | None
    media_type: str | None
    media_url: str | None
    thumbnail_url: str | None
    welcome_message: str | None


class Parts(TypedDict, total=False):
    """The parts that a message has."""

    media: list[Media]
    context: Context
    reaction: Reaction
    referral: Referral
