"""The application that granian serves: granian --interface=rsgi leadsite.server.application:application.

RSGI is granian's own interface: https://github.com/emmett-framework/granian/blob/master/docs/spec/RSGI.md
"""

import asyncio
import gc
import os
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from io import BytesIO
from typing import IO, Any, Final

from django.conf import settings
from django.core.wsgi import get_wsgi_application

from leadsite.core.addresses import OWNER, neighbourhood
from leadsite.core.logs.lines import log_failed_start
from leadsite.core.logs.request_ids import request_id_of
from leadsite.monitoring.views import start_counting
from leadsite.monitoring.writer import writer
from leadsite.server.answers import Answer, failure, refusal
from leadsite.server.bodies import Bodies, BodyRefused
from leadsite.server.clients import DELIVERIES, Client, Logins, address_of, delivery_login, login_of
from leadsite.server.connections import (
    EVERY_SECONDS,
    Peer,
    accept_with_request,
    allow_many_files,
    close_excess,
    peer_of,
)
from leadsite.server.environ import Headers, Scope, Visit, environ_of
from leadsite.server.placement import keep_together
from leadsite.server.spooling import Spool
from leadsite.server.spreading import Spreading
from leadsite.server.threads import Threads
from leadsite.server.turns import WAIT_SECONDS, TooBusy, Turns
from leadsite.server.uploads import LOGIN_HEADERS, limit_of, may_upload, upload_limit_of

# Threads that write the bodies of downloads and static files.
SPOOL_THREADS: Final = 4
# Requests of one address whose bodies are being read; a process accepts a thousand connections.
READING: Final = 400
# Where passwords are hashed for anyone who asks.
PASSWORD_PATHS: Final = ("/admin/login",)
WEBHOOK: Final = "/api/webhooks/whatsapp"


class Application:
    """Serves a WSGI application, with complete bodies and fair turns. `threads`: how many requests at a time."""

    def __init__(self, wsgi: Callable[..., Any], *, threads: int) -> None:
        self._wsgi = wsgi
        self._bodies = Bodies()
        self._threads = Threads(threads)
        self._logins = Logins()
        # One login at a time hashes a password, and waits for that without a thread.
        self._login_turns = Turns(1)
        self._reading: Counter[str] = Counter()
        self._spreading = Spreading()
        # Clients whose requests are being processed.
        self._busy: set[Peer] = set()
        self._spool = Spool()
        self._spoolers = ThreadPoolExecutor(SPOOL_THREADS, thread_name_prefix="spooler")
        # /readyz never waits for a turn, so that a busy process is not taken for a broken one.
        self._probes = ThreadPoolExecutor(1, thread_name_prefix="probe")
        # Nor does /metrics, which is needed most when the site is busy; it may wait for the database for long.
        self._metrics = ThreadPoolExecutor(1, thread_name_prefix="metrics")

    def __rsgi_init__(self, loop: asyncio.AbstractEventLoop) -> None:
        """granian calls it when the process begins to serve."""
        allow_many_files()
        self._placement = loop.create_task(keep_together())
        self._spread = loop.create_task(self._spreading.watch(self._probes))
        if settings.BEHIND_PROXY:
            loop.call_soon(accept_with_request)  # runs when granian has begun to listen
        else:
            self._watch = loop.create_task(self._close_excess())

    async def _close_excess(self) -> None:
        while True:
            await asyncio.sleep(EVERY_SECONDS)
            await asyncio.get_running_loop().run_in_executor(self._spoolers, close_excess, frozenset(self._busy))

    def __rsgi_del__(self, loop: asyncio.AbstractEventLoop) -> None:
        """granian calls it before the process ends."""
        self._threads.close()
        for pool in (self._spoolers, self._probes, self._metrics):
            pool.shutdown(wait=False, cancel_futures=True)
        self._spool.close()
        writer.close()

    async def __rsgi__(self, scope: Any, proto: Any) -> None:
        if scope.proto != "http":
            proto.close(404)
            return
        visit = Visit(address_of(scope), request_id_of(scope.headers.get("x-request-id")), time.perf_counter())
        if scope.path.rstrip("/") == "/livez":
            # No thread and no database: the process lives.
            headers = [("content-type", "application/json"), ("x-request-id", visit.request_id)]
            proto.response_bytes(200, headers, b'{"status": "ok"}')
            return
        self._busy.add(peer := peer_of(scope.client))
        chunks = _chunks(proto)
        try:
            answer = await self._answer_or_refuse(scope, chunks, visit)
            if self._spreading.end_one(scope.http_version):
                answer.headers.append(("connection", "close"))
            if answer.path:
                self._spool.send(proto, answer)
            else:
                proto.response_bytes(answer.status, answer.headers, answer.body)
            if answer.is_refusal and _has_body(scope):
                await self._bodies.discard(chunks)
        finally:
            self._busy.discard(peer)

    async def _answer_or_refuse(self, scope: Scope, chunks: AsyncIterator[bytes], visit: Visit) -> Answer:
        try:
            answer = await self._answer(scope, chunks, visit)
            if answer.pieces is not None:
                # In other threads: it may take long, and no turn of its client's.
                write = partial(self._spool.complete, answer, answer.pieces, scope.method)
                return await asyncio.get_running_loop().run_in_executor(self._spoolers, write)
        except BodyRefused as refused:
            return refusal(scope, visit, refused.status, refused.code, str(refused))
        except TooBusy:
            return refusal(scope, visit, 503, "too_busy", "Too many requests at once. Send it again in a few seconds.")
        except Exception as error:
            return failure(scope, visit, error)
        return answer

    async def _answer(self, scope: Scope, chunks: AsyncIterator[bytes], visit: Visit) -> Answer:
        client = self._logins.client(near := neighbourhood(visit.client), login_of(scope))
        if not _has_body(scope):
            return await self._run(scope, BytesIO(), client, visit)
        if self._reading[near] >= READING:
            raise TooBusy
        limit = await self._limit(scope, client)
        self._reading[near] += 1
        try:
            body = await self._bodies.read(
                chunks, declared=_declared(scope.headers), limit=limit, is_chunked=_is_chunked(scope)
            )
        finally:
            self._reading[near] -= 1
            if not self._reading[near]:
                del self._reading[near]
        with body:
            return await self._run(scope, body.file, client, visit)

    async def _limit(self, scope: Scope, client: Client) -> int:
        """The largest body: a session is looked up only where a larger one is announced, or none is."""
        limit = limit_of(scope.path)
        more = upload_limit_of(scope.path)
        declared = _declared(scope.headers)
        if more is None or (declared is not None and declared <= limit):
            return limit
        login = {name: scope.headers.get(header) or "" for name, header in LOGIN_HEADERS}
        return more if await self._threads.run(client, partial(may_upload, scope.path, **login)) else limit

    async def _run(self, scope: Scope, body: IO[bytes], client: Client, visit: Visit) -> Answer:
        loop = asyncio.get_running_loop()
        if (own := {"/readyz": self._probes, "/metrics": self._metrics}.get(scope.path.rstrip("/"))) is not None:
            return await loop.run_in_executor(own, self._call, scope, body, visit)
        if scope.method == "POST" and scope.path.rstrip("/") in PASSWORD_PATHS:
            until = loop.time() + WAIT_SECONDS
            async with self._login_turns.turn(owner=client.owner, login=client.login, until=until):
                return await self._threads.run(client, self._call, scope, body, visit)
        login = login_of(scope)
        if not login and scope.path.rstrip("/") == WEBHOOK:
            login = delivery_login(body, client.near)
            # A provider delivers for all businesses from the same addresses: one's first deliveries, and those whose
            # number nobody has connected, wait for themselves. Afterwards they are one login, from many addresses.
            client = self._logins.client(client.near, login, queue=login, accepted=DELIVERIES)
        answer = await self._threads.run(client, self._call, scope, body, visit)
        self._logins.learn(login, answer.owner, answer.status, scope.path)
        return answer

    def _call(self, scope: Scope, body: IO[bytes], visit: Visit) -> Answer:
        """Run Django, in a thread."""
        started: list[Any] = []
        length = body.seek(0, os.SEEK_END)
        body.seek(0)
        environ = environ_of(scope, body, length=length, visit=visit)
        response = self._wsgi(environ, lambda status, headers, error=None: started.extend((status, headers)))
        status, headers = int(started[0][:3]), [(name.lower(), value) for name, value in started[1]]
        if getattr(response, "streaming", False):
            return Answer(status, headers, pieces=iter(response), close=response.close, owner=environ.get(OWNER, ""))
        try:
            return Answer(status, headers, b"".join(response), owner=environ.get(OWNER, ""))
        finally:
            response.close()


async def _chunks(proto: Any) -> AsyncIterator[bytes]:
    """What a client sends. granian's own iterator begins but once, and a refused body is read on."""
    async for chunk in proto:
        yield chunk


def _has_body(scope: Scope) -> bool:
    headers = scope.headers
    return bool(headers.get("content-length", "0") != "0" or "transfer-encoding" in headers or _is_http2_body(scope))


def _is_chunked(scope: Scope) -> bool:
    return "transfer-encoding" in scope.headers and scope.http_version.startswith("1")


def _is_http2_body(scope: Scope) -> bool:
    """HTTP/2 has no Transfer-Encoding, and need not say a length."""
    return scope.http_version.startswith("2") and scope.method not in ("GET", "HEAD", "OPTIONS", "DELETE")


def _declared(headers: Headers) -> int | None:
    length = headers.get("content-length") if "transfer-encoding" not in headers else None
    return int(length) if length is not None and length.isdecimal() else None


os.environ.setdefault("DJANGO_SETTINGS_MODULE", "leadsite.settings")
# A thread that computes hands on the interpreter after 1 ms instead of 5: as long as a short request waits beside long
# ones, after each of its statements.
sys.setswitchinterval(0.001)
try:
    application = Application(get_wsgi_application(), threads=settings.WEB_THREADS)
    start_counting()
except Exception as error:
    # granian would let Python print it, in many lines.
    log_failed_start(error)
    raise SystemExit(1) from None

# Objects of loaded modules are never freed. Without freeze() each full garbage collection traverses them, and a
# delivery of 1000 messages creates enough objects for one: a fifth of its CPU time.
gc.collect()
gc.freeze()
# It keeps them until its end, too: after each 700, which is Python's default, there is nothing to collect yet.
gc.set_threshold(10_000, 20, 20)
