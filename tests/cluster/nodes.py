"""The machines of the cluster: of the database, network namespaces; of the site, addresses of loopback."""

import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from leadsite.demo.supervisor import server_command
from tests.site import REPOSITORY, until

BRIDGE, NETWORK = "cluster", "10.77.0"
DATABASES = {"db1": f"{NETWORK}.11", "db2": f"{NETWORK}.12", "db3": f"{NETWORK}.13"}
SITES = {"app1": "127.0.0.21", "app2": "127.0.0.22"}
POSTGRES = "/usr/lib/postgresql/15/bin"
# TimeoutStopSec of the worker's unit, and what a reload takes at most.
WORKER_STOP_SECONDS, RELOAD_SECONDS = 20.0, 90.0
_AS_POSTGRES = ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"]


def run(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def make_network() -> None:
    """A bridge, in the namespace of this process; /run/netns is its own, too."""
    Path("/run/netns").mkdir(exist_ok=True)
    run("mount", "-t", "tmpfs", "tmpfs", "/run/netns")
    run("ip", "link", "set", "lo", "up")
    run("ip", "link", "add", BRIDGE, "type", "bridge")
    run("ip", "address", "add", f"{NETWORK}.1/24", "dev", BRIDGE)
    run("ip", "link", "set", BRIDGE, "up")


@dataclass
class Node:
    """A machine: its configuration, filled in by deploy/cluster/render, and its processes."""

    name: str
    address: str
    folder: Path
    secrets: Mapping[str, str]
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def config(self) -> Path:
        return self.folder / "config"

    def configure(self) -> None:
        self.folder.mkdir(mode=0o755)
        values = {"NAME": self.name, "ADDRESS": self.address, "FRONT": self.address, "NETWORK": f"{NETWORK}.0/24"}
        values |= {name.upper(): address for name, address in (DATABASES | SITES).items()}
        values |= {"CONFIG": str(self.config), "DATA": str(self.folder), "POSTGRES_BIN": POSTGRES}
        values |= {"SHARED_BUFFERS": "64MB", **self.secrets}
        settings = self.folder / "node.env"
        settings.write_text("".join(f"{name}={value}\n" for name, value in values.items()))
        run(str(REPOSITORY / "deploy/cluster/render"), str(settings), str(self.config))
        run("chown", "-R", "postgres:postgres", str(self.folder))

    def start(self, program: str, command: list[str], env: Mapping[str, str] | None = None) -> None:
        with (self.folder / f"{program}.log").open("ab") as log:
            self.processes[program] = subprocess.Popen(
                command, cwd=REPOSITORY, env=env, stdout=log, stderr=log, start_new_session=True
            )

    def ended(self) -> list[str]:
        """The programs that do not run."""
        return [f"{self.name}: {name}" for name, process in self.processes.items() if process.poll() is not None]

    def log(self) -> str:
        files = sorted(self.folder.glob("*.log"))
        return "".join(f"--- {self.name} {file.name}\n{file.read_text(errors='replace')[-2500:]}\n" for file in files)


class DatabaseNode(Node):
    def connect(self) -> None:
        """Join the bridge."""
        run("ip", "netns", "add", self.name)
        run("ip", "link", "add", f"v{self.name}", "type", "veth", "peer", "name", "eth0", "netns", self.name)
        run("ip", "link", "set", f"v{self.name}", "master", BRIDGE, "up")
        run("ip", "-n", self.name, "address", "add", f"{self.address}/24", "dev", "eth0")
        for device in ("eth0", "lo"):
            run("ip", "-n", self.name, "link", "set", device, "up")

    def plug(self, state: str) -> None:
        """Cut the machine off, or let it in again: down, up."""
        run("ip", "link", "set", f"v{self.name}", state)

    def start_etcd(self) -> None:
        self._start_here("etcd", "etcd", "--config-file", str(self.config / "etcd.yml"))

    def start_patroni(self) -> None:
        self._start_here("patroni", "patroni", str(self.config / "patroni.yml"))

    def _start_here(self, name: str, *command: str) -> None:
        self.start(name, ["ip", "netns", "exec", self.name, *_AS_POSTGRES, *command])

    def postmaster(self) -> psutil.Process:
        return psutil.Process(int((self.folder / "postgres/postmaster.pid").read_text().split()[0]))


class SiteNode(Node):
    """HAProxy, pgbouncer, a web server and a worker."""

    def start_proxies(self) -> None:
        self.start("haproxy", ["/usr/sbin/haproxy", "-db", "-f", str(self.config / "haproxy.cfg")])
        self.start("pgbouncer", [*_AS_POSTGRES, "/usr/sbin/pgbouncer", str(self.config / "pgbouncer.ini")])

    def start_site(self, environment: Mapping[str, str], password: str) -> None:
        """The web server behind pgbouncer, and for lists too; the worker connects through HAProxy itself, as
        docs/operations.md says.
        """
        pooler = f"postgresql://leadsite:{password}@{self.address}:6432"
        pooled = {
            "DATABASE_URL": f"{pooler}/leadsite",
            "DATABASE_REPLICA_URL": f"{pooler}/leadsite_replica",
            "DATABASE_CONN_MAX_AGE": "0",
            "DATABASE_PREPARED_STATEMENTS": "false",
            "DATABASE_TIMEOUTS": "false",
        }
        self.start("web", server_command(8001, workers=1, host=self.address), {**environment, **pooled})
        self.start_worker(environment, password)

    def start_worker(self, environment: Mapping[str, str], password: str) -> None:
        direct = {
            "DATABASE_URL": f"postgresql://leadsite:{password}@{self.address}:5000/leadsite",
            "DATABASE_REPLICA_URL": f"postgresql://leadsite:{password}@{self.address}:5001/leadsite",
        }
        self.start("worker", [sys.executable, "manage.py", "worker"], {**environment, **direct})

    def reload_web(self) -> None:
        """As ExecReload of the unit does; returns when all former processes have ended and others serve."""
        server = psutil.Process(self.processes["web"].pid)
        former = server.children(recursive=True)
        server.send_signal(signal.SIGHUP)
        until(lambda: not any(one.is_running() for one in former), self.log, RELOAD_SECONDS)

    def stop_worker(self) -> None:
        """As systemd does: it finishes what it sends."""
        self.processes["worker"].terminate()
        self.processes["worker"].wait(WORKER_STOP_SECONDS)
