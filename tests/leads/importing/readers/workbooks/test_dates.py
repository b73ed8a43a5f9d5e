import pytest

from leads.importing.readers.workbooks.dates import date_format
from tests.cases import each_case


def shown(code, value, *, since_1904=False):
    show = date_format(code, since_1904=since_1904)
    assert show
    return show(float(value))


@each_case(
    ("code", "value", "text"),
    [
        ("yyyy-mm-dd", 45962, "2025-11-01"),
        ("d/m/yy", 45962, "2025-11-01"),
        ('dd". "mmmm" "yyyy', 45962, "2025-11-01"),
        ("[$-409]mmm d;@", 45962, "2025-11-01"),
        ("d/m/yy h:mm", 45962.375, "2025-11-01 09:00"),
        ("d/m/yy h:mm:ss", 45962.375, "2025-11-01 09:00:00"),
        ("d/m/yy", 45962.39, "2025-11-01 09:21:36"),
        ("h:mm AM/PM", 0.4, "09:36"),
        ("[h]:mm:ss", 1.25, "30:00:00"),
        ("yyyy-mm-dd", 1, "1900-01-01"),
        ("yyyy-mm-dd", 61, "1900-03-01"),
    ],
)
def test_dates_and_times_are_in_the_form_that_no_country_reads_in_another_way(code, value, text):
    assert shown(code, value) == text


def test_dates_may_be_counted_from_1904():
    assert shown("yyyy-mm-dd", 44500, since_1904=True) == "2025-11-01"


@pytest.mark.parametrize("value", [-1, 3_000_000, 1e14])
def test_a_date_that_no_calendar_has_is_an_error(value):
    with pytest.raises(ValueError, match="is a date before 1900 or after 9999"):
        shown("yyyy-mm-dd", value)


@pytest.mark.parametrize("code", ["General", "0", "#,##0.00", "@", '0" days"', "[Red]0", "0 \\d", "$0", ""])
def test_other_formats_are_not_of_dates(code):
    assert date_format(code, since_1904=False) is None
