"""manage.py demo never makes its superuser in the database of an installation."""

from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from conversations.models import Conversation, Customer, Message, NoteMention
from leads.models import Lead
from leadsite.accounts.models import User
from leadsite.demo.chats import CHATS, NEWCOMERS, TEMPLATES
from leadsite.demo.data import EMAIL, LEADS, NotADemo, ensure_demo
from leadsite.privacy.erasing import erase_customer
from tests.factories import Business
from tests.site import environment, manage
from whatsapp.models import MessageTemplate, WebhookDelivery


def test_it_refuses_the_secret_and_database_of_an_installation(settings: Any, db: None):
    settings.DEMO_IN_INSTALLATION = True
    with pytest.raises(CommandError, match="SECRET_KEY and DATABASE_URL are set, so this is an installation"):
        call_command("demo")
    assert not User.objects.filter(email=EMAIL).exists()


def test_it_refuses_a_database_with_businesses_and_no_demo(owner: Business, tmp_path: Path):
    with pytest.raises(NotADemo, match="LEADSITE_DEMO=force make run"):
        ensure_demo(tmp_path, force=False)
    assert not User.objects.filter(email=EMAIL).exists()


def test_a_demo_that_is_there_is_completed(db: None, tmp_path: Path):
    first = ensure_demo(tmp_path, force=False)
    assert ensure_demo(tmp_path, force=False) == first


def test_its_customers_have_written_once(db: None, tmp_path: Path):
    for _ in range(2):
        ensure_demo(tmp_path, force=False)
        assert Message.objects.count() == sum(map(len, CHATS.values()))
    assert Lead.objects.count() == len(LEADS) + len(NEWCOMERS)
    assert set(WebhookDelivery.objects.values_list("state", flat=True)) == {"processed"}
    waiting = Conversation.objects.filter(waiting_since__isnull=False).values_list("customer__name", flat=True)
    # What the bakery wrote to John Doe last has failed.
    assert set(waiting) == {"Amina Yılmaz", "João Pereira", "Farida Haddad", "נועה לוי", "John Doe"}
    assert Message.objects.get(status="failed").conversation.customer.name == "John Doe"
    assert NoteMention.objects.get().person.email == EMAIL
    assert MessageTemplate.objects.filter(status="approved").count() == len(TEMPLATES)


def test_it_starts_after_all_its_customers_were_erased(db: None, tmp_path: Path):
    ensure_demo(tmp_path, force=False)
    owner = User.objects.get(email=EMAIL)
    for customer in Customer.objects.filter(user=owner):
        erase_customer(user_id=owner.pk, customer_id=customer.pk)
    assert not Message.objects.exists()
    ensure_demo(tmp_path, force=False)
    assert Lead.objects.count() == len(LEADS)


def test_forced_it_makes_the_demo_beside_others(owner: Business, tmp_path: Path):
    ensure_demo(tmp_path, force=True)
    assert User.objects.filter(email=EMAIL, is_superuser=True).exists()


def test_a_shell_that_pytest_has_left_is_no_test(tmp_path: Path):
    """PYTEST_VERSION alone turns nothing on: without secrets a command refuses to start."""
    ended = manage("check", env=environment(tmp_path, PYTEST_VERSION="9.0"))
    assert ended.returncode == 1
    assert "SECRET_KEY is not set" in ended.stderr
