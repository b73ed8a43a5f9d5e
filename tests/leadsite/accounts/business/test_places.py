"""Countries and time zones of businesses."""

import pytest
from django.core.exceptions import ValidationError

from leadsite.accounts.business.places import check_country, check_zone, zone_of
from tests.cases import each_case


@each_case("name, key", [("Europe/Berlin", "Europe/Berlin"), ("", "UTC"), ("Gone/Zone", "UTC"), ("../etc", "UTC")])
def test_a_zone_that_is_not_known_is_the_sites(name, key, settings):
    settings.TIME_ZONE = "UTC"
    assert zone_of(name).key == key


@each_case("check, value", [(check_country, "ZZ"), (check_country, "de"), (check_zone, "localtime"), (check_zone, "x")])
def test_what_is_none_is_refused(check, value):
    with pytest.raises(ValidationError):
        check(value)
