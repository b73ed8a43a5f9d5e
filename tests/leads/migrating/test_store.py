"""Customers from the previous system are stored by statements of a limited number of parameters."""

from typing import Any

import pytest
from django.db import connection

from conversations.models import Conversation
from tests.factories import Business
from tests.leads.migrating.old_system import OldSystem, at
from tests.leads.migrating.test_migration import migrate

pytestmark = pytest.mark.django_db


def parameters_of(owner: Business, phone: str, conversations: int) -> int:
    """The most parameters of a statement that stores a customer with so many conversations with a message."""
    old, counted = OldSystem(), [0]
    for number in range(conversations):
        old.message(old.conversation(phone, status="completed"), timestamp=at(number))

    def count(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        counted.append(len(params or ()))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(count):
        migrate(owner, old)
    return max(counted)


def test_more_conversations_are_not_more_parameters(owner: Business) -> None:
    """PostgreSQL's maximum is 65,535, and a batch has all the conversations of its customers."""
    few, many = parameters_of(owner, "+4915112345671", 2), parameters_of(owner, "+4915112345672", 60)
    assert (few, Conversation.objects.count()) == (many, 62)
