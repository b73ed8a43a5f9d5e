"""Imports that are stopped, run twice at once and resumed."""

import json
import signal
import subprocess
import sys

import pytest

from leads.models import ImportRun, Lead
from tests.leads.importing.long_file import ROWS, assert_each_row_once, file, importing, no_sessions_left, rows_read
from tests.leads.importing.operator import HEADER
from tests.leadsite.workers import variables
from tests.site import REPOSITORY, until

pytestmark = pytest.mark.django_db(transaction=True)

__all__ = ["file", "no_sessions_left"]


def test_two_processes_on_one_run_store_each_row_once(owner, file, tmp_path):
    first = importing(owner, file, tmp_path)
    until(lambda: rows_read() > 0, lambda: str(first.poll()))
    second = importing(owner, file, tmp_path, "--resume")
    (_, first_error), (_, second_error) = first.communicate(timeout=120), second.communicate(timeout=120)
    codes = sorted([first.returncode, second.returncode])
    # If the first finished before the second started, there was nothing left to resume.
    assert codes in ([1, 2], [1, 1]), (first_error, second_error)
    assert Lead.objects.count() == ROWS
    assert codes == [1, 1] or "Another process" in first_error + second_error


def test_ctrl_c_ends_between_batches_with_a_summary(owner, file, tmp_path):
    process = importing(owner, file, tmp_path)
    until(lambda: rows_read() > 0, lambda: str(process.poll()))
    process.send_signal(signal.SIGINT)
    out, error = process.communicate(timeout=120)
    assert process.returncode == 130, error
    summary = json.loads(out)
    run = ImportRun.objects.get()
    assert (summary["state"], run.state) == ("interrupted", "interrupted")
    assert summary["read"] == run.read == run.created + run.skipped + run.failed
    assert Lead.objects.count() == run.created
    process = importing(owner, file, tmp_path, "--resume")
    process.communicate(timeout=120)
    assert_each_row_once(owner)


def test_a_run_with_other_options_is_not_resumed(owner, file, tmp_path):
    process = importing(owner, file, tmp_path)
    until(lambda: rows_read() > 0, lambda: str(process.poll()))
    process.kill()
    process.communicate()
    process = importing(owner, file, tmp_path, "--resume", "--on-duplicate=update")
    _, error = process.communicate(timeout=120)
    assert process.returncode == 2
    assert "other options" in error


def test_an_endless_pipe_is_refused(owner, tmp_path):
    process = subprocess.Popen(
        [sys.executable, "manage.py", "import_leads", "-", "--user", owner.user.email],
        cwd=REPOSITORY,
        env=variables(tmp_path),
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdin is not None
    process.stdin.write(HEADER.encode() + b"\n")
    with pytest.raises(BrokenPipeError):
        process.stdin.writelines(b"x" * 2**20 for _ in range(3000))
    assert process.stderr is not None
    assert b"Line 2 does not end" in process.stderr.read()
    process.stdin.close()
    process.stderr.close()
    assert process.wait(120) == 2
