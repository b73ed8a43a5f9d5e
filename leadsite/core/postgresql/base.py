"""Django's PostgreSQL backend with a health check that asks the socket instead of the server.

Settings name this package as ENGINE; Django looks for DatabaseWrapper in a module `base`.
"""

import select

from django.db.backends.postgresql import base


class DatabaseWrapper(base.DatabaseWrapper):
    def is_usable(self) -> bool:
        """Whether the kept connection is still there. Called before the first statement of each request.

        Django sends SELECT 1, a round trip for every request. A server that went away has closed its end, and the
        kernel knows: an idle connection that has something to read has that, or a notice of the server's, and in
        both cases a new one is right. A cut that nobody announced is found by the statement itself.
        """
        if self.connection is None or self.connection.closed:
            return False
        poll = select.poll()
        poll.register(self.connection.fileno(), select.POLLIN)
        return not poll.poll(0)
