"""Django's PostgreSQL backend with a connection health check that polls the socket instead of running a query.

Settings name this package as ENGINE; Django loads DatabaseWrapper from its module `base`.
"""

import select

from django.db.backends.postgresql import base


class DatabaseWrapper(base.DatabaseWrapper):
    def is_usable(self) -> bool:
        """Whether the kept connection is still open. Called before the first statement of each request.

        Django sends SELECT 1, one more round trip for every request. Here the kernel is asked: an idle connection
        with data to read was closed by the server, or has a notice from it; in both cases a new connection is opened.
        A connection lost without a packet fails at the next statement.
        """
        if self.connection is None or self.connection.closed:
            return False
        poll = select.poll()
        poll.register(self.connection.fileno(), select.POLLIN)
        return not poll.poll(0)
