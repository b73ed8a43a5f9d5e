"""The table of error codes has each code that is answered, with its status; docs/api.md lists the same."""

import json
import re

import pytest
from django.conf import settings

from leadsite.errors import _DATABASE, ERRORS
from leadsite.rest.error_codes import ERROR_CODES, body_of
from leadsite.server.bodies import BodyRefused, BodyTooLarge, BodyTooSlow, NoRoom

SOURCES = ("leadsite/errors.py", "leadsite/server/answers.py", "leadsite/server/application.py")
# Named beside their status: refusal(scope, visit, 503, "too_busy", …); envelope(…, "not_found"), status=404.
REFUSALS = re.compile(r'refusal\(scope, visit, (\d{3}), "(\w+)"')
ENVELOPES = re.compile(r'envelope\(.*?, "(\w+)"\), status=(\d{3})')


def answered() -> set[tuple[int, str]]:
    found = {(status, code) for _, status, code in ERRORS} | set(_DATABASE.values())
    found |= {(kind.status, kind.code) for kind in (BodyRefused, BodyTooLarge, BodyTooSlow, NoRoom)}
    for name in SOURCES:
        text = (settings.BASE_DIR / name).read_text(encoding="utf-8")
        found |= {(int(status), code) for status, code in REFUSALS.findall(text)}
        found |= {(int(status), code) for code, status in ENVELOPES.findall(text)}
    return found


def test_the_table_has_every_code_that_is_answered_with_its_status():
    assert answered() == {(one.status, code) for code, one in ERROR_CODES.items()}


def test_proxies_answer_for_the_site_in_its_form():
    folder = settings.BASE_DIR / "deploy"
    texts = [(folder / name).read_text("utf-8") for name in ("nginx/leadsite.conf", "cluster/haproxy.cfg.in")]
    bodies = [json.loads(body) for text in texts for body in re.findall(r"'(\{.*\})'", text)]
    assert len(bodies) == 4
    for body in bodies:
        assert body.keys() == body_of("invalid").keys()
        assert body["code"] in ERROR_CODES


def test_the_documentation_lists_them():
    text = (settings.BASE_DIR / "docs" / "api.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\d{3}) \| ([^|]+) \|", text, re.MULTILINE)
    listed = {(int(status), code) for status, codes in rows for code in re.findall(r"`(\w+)`", codes)}
    assert listed == {(one.status, code) for code, one in ERROR_CODES.items()}


@pytest.mark.parametrize("code", ERROR_CODES)
def test_the_sentence_of_each_example_is_in_the_code(code: str):
    """Those of our own; others are DRF's, or have numbers in them."""
    sentence = body_of(code)["error"]
    assert sentence == sentence.strip()
    assert sentence.endswith((".", ")."))
