"""Invites somebody as the owner of a business does, and accepts as the invited person does."""

import re
from html import unescape
from typing import Any

from django.test import Client

from leadsite.accounts.models import Invitation
from tests.staff import Staff, address, errors_of

NEW = {"name": "Nia", "password1": "correct horse battery", "password2": "correct horse battery"}
ADD = address("add", Invitation)


def invited(chief: Staff, email: str = "Nia@bakery.example", role: str = "agent") -> str:
    """The link that the page of a new invitation shows."""
    answer = chief.fill(ADD, email=email, role=role)
    assert answer.status_code == 302, errors_of(answer)
    page = chief.get(answer.url).content.decode()
    (link,) = re.findall(r">(http://testserver/admin/invitation/[^<]+)<", page)
    return unescape(link).removeprefix("http://testserver")


def send(client: Client, link: str, **form: str) -> Any:
    return client.post("/admin/invitation/", {"link": link.partition("link=")[2].replace("%3A", ":"), **form})
