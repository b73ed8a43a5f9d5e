"""Pictures that are sent are decoded in a process of their own, by the web server too."""

import base64
from typing import Any

import pytest
import requests

from conversations.media.pictures import NotAPicture
from conversations.models import Message
from leads.importing.isolated.process import Limits
from tests.factories import Business
from tests.site import Site
from tests.whatsapp.mailing import AMINA, Mailing
from tests.whatsapp.provider_files import picture
from whatsapp.media import isolated

pytestmark = pytest.mark.django_db(transaction=True)


def body(content: bytes) -> dict[str, Any]:
    return {"to": AMINA, "media": {"content": base64.b64encode(content).decode(), "filename": "cake"}}


@pytest.mark.parametrize("form", ["JPEG", "WEBP", "HEIF"])
def test_a_picture_is_read_and_converted(mailing: Mailing, form: str) -> None:
    assert mailing.post(**body(picture(form=form))).status_code == 202
    assert Message.objects.get().parts["media"][0]["mime_type"] == "image/jpeg"  # type: ignore[index] # it has parts


def test_one_that_needs_too_much_memory_is_refused(mailing: Mailing, monkeypatch: pytest.MonkeyPatch) -> None:
    small = Limits(memory=300 * 2**20, cpu=20, silence=30, message=2**20, expected=(NotAPicture,))
    monkeypatch.setattr(isolated, "LIMITS", small)
    answer = mailing.post(**body(picture(7000, 7000, "PNG")))
    assert answer.status_code == 400
    assert "cannot be read as a picture" in answer.json()["error"]


@pytest.mark.parametrize(("content", "status"), [(picture(form="WEBP"), 202), (picture()[:300], 400)])
def test_the_web_server_has_such_processes(owner: Business, served_site: Site, content: bytes, status: int) -> None:
    headers = {"Authorization": f"Bearer {owner.api_key}"}
    answer = requests.post(f"{served_site.address}/api/whatsapp", json=body(content), headers=headers, timeout=60)
    assert (answer.status_code, Message.objects.count()) == (status, int(status == 202))
