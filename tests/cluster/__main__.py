"""Starts tests/cluster/run.py in namespaces of its own: `python -m tests.cluster --each=4`.

Its network, its mounts and its processes are nobody else's, and all of them end with it, however it ends.
"""

import os
import shutil
import sys

PACKAGES = {
    "etcd": "etcd-server",
    "haproxy": "haproxy",
    "ip": "iproute2",
    "patroni": "patroni",
    "pgbouncer": "pgbouncer",
    "psql": "postgresql-client",
    "setpriv": "util-linux",
    "unshare": "util-linux",
}


def missing() -> str:
    """What is to be done before the cluster can start; "" where nothing is."""
    path = os.environ["PATH"] + ":/usr/sbin:/sbin"
    packages = {package for program, package in PACKAGES.items() if not shutil.which(program, path=path)}
    if not os.path.exists("/usr/lib/postgresql/15/bin/postgres"):
        packages.add("postgresql-15")
    if packages:
        return f"The cluster needs programs that are not installed: apt-get install {' '.join(sorted(packages))}"
    return "" if os.geteuid() == 0 else "The cluster needs root, for network namespaces: sudo make test-cluster"


def main() -> None:
    problem = missing()
    if problem:
        sys.exit(problem)
    os.environ["DJANGO_SETTINGS_MODULE"] = "leadsite.settings"
    os.environ["LEADSITE_DEMO"] = "true"
    unshare = ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
    os.execvp(unshare[0], [*unshare, sys.executable, "-m", "tests.cluster.init", *sys.argv[1:]])


if __name__ == "__main__":
    main()
