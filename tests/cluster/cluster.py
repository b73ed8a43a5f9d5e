"""The whole cluster as a stage for the cases of tests/long/faults: their writers, their ledger, their checks."""

import re
import secrets
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import psutil
import psycopg
import requests

from leadsite.demo import secrets as demo_secrets
from leadsite.demo.data import PHONE_NUMBER_ID
from tests.cluster.integrator import EVENT, Integrator, integrator
from tests.cluster.nodes import DATABASES, SITES, DatabaseNode, SiteNode, make_network, run
from tests.long.faults.stage import START_SECONDS, Stage
from tests.site import REPOSITORY, environment, manage, request, until
from tests.whatsapp import twilio_forms
from tests.whatsapp.graph import Graph, graph_api

PASSWORDS = ("DATABASE_PASSWORD", "OWNER_PASSWORD", "REPLICATION_PASSWORD", "REST_PASSWORD", "SUPERUSER_PASSWORD")
DEMO = (
    "import django; django.setup(); from django.conf import settings; from leadsite.demo.data import ensure_demo;"
    " ensure_demo(settings.DATA_DIR, force=True)"
)


class Cluster(Stage):
    """Three nodes with etcd, Patroni and PostgreSQL, two with HAProxy, pgbouncer, web server and worker."""

    def __init__(self, folder: Path, graph: Graph, integrator: Integrator) -> None:
        self.graph = graph
        self.integrator = integrator
        self._broken = ""
        self.data_dir = folder / "site"
        self.data_dir.mkdir()
        self.passwords = {name: secrets.token_hex(8) for name in PASSWORDS}
        self.databases = {
            name: DatabaseNode(name, address, folder / name, self.passwords) for name, address in DATABASES.items()
        }
        self.sites = [SiteNode(name, address, folder / name, self.passwords) for name, address in SITES.items()]
        front = SITES["app1"]
        self.address = f"http://{front}:8000"
        self.url = f"postgresql://leadsite:{self.passwords['DATABASE_PASSWORD']}@{front}:5000/leadsite"
        self.environment = environment(
            self.data_dir,
            LEADSITE_DEMO="true",
            DATABASE_URL=self.url,
            ALLOWED_HOSTS=front,
            WHATSAPP_BACKEND="cloud",
            WHATSAPP_API_BASE_URL=graph.address,
            TWILIO_API_BASE_URL=graph.address,
            WEBHOOKS_ALLOW_PRIVATE="true",
            API_REQUESTS_PER_MINUTE="0",
            METRICS_TOKEN=secrets.token_hex(8),
        )

    def start(self) -> None:
        make_network()
        for node in (*self.databases.values(), *self.sites):
            node.configure()
        for database in self.databases.values():
            database.connect()
            database.start_etcd()
        for database in self.databases.values():
            database.start_patroni()
        for site in self.sites:
            site.start_proxies()
        until(self.is_whole, lambda: f"{self.members()}\n{self.log()}", 60)
        self._fill()
        for site in self.sites:
            site.start_site(self.environment, self.passwords["DATABASE_PASSWORD"])
        until(lambda: not self._missing(), lambda: f"{self._missing()}\n{self.log()}", START_SECONDS)
        self.check_replicas()
        self._subscribe()

    def _subscribe(self) -> None:
        """The integrator's endpoint, to which the couriers of both workers post."""
        headers = {"Authorization": f"Bearer {self.api_key}"}
        body = {"url": self.integrator.address, "events": [EVENT]}
        answer = request("POST", f"{self.address}/api/webhook-endpoints", headers=headers, json=body)
        assert answer.status_code == 201, answer.text

    def _fill(self) -> None:
        """Roles, tables and businesses, as an operator makes them."""
        front, owner = SITES["app1"], self.passwords["OWNER_PASSWORD"]
        server = {"PGHOST": front, "PGPORT": "5000", "PGPASSWORD": self.passwords["SUPERUSER_PASSWORD"]}
        roles = {"DATABASE_OWNER_PASSWORD": owner, "DATABASE_PASSWORD": self.passwords["DATABASE_PASSWORD"]}
        self._run(["deploy/postgres/roles.sh"], {**self.environment, **server, **roles, "PGUSER": "postgres"})
        self.migrate()
        django = {"DJANGO_SETTINGS_MODULE": "leadsite.settings"}
        self._run([sys.executable, "-c", DEMO], {**self.environment, **django})
        lines = demo_secrets.path(self.data_dir).read_text().splitlines()
        self.secrets = dict(line.split("=", 1) for line in lines if not line.startswith("#"))
        self.password = self.secrets["DEMO_PASSWORD"]
        self.api_key = self._business(f"--phone-number-id={PHONE_NUMBER_ID}", "--access-token=a token")["api_key"]
        number = (f"--phone-number-id={twilio_forms.BUSINESS}", f"--access-token={twilio_forms.TOKEN}")
        self.user_id = self._business(*number)["user_id"]

    def migrate(self) -> None:
        owner = f"leadsite_owner:{self.passwords['OWNER_PASSWORD']}"
        migrating = {"MIGRATION_DATABASE_URL": f"postgresql://{owner}@{SITES['app1']}:5000/leadsite"}
        self._run([sys.executable, "manage.py", "migrate"], {**self.environment, **migrating})

    def upgrade(self, site: SiteNode) -> None:
        """As docs/operations.md says; returns when the machine serves again."""
        site.reload_web()
        site.stop_worker()
        site.start_worker(self.environment, self.passwords["DATABASE_PASSWORD"])
        until(lambda: not self._missing(), lambda: f"{self._missing()}\n{site.log()}", START_SECONDS)

    def _run(self, command: list[str], env: dict[str, str]) -> None:
        ended = subprocess.run(command, cwd=REPOSITORY, env=env, capture_output=True, text=True, check=False)
        assert ended.returncode == 0, ended.stdout + ended.stderr

    def members(self) -> dict[str, dict[str, Any]]:
        """Patroni's view of its members, by name; none where no node answers."""
        for address in DATABASES.values():
            try:
                answer = requests.get(f"http://{address}:8008/cluster", timeout=2, proxies={"http": ""})
                return {one["name"]: one for one in answer.json()["members"]}
            except (requests.RequestException, ValueError, KeyError):
                continue
        return {}

    def leader(self) -> str:
        """The node whose Patroni says that it leads and that PostgreSQL runs there; "" where there is none."""
        for name, address in DATABASES.items():
            try:
                if requests.get(f"http://{address}:8008/primary", timeout=1, proxies={"http": ""}).status_code == 200:
                    return name
            except requests.RequestException:
                continue
        return ""

    def synchronous_standby(self) -> str:
        """The node that has all that is acknowledged; "" while Patroni has chosen none."""
        return next((name for name, one in self.members().items() if one["role"] == "sync_standby"), "")

    def is_whole(self) -> bool:
        """Whether there are a leader, a synchronous standby and another standby, and all follow the same history."""
        members = self.members().values()
        roles = sorted(one["role"] for one in members if one["state"] == "running")
        return roles == ["leader", "replica", "sync_standby"] and len({one.get("timeline") for one in members}) == 1

    def _missing(self) -> str:
        ended = [one for node in (*self.databases.values(), *self.sites) for one in node.ended()]
        if ended:
            return f"These have ended: {', '.join(ended)}"
        if not self.is_whole():
            return f"Patroni's members: {self.members()}"
        servers = {site.name: f"http://{site.address}:8001" for site in self.sites} | {"HAProxy": self.address}
        for name, address in servers.items():
            try:
                ready = request("GET", f"{address}/readyz", headers={"Host": SITES["app1"]})
            except OSError as error:
                return repr(error)
            if ready.status_code != 200:
                return f"/readyz of {name} says {ready.status_code}: {ready.text}"
        return ""

    def check_replicas(self) -> None:
        """That each machine of the site reads lists from a standby, again after the failovers before."""
        for address in DATABASES.values():
            # A standby says of which timeline it is with its next restartpoint: Note [Replica].
            owner = f"postgresql://postgres:{self.passwords['SUPERUSER_PASSWORD']}@{address}/postgres"
            with psycopg.connect(owner, autocommit=True) as session:
                session.execute("CHECKPOINT")
        for site in self.sites:
            until(partial(self._reads_standby, site), site.log, START_SECONDS)

    def _reads_standby(self, site: SiteNode) -> bool:
        before = self._replica_reads()
        headers = {"Host": SITES["app1"], "Authorization": f"Bearer {self.api_key}"}
        answer = request("GET", f"http://{site.address}:8001/api/leads", headers=headers)
        return answer.status_code == 200 and self._replica_reads() > before

    def _replica_reads(self) -> float:
        """Of both machines, which count in one folder."""
        headers = {"Host": SITES["app1"], "Authorization": f"Bearer {self.environment['METRICS_TOKEN']}"}
        text = request("GET", f"http://{self.sites[0].address}:8001/metrics", headers=headers).text
        found = re.search(r'^leadsite_replica_reads_total\{outcome="replica"\} (\S+)', text, re.MULTILINE)
        return float(found[1]) if found else 0.0

    def stop(self) -> None:
        """The processes of this namespace: all of them are this cluster's."""
        for child in psutil.Process().children(recursive=True):
            if child.is_running():
                child.kill()

    def check_rows(self) -> None:
        """The site's own checks of what is stored, and that lists are read from standbys again."""
        for command in ("check_integrity", "verify_transactions"):
            ended = manage(command, env=self.environment)
            assert ended.returncode == 0, f"{command}: {ended.stdout}{ended.stderr}"
        until(self.is_whole, lambda: f"{self.members()}\n{self.log()}", START_SECONDS)
        self.check_replicas()

    def log(self) -> str:
        return "".join(node.log() for node in (*self.databases.values(), *self.sites))


@contextmanager
def cluster(folder: Path) -> Iterator[Cluster]:
    run("chmod", "755", str(folder))
    with graph_api() as graph, integrator() as listening:
        running = Cluster(folder, graph, listening)
        try:
            running.start()
            yield running
        finally:
            running.stop()
