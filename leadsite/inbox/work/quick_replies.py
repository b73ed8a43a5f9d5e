"""Quick replies: what a slash in the box of a chat offers, with its fields filled in for that customer."""

from uuid import UUID

from django.db.models.functions import Lower
from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_GET

from conversations.models import Conversation
from leadsite.inbox.access import viewer_of
from leadsite.inbox.models import QuickReply

MOST = 200


@require_GET
def quick_replies(request: HttpRequest, conversation_id: UUID) -> JsonResponse:
    """The quick replies of the business, by their shortcuts."""
    viewer = viewer_of(request)
    chat = viewer.chat(conversation_id)
    rows = QuickReply.objects.filter(user_id=viewer.business_id).order_by(Lower("shortcut"))[:MOST]
    business = viewer.business_name
    return JsonResponse(
        {"replies": [{"shortcut": row.shortcut, "text": filled(row.text, chat, business)} for row in rows]}
    )


def filled(text: str, chat: Conversation, business: str) -> str:
    """The text with its fields; a customer without a name has none, and the words around it are closed up."""
    name = chat.customer.name
    if not name:
        text = text.replace(" {name}", "{name}")
    # One after the other would fill in a field that a name has in it.
    return "".join({"{name}": name, "{business}": business}.get(part, part) for part in _parts(text))


def _parts(text: str) -> list[str]:
    first, *rest = text.split("{")
    parts = [first]
    for piece in rest:
        word, brace, after = piece.partition("}")
        parts += [f"{{{word}{brace}", after]
    return parts
