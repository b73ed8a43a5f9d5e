"""Settings of database connections, for leadsite/settings.py."""

from typing import Any, Final

OPTIONS: Final[dict[str, Any]] = {
    "connect_timeout": 3,
    # An unreachable host is detected within half a minute instead of the kernel's default of two hours.
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 15_000,
    # The server plans a prepared statement once per connection instead of at each call.
    "server_side_binding": True,
}
# Limits for the web server: a quarter of a second for a lock, after which the request gives way (giving_way.py), 5 s
# for a statement, 10 s for an idle transaction; and the server notices within a second that a client has gone.
# manage.py removes them for migrations and imports; behind a pooler set them with ALTER ROLE (docs/operations.md). And
# no jit, which is on by default and compiles a statement for half a second where the estimated costs are high, at each
# call.
TIMEOUTS: Final = (
    "-c lock_timeout=250ms -c statement_timeout=5s -c idle_in_transaction_session_timeout=10s"
    " -c client_connection_check_interval=1s -c jit=off"
)
# For a replica, so that a mistake is an error there and not a write.
READ_ONLY: Final = " -c default_transaction_read_only=on"
# For commands, also where the role has limits of its own (ALTER ROLE).
NO_TIMEOUTS: Final = "-c lock_timeout=0 -c statement_timeout=0 -c idle_in_transaction_session_timeout=0"


def connection_settings(
    named: dict[str, Any],
    *,
    max_age: int,
    next_password: str,
    prepared: bool,
    time_outs: bool,
    read_only: bool = False,
) -> dict[str, Any]:
    """Return Django's settings of a database: `named` are those of its URL, the others those of .env.example."""
    options = {**OPTIONS, "prepare_threshold": 3 if prepared else None}
    if time_outs:
        options["options"] = TIMEOUTS + READ_ONLY * read_only
    return named | {
        "ENGINE": "leadsite.core.postgresql",
        # Services open their own transactions: a failed delivery must be recorded although its work was rolled back.
        "ATOMIC_REQUESTS": False,
        # Each thread keeps one connection, which is checked before each request: see leadsite/core/postgresql/base.py.
        "CONN_HEALTH_CHECKS": True,
        "CONN_MAX_AGE": max_age,
        # Server-side cursors do not survive pgbouncer in transaction mode.
        "DISABLE_SERVER_SIDE_CURSORS": True,
        "NEXT_PASSWORD": next_password,  # tried where the other is refused: while it is replaced
        "OPTIONS": options | named.get("OPTIONS", {}),
    }
