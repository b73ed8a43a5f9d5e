"""Lists go to PostgreSQL and come back as they were; statements by hand take part in everything that Django does."""

from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import pytest
from django.db import DataError, IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from leadsite.core.arrays import array
from leadsite.core.statements import fetch_rows

pytestmark = pytest.mark.django_db

texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))
zones = st.sampled_from([UTC, timezone(timedelta(hours=-9))])
# Hypothesis wants the bound without a zone.
moments = st.datetimes(min_value=datetime(1900, 1, 2), timezones=zones)  # noqa: DTZ001


@given(
    st.lists(st.none() | texts),
    st.lists(st.none() | moments),
    st.lists(st.uuids() | st.none()),
    st.lists(st.booleans()),
)
def test_what_goes_in_comes_out(words, times, ids, flags):
    lists = [words, times, ids, flags]
    (back,) = fetch_rows("SELECT %s::text[], %s::timestamptz[], %s::uuid[], %s::boolean[]", list(map(array, lists)))
    assert list(back) == lists


@pytest.mark.parametrize("text", ["NULL", "null", "", " ", '"', "\\", "{}", "a,b", "{a", '\\"'])
def test_texts_that_mean_something_in_an_array_stay_texts(text):
    assert fetch_rows("SELECT * FROM unnest(%s::text[])", [array([text, None])]) == [(text,), (None,)]


def test_a_text_that_cannot_be_stored_is_a_data_error():
    with pytest.raises(DataError), transaction.atomic():
        fetch_rows("SELECT %s::text[]", [array(["a\0b"])])


def test_an_error_is_djangos_and_the_next_statement_works():
    with pytest.raises(IntegrityError, match="customers_user_fk"), transaction.atomic():
        fetch_rows("INSERT INTO customers (user_id, phone) VALUES (%s, '+1234567890')", [UUID(int=1)])
    assert fetch_rows("SELECT 1") == [(1,)]


def test_it_sees_a_new_connection_and_is_counted():
    assert fetch_rows("SELECT 1") == [(1,)]
    with CaptureQueriesContext(connection) as queries:
        assert fetch_rows("CREATE TEMPORARY TABLE scratch ()") == []
    assert len(queries) == 1


@pytest.mark.django_db(transaction=True)
def test_it_survives_the_loss_of_its_connection():
    assert fetch_rows("SELECT 1") == [(1,)]
    connection.close()
    assert fetch_rows("SELECT 2") == [(2,)]
