"""Hostile files that staff upload to a real server: none of its processes reads them, nor at a look at their page."""

import re
from pathlib import Path

import pytest

from leads.models import ImportRun
from tests.factories import Business
from tests.leads.importing.bombs import BOMBS
from tests.leads.uploading import run_worker, the_run
from tests.sessions import database_url
from tests.site import Site, serving
from tests.staff import address, browsing, upload_to

pytestmark = pytest.mark.django_db(transaction=True)

# Those that take the most memory, or the longest, where they are read without limits.
KINDS = ("styles", "small styles", "long text", "deep XML", "columns", "cells of JSON")
LOOKS = 3
MOST_BYTES = 250 * 2**20


def peak(site: Site) -> int:
    """The most memory that one of the web processes has had."""
    found = [Path(f"/proc/{pid}/status").read_text() for pid in site.workers()]
    return max(int(number) * 1024 for text in found for number in re.findall(r"VmHWM:\s+(\d+) kB", text))


def test_a_hostile_file_takes_no_memory_of_a_web_process(owner: Business, tmp_path: Path) -> None:
    with serving(database_url(), tmp_path) as site, browsing(site, owner) as browser:
        for kind in KINDS:
            name, make = BOMBS[kind]
            answer = upload_to(site, browser, owner, name, make())
            assert answer.status_code == 200, (kind, answer.text[:2000])
            assert the_run().preview is None, "There is no worker that could have read it."
            run_worker()
            assert the_run().preview is not None
            for _ in range(LOOKS):
                page = browser.get(site.address + address("change", the_run()), timeout=60)
                assert page.status_code == 200, kind
            assert peak(site) < MOST_BYTES, kind
            ImportRun.objects.all().delete()
