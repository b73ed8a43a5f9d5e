"""The demo's own settings: made once, at random, kept in the data directory, readable by their owner only."""

import os
import secrets
from pathlib import Path

FILE_NAME = "demo.env"


def path(data_dir: Path) -> Path:
    return data_dir / FILE_NAME


def ensure(data_dir: Path) -> Path:
    """Return the file of demo values, written first where there is none. Two processes may do so at once.

    The file's presence also says that `make run` was here, so that commands in the same directory may use its
    database. Raises OSError where the directory cannot be written.
    """
    target = path(data_dir)
    if target.exists():
        return target
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    lines = [
        "# Made by `make run`. Variables that you set yourself win over these. Not for production.",
        f"SECRET_KEY={secrets.token_urlsafe(50)}",
        f"FIELD_ENCRYPTION_KEYS={secrets.token_urlsafe(32)}",
        f"WHATSAPP_APP_SECRETS={secrets.token_hex(16)}",
        f"WHATSAPP_VERIFY_TOKEN={secrets.token_urlsafe(16)}",
        f"DEMO_PASSWORD={secrets.token_urlsafe(9)}",
    ]
    draft = data_dir / f".{FILE_NAME}.{os.getpid()}"
    draft.touch(mode=0o600)
    draft.write_text("\n".join(lines) + "\n", encoding="utf-8")
    try:
        # A link, unlike a rename, never replaces the file of a process that was faster.
        target.hardlink_to(draft)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
    return target
