"""Looks the pinned packages up among known vulnerabilities: `python .ci/audit.py FILE…`.

Exit code 1 where a package has one. That no service can be reached, or that none knows the packages, is said in a line
and is no failure: it is a property of the network and not of the change.
"""

import json
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

# What pip-audit can ask, in this order: the package index, then the database of open source vulnerabilities.
SERVICES = ("pypi", "osv")
TIMEOUT_SECONDS = 120


def main(files: Sequence[str]) -> int:
    """Returns the exit code: 1 where a pinned package has a known vulnerability."""
    for service in SERVICES:
        packages = ask(service, files)
        audited = [package for package in packages if "skip_reason" not in package]
        if audited:
            return report(audited, len(packages))
    sys.stdout.write("Not audited: no service of known vulnerabilities answers from here about the pinned packages.\n")
    return 0


def ask(service: str, files: Sequence[str]) -> list[dict[str, Any]]:
    """Returns each package with its vulnerabilities or why it was skipped; nothing without an answer."""
    command = [sys.executable, "-m", "pip_audit", "--disable-pip", "--progress-spinner=off", "--format=json"]
    command += [f"--vulnerability-service={service}", *(f"--requirement={file}" for file in files)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_SECONDS, check=False)  # noqa: S603 -- arguments of the Makefile
        return list({package["name"]: package for package in json.loads(done.stdout)["dependencies"]}.values())
    except (subprocess.TimeoutExpired, json.JSONDecodeError):
        return []


def report(audited: list[dict[str, Any]], pinned: int) -> int:
    """Writes what the service knows, and returns the exit code."""
    vulnerable = [package for package in audited if package["vulns"]]
    for package in vulnerable:
        found = [f"{entry['id']}{fixed_in(entry['fix_versions'])}" for entry in package["vulns"]]
        sys.stderr.write(
            f"{package['name']} {package['version']} has known vulnerabilities: {', '.join(found)}. "
            "Raise its version in requirements*.in, or where it is not named there: "
            f"make requirements ARGS='--upgrade-package {package['name']}'\n"
        )
    sys.stdout.write(f"{len(audited)} of {pinned} packages audited, {len(vulnerable)} with known vulnerabilities.\n")
    return int(bool(vulnerable))


def fixed_in(versions: Sequence[str]) -> str:
    """Returns the words about the versions that do not have a vulnerability any more."""
    return f" (fixed in {', '.join(versions)})" if versions else " (no fixed version yet)"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
