"""What each role may do in the admin, as permissions; with which rows: leadsite/adminkit/workplace.py.

Customers and messages are not added there: they are created with leads or received from WhatsApp. The pages of
operators ask for a superuser, whatever permissions somebody has. Owners get theirs by a group, so that operators can
give them more, or less.
"""

from typing import Final

from leadsite.accounts.people.models import Role

_VIEWER: Final = frozenset(
    {
        "leads.view_lead",
        "leads.view_importrun",
        "conversations.view_conversation",
        "conversations.view_customer",
        "conversations.view_label",
        "conversations.view_message",
        "inbox.view_quickreply",
        "whatsapp.view_messagetemplate",
        "whatsapp.view_channel",
        "whatsapp.view_accountevent",
        "monitoring.view_failedtransaction",
    }
)
_AGENT: Final = _VIEWER | {
    "leads.add_lead",
    "leads.change_lead",
    "leads.add_importrun",
    "conversations.change_conversation",
    "conversations.change_customer",
    "inbox.add_quickreply",
    "inbox.change_quickreply",
    "inbox.delete_quickreply",
}
_OWNER: Final = _AGENT | {
    "accounts.view_membership",
    "accounts.change_membership",
    "accounts.delete_membership",
    "conversations.add_label",
    "conversations.change_label",
    "conversations.delete_label",
    "accounts.view_apikey",
    "accounts.add_apikey",
    "accounts.change_apikey",
    "accounts.delete_apikey",
    "whatsapp.change_accountevent",
    "whatsapp.add_channel",
    "whatsapp.change_channel",
    "webhooks.add_webhookendpoint",
    "webhooks.change_webhookendpoint",
    "webhooks.delete_webhookendpoint",
    "webhooks.view_webhookendpoint",
    "webhooks.view_webhookevent",
}
PERMISSIONS: Final = {Role.OWNER: _OWNER, Role.AGENT: _AGENT, Role.VIEWER: _VIEWER}
# Who gets new leads, where a business has them assigned in turn.
WORKING: Final = (Role.OWNER, Role.AGENT)


def permissions_of(role: str) -> set[str]:
    """Return the permissions of a role; none for ""."""
    return set(PERMISSIONS[Role(role)]) if role else set()
