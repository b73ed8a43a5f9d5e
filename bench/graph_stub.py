"""A Graph API stub that accepts each message after 100 ms and records its time: python -m bench.graph_stub PORT.

GET /arrivals returns them as {our id of the message: Unix time} and clears them.
"""

import asyncio
import json
import sys
import time
from typing import Final

import uvloop

SECONDS: Final = 0.1
_arrivals: dict[str, float] = {}


async def serve_connection(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while head := await reader.readuntil(b"\r\n\r\n"):
            arrived = time.time()
            line, *headers = head.decode().split("\r\n")
            length = next((int(h.partition(":")[2]) for h in headers if h.lower().startswith("content-length:")), 0)
            body = await reader.readexactly(length)
            answer = await react(line, body, arrived)
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n")
            writer.write(f"Content-Length: {len(answer)}\r\n\r\n".encode() + answer)
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()


async def react(line: str, body: bytes, arrived: float) -> bytes:
    if line.startswith("GET"):
        answer = json.dumps(_arrivals).encode()
        _arrivals.clear()
        return answer
    message = json.loads(body)
    _arrivals[message["biz_opaque_callback_data"]] = arrived
    await asyncio.sleep(SECONDS)
    provider_id = f"wamid.{message['biz_opaque_callback_data']}"
    return json.dumps({"contacts": [{"input": message["to"]}], "messages": [{"id": provider_id}]}).encode()


async def main(port: int) -> None:
    server = await asyncio.start_server(serve_connection, "127.0.0.1", port, backlog=256)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1])))
