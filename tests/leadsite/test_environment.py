"""Environment variables: their valid values, and the messages for others."""

from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from leadsite.environment import Environment, parse_database_url
from tests.site import environment, manage


def reading(**variables: str) -> Environment:
    env = Environment()
    env.ENVIRON = variables
    return env


@pytest.mark.parametrize("text", ["abc", "-1", "0", "65536", "8000.5", "٨٠٠٠", "9" * 5000])
def test_the_error_for_an_invalid_number_names_the_variable(text: str) -> None:
    with pytest.raises(
        ImproperlyConfigured, match=r"^PORT is '.*'\. Write a whole number from 1 to 65535\.$"
    ) as refused:
        reading(PORT=text).int("PORT", 8000)
    assert len(str(refused.value)) < 200


@pytest.mark.parametrize(("variables", "number"), [({}, 8000), ({"PORT": ""}, 8000), ({"PORT": " 80 "}, 80)])
def test_the_default_of_a_number(variables: dict[str, str], number: int) -> None:
    assert reading(**variables).int("PORT", 8000) == number


@pytest.mark.parametrize(
    ("text", "truth"), [("true", True), ("ON", True), ("1", True), ("No", False), ("0", False), ("", True)]
)
def test_a_boolean_has_several_spellings(text: str, truth: bool) -> None:
    assert reading(HTTPS=text).bool("HTTPS", True) is truth


def test_an_invalid_boolean_is_refused() -> None:
    with pytest.raises(ImproperlyConfigured, match=r"HTTPS is 'tru'\. Write true or false\."):
        reading(HTTPS="tru").bool("HTTPS", True)


@pytest.mark.parametrize(
    ("read", "good", "bad"),
    [
        (lambda env: env.zone("X", "UTC"), {"Europe/Berlin": "Europe/Berlin", "": "UTC"}, ["Mars", "../../etc/passwd"]),
        (lambda env: env.level("X", "INFO"), {"debug": "DEBUG", "": "INFO"}, ["loud", "10"]),
        (lambda env: env.origin("X"), {"https://a.example/": "https://a.example", "": ""}, ["a.example", "ftp://a"]),
    ],
)
def test_other_values_are_checked_as_well(read: Any, good: dict[str, str], bad: list[str]) -> None:
    assert {text: read(reading(X=text)) for text in good} == good
    for text in bad:
        with pytest.raises(ImproperlyConfigured, match=r"^X is"):
            read(reading(X=text))


@pytest.mark.parametrize(
    "url", ["nonsense", "mysql://u:secret@h/d", "postgresql://u:secret@h:port/d", "postgresql://u:secret@h"]
)
def test_the_error_for_an_invalid_database_url_hides_its_password(url: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=r"^DATABASE_URL is not") as refused:
        parse_database_url(url)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    ("variable", "value"), [("PORT", "abc"), ("DATABASE_URL", "nonsense"), ("LEADSITE_DATA_DIR", "/dev/null")]
)
def test_manage_py_prints_the_error_in_one_line(tmp_path: Path, variable: str, value: str) -> None:
    ended = manage("check", env=environment(tmp_path, LEADSITE_DEMO="true") | {variable: value})

    assert ended.returncode == 1
    assert ended.stderr.startswith(f"manage.py: {variable} is ")
    assert ended.stderr.count("\n") == 1
