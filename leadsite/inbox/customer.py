"""The third pane: the customer, their leads with the next steps, and who takes care of them."""

from typing import Any
from urllib.parse import urlencode

from django.urls import reverse

from conversations.admin.referral import read_referral
from conversations.models import Conversation
from leads.models import DETAILS_MAX_LENGTH, OPEN_STATUSES, Lead
from leads.services.change import last_steps_of
from leads.services.status_order import TRANSITIONS
from leadsite.accounts.people.assigning import assignable, may_be_mentioned
from leadsite.adminkit.values import badge, day
from leadsite.core import clock
from leadsite.inbox.access import Viewer
from leadsite.inbox.times import for_input, moment_words

# Leads of all conversations of the customer; conversations beside the open one.
_LEADS = 10
_OTHERS = 5


def customer_pane(viewer: Viewer, conversation: Conversation) -> dict[str, Any]:
    """Return the context of inbox/customer.html; five statements, six where a lead was changed just now."""
    customer = conversation.customer
    leads = Lead.objects.select_related("assigned_to").filter(
        user_id=viewer.business_id, conversation__customer_id=customer.pk
    )
    newest = list(leads.order_by("-created_at", "-pk")[:_LEADS])
    undoable = last_steps_of(newest, person_id=viewer.person_id) if viewer.may_write else {}
    shown = [_lead(lead) | {"may_undo": lead.pk in undoable} for lead in newest]
    others = customer.conversations.exclude(pk=conversation.pk).order_by("-pk")[:_OTHERS]
    mentioned = may_be_mentioned(business_id=viewer.business_id)
    find_leads = urlencode({"q": customer.phone or customer.name})
    return {
        "customer": customer,
        "conversation": conversation,
        "leads": [lead for lead in shown if lead["lead"].conversation_id == conversation.pk],
        "earlier": [lead for lead in shown if lead["lead"].conversation_id != conversation.pk],
        "others": [(other, day(other.created_at)) for other in others],
        "assignees": assignable(business_id=viewer.business_id, present=conversation.assigned_to_id),
        # For the names after an @: one on each line.
        "people_names": "\n".join(person.person_name for person in mentioned),
        "may_write": viewer.may_write,
        "types": Lead.Type.choices,
        "details_max_length": DETAILS_MAX_LENGTH,
        "opted_out": customer.marketing_opted_out_at,
        "customer_url": reverse("admin:conversations_customer_change", args=[customer.pk]),
        "conversation_url": reverse("admin:conversations_conversation_change", args=[conversation.pk]),
        "all_leads_url": f"{reverse('admin:leads_lead_changelist')}?{find_leads}",
    }


def _lead(lead: Lead) -> dict[str, Any]:
    return {
        "lead": lead,
        "badge": badge(lead.get_status_display(), lead.status),
        "steps": [(status, Lead.Status(status).label) for status in TRANSITIONS[lead.status] if status != "lost"],
        "may_be_lost": "lost" in TRANSITIONS[lead.status],
        "created": day(lead.created_at),
        "follow_up": moment_words(lead.follow_up_at) if lead.follow_up_at else "",
        "follow_up_input": for_input(lead.follow_up_at),
        "is_due": lead.follow_up_at is not None and lead.follow_up_at <= clock.now() and lead.status in OPEN_STATUSES,
        "is_open": lead.status in OPEN_STATUSES,
        "referral": read_referral(lead.referral),
        "url": reverse("admin:leads_lead_change", args=[lead.pk]),
    }
