import pytest

from leads.importing.readers.workbooks.number_formats import general, number_format
from tests.cases import each_case


def shown(code, value, **options):
    show = number_format(code, **({"since_1904": False} | options))
    return show(float(value)) if show else general(float(value))


@each_case(
    ("code", "value", "text"),
    [
        ("00000000000", 1512345678, "01512345678"),
        ("+#", 4915112345678, "+4915112345678"),
        ('"+"0', 4915112345678, "+4915112345678"),
        ("00 00 00 00 00", 612345678, "06 12 34 56 78"),
        (r"[<=9999999]###\-####;\(###\)\ ###\-####", 4155552671, "(415) 555-2671"),
        (r"[<=9999999]###\-####;\(###\)\ ###\-####", 5552671, "555-2671"),
        ("000-000-0000;@", 4155552671, "415-555-2671"),
        ("0%", 0.19, "19%"),
        ("0.00%", 0.195, "19.50%"),
        ('"€" #,##0.00', 1234.5, "€ 1,234.50"),
        ("#,##0.00\\ [$€-407];[Red]\\-#,##0.00\\ [$€-407]", -1234.5, "-1,234.50 €"),
        (r'_-* #,##0.00\ "€"_-;\-* #,##0.00\ "€"_-;_-* "-"??\ "€"_-;_-@_-', 12.5, "12.50 €"),
        ("$#,##0", 1234, "$1,234"),
        ("#,##0.00", 1234.5, "1,234.50"),
        ('0" kg"', 12, "12 kg"),
        ("0.##", 2.5, "2.5"),
        ("0.0", 2.25, "2.3"),
        ("0", -3, "-3"),
    ],
)
def test_a_number_is_shown_as_a_person_sees_it(code, value, text):
    assert shown(code, value) == text


@each_case(
    "code",
    [
        "General",
        "@",
        "0",
        "#,##0",
        "#,##0_);(#,##0)",
        "0.00E+00",
        "##0.0E+0",
        "# ?/?",
        "0,",
        "0.0,,",
        ";;;",
        "",
        "0" * 600,
    ],
)
def test_a_format_that_hides_digits_or_separates_them_leaves_a_phone_number_whole(code):
    assert shown(code, 4915112345678) == "4915112345678"


@pytest.mark.parametrize(
    ("value", "text"), [(0.1 + 0.2, "0.3"), (1e-7, "0.0000001"), (12.0, "12"), (-0.0, "0"), (1.5, "1.5")]
)
def test_without_a_format_a_number_has_all_its_digits(value, text):
    assert general(value) == text
