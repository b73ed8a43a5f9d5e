"""The menu of the admin."""

from django.contrib.auth.models import Group
from django.urls import reverse

from conversations.models import Conversation, Customer, Message
from leads.models import ImportRun, Lead
from leadsite.accounts.models import ApiKey, User
from leadsite.webhooks.models import WebhookEndpoint, WebhookEvent
from tests.staff import address, operator, registered, staff_of
from whatsapp.models import Channel, MessageTemplate, WebhookDelivery

MODELS = registered()


def test_the_menu_shows_what_the_user_may_see(owner):
    own = staff_of(owner).get(reverse("overview")).content.decode()
    everything = operator().get(reverse("overview")).content.decode()

    for model in MODELS:
        assert f'href="{address("changelist", model)}"' in everything
    for model in (User, Group, WebhookDelivery):
        assert f'href="{address("changelist", model)}"' not in own
    for model in (
        Lead,
        Conversation,
        Message,
        Customer,
        ImportRun,
        ApiKey,
        Channel,
        WebhookEndpoint,
        WebhookEvent,
        MessageTemplate,
    ):
        assert f'href="{address("changelist", model)}"' in own
