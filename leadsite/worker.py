"""The background process. It runs procrastinate's worker (restarted after a lost database connection), the sender of
messages (whatsapp/outbound/worker.py) and the courier of webhook events (leadsite/webhooks/courier.py).
"""

import asyncio
import signal
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from typing import Any, Final, Self

import psycopg
import structlog
from django.db import DEFAULT_DB_ALIAS, Error, connections
from procrastinate import JobContext, PsycopgConnector
from procrastinate.connector import Notify
from procrastinate.contrib.django import app
from procrastinate.exceptions import ConnectorException
from procrastinate.middleware import WorkerMiddleware
from procrastinate.periodic import PeriodicDeferrer
from procrastinate.worker import Worker

from leadsite.core.postgresql.actors import Actor, ActorKind, acting
from leadsite.core.postgresql.base import next_password
from leadsite.core.queue_worker import QueueWorker
from leadsite.monitoring import heartbeats
from leadsite.monitoring.writer import writer
from leadsite.webhooks.courier import Courier
from whatsapp.outbound.worker import Sender

log = structlog.get_logger(__name__)

# Below STOP_SECONDS of the supervisor and stop_grace_period of docker-compose.yml.
GRACEFUL_SECONDS: Final = 10
# A request to a provider or an integrator takes at most ten seconds; recording it takes little more.
SENDER_SECONDS: Final = 12
RETRY_SECONDS: Final = 1
# For procrastinate's statements; in addition, each running job has a Django connection, and one connection listens.
POOL_SIZE: Final = 2
POOL_SECONDS: Final = 10
HEAD_START_SECONDS: Final = 0.02


class Interrupted(Exception):
    """The database is unreachable or not migrated, or the worker's connection was lost."""


class _Connection(psycopg.AsyncConnection[Any]):
    """As DatabaseWrapper's connections: while the password of the database is replaced, both are tried."""

    @classmethod
    async def connect(cls, conninfo: str = "", **options: Any) -> Self:
        try:
            return await super().connect(conninfo, **options)
        except psycopg.OperationalError as error:
            following = next_password(connections[DEFAULT_DB_ALIAS].settings_dict, error)
            if not following:
                raise
            return await super().connect(conninfo, **options | {"password": following})


class _Connector(PsycopgConnector):
    """Wakes the sender when any job is queued: its own job does so too, but only after procrastinate has fetched it.

    procrastinate hears of the job a moment later, so that the sender does not share this process's time with it.
    """

    def __init__(self, sender: Sender, **options: Any) -> None:
        super().__init__(**options)
        self._sender = sender

    async def listen_notify(self, on_notification: Notify, channels: Iterable[str]) -> None:
        async with asyncio.TaskGroup() as later:

            async def hand_on(channel: str, payload: str) -> None:
                await asyncio.sleep(HEAD_START_SECONDS)
                await on_notification(channel=channel, payload=payload)

            async def notify(*, channel: str, payload: str) -> None:
                self._sender.wake()
                later.create_task(hand_on(channel, payload))

            await super().listen_notify(notify, channels)


async def work(*, connection: dict[str, Any], concurrency: int, sends: int) -> None:
    """Run jobs, send messages and post events until SIGINT or SIGTERM, then finish those in progress.

    `concurrency` is the number of jobs at a time, `sends` that of messages. An unreachable database is retried.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for signum in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(signum, stop.set)
    stopped = asyncio.create_task(stop.wait())
    sender = Sender(sends)
    courier = Courier()
    sender.start()
    courier.start()
    beating = asyncio.create_task(_beat(sender, courier))
    log.info("worker_started", concurrency=concurrency, sends=sends)
    while not stop.is_set():
        session = asyncio.create_task(_session(connection, sender, concurrency=concurrency, wait=True))
        await asyncio.wait({session, stopped}, return_when=asyncio.FIRST_COMPLETED)
        if stop.is_set():
            log.info("worker_stopping")
            sender.stop()
            courier.stop()
            session.cancel()
        try:
            await session
            # procrastinate stops its worker if one of its internal tasks fails, and logs the cause unless it is a lost
            # connection.
            log.error("worker_interrupted", error="a connection was lost, or the error logged above")
        except asyncio.CancelledError:
            pass
        except Interrupted as error:
            log.error("worker_interrupted", error=str(error))
        await asyncio.wait({stopped}, timeout=RETRY_SECONDS)
    sender.stop()
    courier.stop()
    await asyncio.gather(
        asyncio.to_thread(sender.join, SENDER_SECONDS), asyncio.to_thread(courier.join, SENDER_SECONDS)
    )
    beating.cancel()
    await asyncio.to_thread(writer.close)
    log.info("worker_stopped")


async def _beat(*parts: QueueWorker[Any, Any]) -> None:
    """Store a heartbeat while all parts work: this loop, and the threads of sender and courier."""
    try:
        while True:
            if max(part.silent_seconds for part in parts) < heartbeats.SILENT_SECONDS:
                with suppress(OSError):  # --check says so
                    heartbeats.beat()
            await asyncio.sleep(heartbeats.BEAT_SECONDS)
    finally:
        with suppress(OSError):
            heartbeats.end()


async def work_once(*, connection: dict[str, Any], sends: int) -> Counter[str]:
    """Run the due jobs, including periodic ones, one after the other; then send due messages and post due events.

    Returns counts: jobs "done" and "failed", messages "tried", events "posted". Raises Interrupted.
    """
    outcomes: Counter[str] = Counter()

    async def count(do: Callable[[], Awaitable[Any]], context: JobContext, worker: Worker) -> Any:
        outcome = "failed"
        try:
            result = await do()
            outcome = "done"
        finally:
            outcomes[outcome] += 1
        return result

    # With more than one at a time, procrastinate would end before the jobs that the last ones queue.
    sender = Sender(sends)
    await _session(connection, sender, concurrency=1, wait=False, around_jobs=[count])
    try:
        outcomes["tried"] = await asyncio.to_thread(sender.drain)
        outcomes["posted"] = await asyncio.to_thread(Courier().drain)
    except Error as error:
        raise Interrupted(_reason(error)) from error
    return outcomes


async def _session(
    connection: dict[str, Any],
    sender: Sender,
    *,
    concurrency: int,
    wait: bool,
    around_jobs: Sequence[WorkerMiddleware] = (),
) -> None:
    """Run procrastinate's worker once. When cancelled it finishes the jobs in progress. Raises Interrupted."""
    connector = _Connector(
        sender,
        connection_class=_Connection,
        kwargs=connection,
        min_size=1,
        max_size=POOL_SIZE,
        timeout=POOL_SECONDS,
    )
    try:
        # Fail early with the reason: the pool would retry for POOL_SECONDS and only report a time-out.
        async with await _Connection.connect(**connection):
            pass
        with app.replace_connector(connector):
            await connector.open_async()
            if not wait:
                await _defer_due()
            await app.run_worker_async(
                concurrency=concurrency,
                wait=wait,
                listen_notify=wait,
                shutdown_graceful_timeout=GRACEFUL_SECONDS,
                install_signal_handlers=False,
                worker_middleware=[_as_actor, *around_jobs],
                additional_context={"sender": sender},
            )
    except (ConnectorException, psycopg.Error) as error:
        raise Interrupted(_reason(error)) from error
    finally:
        await connector.close_async()


async def _as_actor(do: Callable[[], Awaitable[Any]], context: JobContext, worker: Worker) -> Any:
    """Let the audit name the job: prune_deliveries."""
    with acting(Actor(ActorKind.WORKER, name=context.job.task_name.rpartition(".")[2])):
        return await do()


async def _defer_due() -> None:
    """Queue the due periodic tasks. The worker does so too, but may fetch its first job before that."""
    deferrer = PeriodicDeferrer(app.periodic_registry, **app.periodic_defaults)
    await deferrer.defer_jobs(deferrer.get_previous_tasks(at=time.time()))


def _reason(error: BaseException) -> str:
    cause = error.__cause__ or error
    return " ".join(str(cause).split()) or type(cause).__name__
