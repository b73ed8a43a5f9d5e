"""Where a business is: the country of its local phone numbers, and the time zone of its days."""

import zoneinfo
from functools import cache
from uuid import UUID

import phonenumbers
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from leadsite.adminkit.workplace import business_of


@cache
def zones() -> tuple[str, ...]:
    """The names of the time zones that this machine knows, such as Europe/Berlin, in the order of the alphabet."""
    return tuple(sorted(zoneinfo.available_timezones() - {"Factory", "localtime"}))


def check_country(code: str) -> None:
    """Raises ValidationError unless it is the two letters of a country, in capitals."""
    if code not in phonenumbers.SUPPORTED_REGIONS:
        raise ValidationError(
            _("There is no country “%(code)s”. Write its two letters, for example DE or MX."), params={"code": code}
        )


def check_zone(name: str) -> None:
    """Raises ValidationError unless it is a time zone."""
    if name not in zones():
        raise ValidationError(
            _("There is no time zone “%(name)s”. Write one such as Europe/Berlin or UTC."), params={"name": name}
        )


def country_of(business_id: UUID | None) -> str:
    """Return the two letters of the business's country; "" where it has named none. Raises django.db.Error."""
    found = get_user_model()._default_manager.filter(pk=business_id or UUID(int=0)).values_list("country", flat=True)
    return str(found.first() or "")


def country_of_request(request: HttpRequest) -> str:
    """Return the country of the business that the person works for; "" where there is none."""
    workplace = getattr(request.user, "workplace", None)
    return str(workplace.business.country) if workplace and business_of(request) else ""


def zone_of(name: str) -> zoneinfo.ZoneInfo:
    """Return a business's time zone by its name; the site's where it has named none, or one that is not known here."""
    try:
        return zoneinfo.ZoneInfo(name or settings.TIME_ZONE)
    except (ValueError, OSError, zoneinfo.ZoneInfoNotFoundError):
        return zoneinfo.ZoneInfo(settings.TIME_ZONE)
