"""What a merge would do, said before."""

import pytest

from conversations.models import Customer, Message
from leads.merging.preview import preview_merge
from tests.leads.merging.pairs import message

pytestmark = pytest.mark.django_db


def test_it_says_what_moves_and_what_becomes_of_the_number(pair):
    source, target = pair
    message(source.conversations.get().pk, direction="out", status="queued")
    found = preview_merge(source=source, target=target)
    assert (found.conversations, found.leads, found.deleted, found.messages, found.queued) == (1, 1, 1, 2, 1)
    assert (found.joins, found.name, found.gets, found.gives_up) == (True, "Ana", (), (source.phone,))
    assert Message.objects.count() == 3


def test_a_blank_number_is_filled(pair):
    source, target = pair
    Customer.objects.filter(pk=target.pk).update(phone=None, whatsapp_user_id="DE.1")
    target.refresh_from_db()
    target.conversations.update(status="completed")
    found = preview_merge(source=source, target=target)
    assert (found.gets, found.gives_up, found.joins) == ((source.phone,), (), False)
