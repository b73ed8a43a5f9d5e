"""The menu of the admin."""

import re

from django.contrib.auth.models import Group
from django.urls import reverse

from conversations.models import Conversation, Customer, Message
from leads.models import ImportRun, Lead
from leadsite.accounts.models import ApiKey, User
from leadsite.webhooks.models import WebhookEndpoint, WebhookEvent
from tests.cases import each_case
from tests.staff import address, operator, registered, staff_of
from whatsapp.models import Channel, MessageTemplate, WebhookDelivery

MODELS = registered()


@each_case("path, title", [("", "Inbox"), ("board/", "Board"), ("quickreply/", "Quick replies"), ("new/", "Inbox")])
def test_the_menu_marks_the_page_that_is_open_and_no_other(path, title, owner):
    page = staff_of(owner).get(f"/admin/inbox/{path}").content.decode()
    menu = page[page.index('id="nav-sidebar-apps"') :].partition("</nav>")[0]
    marked = re.findall(r'<a [^>]*class="[^"]* active".*?<span>(.*?)</span>', menu, re.DOTALL)
    assert marked == [title]


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
