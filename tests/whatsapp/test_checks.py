"""System checks of a deployment: numbers that have no secret."""

import pytest
from django.core.checks import run_checks
from django.db import OperationalError

from tests.whatsapp import meta
from tests.whatsapp.twilio_forms import BUSINESS, TOKEN
from whatsapp.channels import connect_channel
from whatsapp.models import Channel


def warnings() -> dict[str, str]:
    found = run_checks(include_deployment_checks=True)
    return {str(one.id): str(one.msg) for one in found if one.id in ("leadsite.W002", "leadsite.W020")}


def test_without_any_secret_every_delivery_is_refused(db, settings, monkeypatch):
    settings.WHATSAPP_APP_SECRETS = []
    assert set(warnings()) == {"leadsite.W002"}
    assert "leadsite.W002" not in {one.id for one in run_checks()}

    def unavailable(*args, **options):
        raise OperationalError("unavailable")

    monkeypatch.setattr(Channel.objects, "filter", unavailable)
    assert set(warnings()) == {"leadsite.W002"}


@pytest.mark.parametrize(
    ("listed", "fields", "refused"),
    [
        ([], {}, True),
        (["a secret"], {}, False),
        ([], {"app_secret": "own"}, False),
        (["a secret"], {"phone_number_id": BUSINESS}, True),
        (["a secret"], {"phone_number_id": BUSINESS, "access_token": "AC1:SK1:secret of a key"}, True),
        ([], {"phone_number_id": BUSINESS, "access_token": "AC1:SK1:secret of a key", "app_secret": "own"}, False),
        ([], {"phone_number_id": BUSINESS, "access_token": TOKEN}, False),
    ],
)
def test_a_number_that_nothing_signs_for_is_named(owner, settings, listed, fields, refused):
    settings.WHATSAPP_APP_SECRETS = listed
    connect_channel(user_id=owner.id, phone_number_id="another", app_secret="of this one")
    number = connect_channel(user_id=owner.id, **({"phone_number_id": meta.CHANNEL} | fields))
    assert list(warnings()) == (["leadsite.W020"] if refused else [])
    if refused:
        assert number.phone_number_id in warnings()["leadsite.W020"]
        assert "another" not in warnings()["leadsite.W020"]
