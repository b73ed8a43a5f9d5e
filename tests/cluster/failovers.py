"""The five kinds of failover, and an upgrade. Each returns when all is there again; Patroni does the rest alone."""

import signal
import time
from collections.abc import Callable

import psutil
import requests

from tests.cluster.cluster import Cluster
from tests.cluster.nodes import DATABASES
from tests.cluster.refusals import UPGRADE
from tests.site import until

# systemd starts a killed program again after a moment.
RESTART_SECONDS = 2.0


def killed_postmaster(cluster: Cluster) -> None:
    """kill -9. Its children end by themselves; Patroni gives up its lease and a standby takes over."""
    old = cluster.leader()
    cluster.databases[old].postmaster().kill()
    await_another(cluster, old)


def stopped_postgres(cluster: Cluster) -> None:
    """SIGSTOP for the postmaster and all its processes: connections stay open and silent, Patroni waits, too."""
    old = cluster.leader()
    postmaster = cluster.databases[old].postmaster()
    stopped = [postmaster, *postmaster.children(recursive=True)]
    signal_all(stopped, signal.SIGSTOP)
    try:
        await_another(cluster, old)
    finally:
        signal_all(stopped, signal.SIGCONT)


def cut_network(cluster: Cluster) -> None:
    """The leader's machine is cut off from all others, in both directions; it goes on believing for a while."""
    old = cluster.leader()
    cluster.databases[old].plug("down")
    try:
        await_another(cluster, old)
    finally:
        cluster.databases[old].plug("up")


def switchover(cluster: Cluster) -> None:
    """As an operator does before maintenance: patronictl switchover, to the standby that it lists as synchronous."""
    old = cluster.leader()
    standby = until(cluster.synchronous_standby, cluster.log)
    answer = requests.post(
        f"http://{DATABASES[old]}:8008/switchover",
        json={"leader": old, "candidate": standby},
        auth=("patroni", cluster.passwords["REST_PASSWORD"]),
        timeout=60,
        proxies={"http": ""},
    )
    assert answer.status_code == 200, answer.text
    await_another(cluster, old)


def killed_etcd(cluster: Cluster) -> None:
    """kill -9 of etcd's leader, which is started again as systemd does. PostgreSQL's leader stays."""
    node = next(one for name, one in cluster.databases.items() if is_etcd_leader(DATABASES[name]))
    node.processes["etcd"].kill()
    node.processes["etcd"].wait()
    time.sleep(RESTART_SECONDS)  # what systemd waits, not a condition
    node.start_etcd()
    until(lambda: any(is_etcd_leader(address) for address in DATABASES.values()), cluster.log)


def rolling_upgrade(cluster: Cluster) -> None:
    """Migrations from one machine, then new processes on one machine after the other."""
    cluster.migrate()
    for site in cluster.sites:
        cluster.upgrade(site)


def is_etcd_leader(address: str) -> bool:
    try:
        answer = requests.get(f"http://{address}:2379/v2/stats/self", timeout=2, proxies={"http": ""}).json()
    except (requests.RequestException, ValueError):
        return False
    return bool(answer["state"] == "StateLeader")


def signal_all(processes: list[psutil.Process], number: signal.Signals) -> None:
    for process in processes:
        if process.is_running():
            process.send_signal(number)


def await_another(cluster: Cluster, old: str) -> None:
    until(lambda: cluster.leader() not in ("", old), cluster.log)


KINDS: dict[str, Callable[[Cluster], None]] = {
    "kill -9 postmaster": killed_postmaster,
    "SIGSTOP": stopped_postgres,
    "network cut": cut_network,
    "switchover": switchover,
    "kill of etcd's leader": killed_etcd,
    UPGRADE: rolling_upgrade,
}
