"""Lists of rows that belong to businesses."""

import pytest
from django.contrib import admin
from django.db.models import Model

from leadsite.accounts.models import User
from leadsite.adminkit.owned import OwnedAdmin
from tests.factories import Business
from tests.staff import address, operator, person_of

OWNED = [model for model, page in admin.site._registry.items() if isinstance(page, OwnedAdmin)]


@pytest.mark.parametrize("model", OWNED, ids=lambda model: model._meta.label)
def test_an_operator_chooses_among_businesses_and_not_among_their_people(
    owner: Business, stranger: Business, model: type[Model]
):
    person_of(owner, "agent")
    person_of(owner, "viewer")
    shown = operator().get(address("changelist", model)).context_data["cl"]
    (by_business,) = [one for one in shown.filter_specs if getattr(one, "field_path", "") == "user"]
    assert dict(by_business.lookup_choices) == {one.pk: str(one) for one in User.objects.businesses()}
