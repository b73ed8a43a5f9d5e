"""What deploy/systemd adds to the units of Debian's packages; tests/long/test_install.py has our own units.

Needs systemd-analyze (apt-get install systemd); without it these tests are skipped.
"""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.blocks import blocks
from tests.site import REPOSITORY

ANALYZE = shutil.which("systemd-analyze")
# By our file, the unit; the types are those of Debian's units, which have no Restart= in PostgreSQL's and pgbouncer's.
UNITS = {
    "alertmanager": ("prometheus-alertmanager.service", "simple"),
    "nginx": ("nginx.service", "forking"),
    "pgbouncer": ("pgbouncer.service", "notify"),
    "postgresql": ("postgresql@.service", "forking"),
}


@pytest.mark.skipif(not ANALYZE, reason="systemd is not installed: apt-get install systemd")
@pytest.mark.parametrize("name", UNITS)
def test_systemd_takes_what_is_added_to_a_unit(tmp_path: Path, name: str) -> None:
    unit, kind = UNITS[name]
    file = tmp_path / unit
    file.write_text(f"[Service]\nType={kind}\nExecStart=/bin/true\n")
    added = tmp_path / f"{unit}.d/leadsite.conf"
    added.parent.mkdir()
    shutil.copy(REPOSITORY / f"deploy/systemd/{name}.conf", added)
    # An instance is what runs: postgresql@15-main.service.
    started = tmp_path / unit.replace("@.", "@15-main.")
    if started != file:
        shutil.copy(file, started)
    env = {"SYSTEMD_UNIT_PATH": f"{tmp_path}:"}
    command = [str(ANALYZE), "verify", "--man=no", str(started)]
    checked = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    ours = [line for line in checked.stderr.splitlines() if str(tmp_path) in line]
    assert (checked.returncode, ours) == (0, []), checked.stderr


@pytest.mark.parametrize("name", ["pgbouncer", "postgresql"])
def test_what_debian_does_not_restart_is_restarted_for_ever(name: str) -> None:
    added = (REPOSITORY / f"deploy/systemd/{name}.conf").read_text().splitlines()
    assert {"Restart=always", "StartLimitIntervalSec=0"} <= set(added)
    copied = f"deploy/systemd/{name}.conf /etc/systemd/system/{UNITS[name][0]}.d/leadsite.conf"
    assert [block for block in blocks(REPOSITORY / "docs/operations.md") if copied in block.text]
