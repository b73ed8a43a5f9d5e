"""Lists are converted to PostgreSQL arrays without loss."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadsite.core.arrays import array, column_arrays
from leadsite.core.statements import fetch_rows
from tests.cases import each_case

pytestmark = pytest.mark.django_db
texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))
zones = st.sampled_from([UTC, timezone(timedelta(hours=-9))])


# Hypothesis requires the bound without a time zone.
moments = st.datetimes(min_value=datetime(1900, 1, 2), timezones=zones)  # noqa: DTZ001


@given(
    st.lists(st.none() | texts),
    st.lists(st.none() | moments),
    st.lists(st.uuids() | st.none()),
    st.lists(st.booleans()),
)
def test_postgresql_returns_the_same_lists(words, times, ids, flags):
    lists = [words, times, ids, flags]
    (back,) = fetch_rows("SELECT %s::text[], %s::timestamptz[], %s::uuid[], %s::boolean[]", list(map(array, lists)))
    assert list(back) == lists


@given(st.lists(st.tuples(st.none() | texts, st.none() | moments, st.uuids() | st.none(), st.booleans()), min_size=1))
def test_postgresql_returns_the_same_rows(rows):
    statement = "SELECT * FROM unnest(%s::text[], %s::timestamptz[], %s::uuid[], %s::boolean[])"
    assert fetch_rows(statement, column_arrays(rows)) == rows


@each_case("text", ["NULL", "null", "", " ", '"', "\\", "{}", "a,b", "{a", '\\"'])
def test_texts_with_array_syntax_are_escaped(text):
    assert fetch_rows("SELECT * FROM unnest(%s::text[])", [array([text, None])]) == [(text,), (None,)]
