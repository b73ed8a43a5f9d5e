"""Pages of all models: forged addresses are no server error, and queries do not depend on the number of rows."""

from itertools import product

import pytest
from django.db import connection
from django.db.models import Model
from django.test.utils import CaptureQueriesContext

from leads.models import Lead
from leadsite.accounts.services import create_business
from tests.factories import Business
from tests.leadsite.full_business import with_rows
from tests.leadsite.test_admin import MODELS, site_of_one
from tests.staff import address

__all__ = ["site_of_one"]

FORGED = [
    *("p=0", "p=abc", "p=999999999999", "all=", "o=99", "o=1.x", "e=1", "_facets=1", "_popup=1", "nothing=1"),
    *("q=%00", "q=%EF%BF%BF", "id__exact=x", "pk__in=%00", "user__id__exact=x", "status__exact=%00", "status__exact=x"),
    *(
        "created_at__gte=x",
        "created_at__year=0",
        "created_at__year=99999",
        "assigned=x",
        "user__password__startswith=p",
    ),
    "name__exact=%00",
]


@pytest.mark.parametrize("model", MODELS)
def test_a_forged_address_is_no_server_error(model, site_of_one):
    for query in FORGED:
        response = site_of_one.client.get(f"{address('changelist', model)}?{query}")
        assert response.status_code in {200, 302, 400}, query
    for path in ("%00", "x", "00000000-0000-0000-0000-000000000000", "1e9", "99999999999999999999"):
        for page in ("change", "history", "delete") if path == "%00" else ("change",):
            response = site_of_one.client.get(f"{address('changelist', model)}{path}/{page}/")
            assert response.status_code in {302, 403}, (path, page)
    for query in ("user=x", "expiry=x", "is_active=x", "status=x", "_to_field=x"):
        response = site_of_one.client.get(f"{address('add', model)}?{query}")
        assert response.status_code in {200, 400, 403}, query


def test_the_number_of_queries_does_not_depend_on_the_number_of_rows(site_of_one, owner):
    def queries(model: type[Model], query: str) -> int:
        with CaptureQueriesContext(connection) as context:
            assert site_of_one.client.get(address("changelist", model) + query).status_code == 200
        return len(context)

    with_rows(owner)
    queries(Lead, "")
    pages = list(product(MODELS, ("", "?q=491")))
    few = {page: queries(*page) for page in pages}
    for n in range(8):
        with_rows(Business(create_business(email=f"shop{n}@example.com")))
    assert {page: queries(*page) for page in pages} == few
    # One is for the menu: what the person works for. A search is in a transaction with its own settings of plans: three
    # statements more.
    assert {page: count for page, count in few.items() if count > (14 if page[1] else 11)} == {}
