"""A stub of the providers' files: Meta's by id, Twilio's by address; pictures to put in it."""

import base64
import hashlib
import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from PIL import Image

from tests.stub_server import Handler, running

PDF = b"%PDF-1.7\nReceipt\n%%EOF"
OGG = b"OggS\x00\x02" + bytes(60)
MP4 = b"\x00\x00\x00\x18ftypmp42" + bytes(60)


def picture(width: int = 800, height: int = 600, form: str = "JPEG", mode: str = "RGB") -> bytes:
    buffer = io.BytesIO()
    colour = (255, 165, 0, 128) if mode == "RGBA" else "orange"
    Image.new(mode, (width, height), colour).save(buffer, form)
    return buffer.getvalue()


@dataclass
class Files:
    """A running stub. `answers`: by path, what it answers instead of the file of that id."""

    content: dict[str, bytes] = field(default_factory=dict)
    answers: dict[str, tuple[int, dict[str, str], bytes]] = field(default_factory=dict)
    requests: list[tuple[str, str]] = field(default_factory=list)  # path, Authorization
    address: str = ""

    def has(self, content: bytes, id_: str = "1003383421387256") -> dict[str, Any]:
        """Put a file there; return what a message says of it."""
        self.content[id_] = content
        return {"id": id_, "sha256": base64.b64encode(hashlib.sha256(content).digest()).decode()}

    def answer(self, path: str) -> tuple[int, dict[str, str], bytes]:
        if path in self.answers:
            return self.answers[path]
        id_ = path.rsplit("/", 1)[-1]
        if id_ not in self.content:
            return 404, {}, b"{}"
        if path.startswith("/v"):
            found = {"url": f"{self.address}/bytes/{id_}", "file_size": len(self.content[id_])}
            return 200, {}, json.dumps(found).encode()
        return 200, {}, self.content[id_]


class _Handler(Handler):
    files: Files

    def do_GET(self) -> None:  # noqa: N802 - the name is http.server's
        self.files.requests.append((self.path, self.headers.get("Authorization", "")))
        status, headers, body = self.files.answer(self.path)
        self.send_response(status)
        for name, value in ({"Content-Length": str(len(body))} | headers).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def provider_files() -> Iterator[Files]:
    files = Files()
    with running(_Handler, files=files) as files.address:
        yield files
