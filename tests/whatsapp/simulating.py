"""Calls manage.py simulate_whatsapp in this process."""

import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from tests.site import SERVED_SECRET

SECRET = SERVED_SECRET
PHONE = "+491511234567"
TWILIO = "+493012345678"


def simulate(*arguments: str) -> str:
    """Run the command and return its output."""
    out = StringIO()
    call_command("simulate_whatsapp", *arguments, stdout=out)
    return out.getvalue()


def refusal(*arguments: str) -> tuple[int, str]:
    with pytest.raises(CommandError) as caught:
        simulate(*arguments)
    return caught.value.returncode, str(caught.value)


def printed(*arguments: str) -> dict[str, Any]:
    """The value that the command would post."""
    body = simulate("--print", *arguments).splitlines()[0]
    return dict(json.loads(body)["entry"][0]["changes"][0]["value"])
