"""EmbeddedPostgresError, whose message says what to do, and the translation of OSError into it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class EmbeddedPostgresError(RuntimeError):
    """The server cannot be used. The message says why and what to do about it."""


@contextmanager
def explained(data_dir: Path) -> Iterator[None]:
    """Raise an OSError of the block as EmbeddedPostgresError."""
    try:
        yield
    except PermissionError as error:
        raise EmbeddedPostgresError(
            f"No permission to use the database in {data_dir} ({error}). Most likely another user created it. Run the"
            " site as that user, or choose another data directory."
        ) from error
    except OSError as error:
        raise EmbeddedPostgresError(f"The database in {data_dir} cannot be used: {error}") from error
