"""What may go wrong, told to a person."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class EmbeddedPostgresError(RuntimeError):
    """The server cannot be used. The message tells a person why and what to do about it."""


@contextmanager
def explained(data_dir: Path) -> Iterator[None]:
    """Raise what the operating system complains about as an EmbeddedPostgresError."""
    try:
        yield
    except PermissionError as error:
        raise EmbeddedPostgresError(
            f"No permission to use the database in {data_dir} ({error}). Most likely another user made it. Run the"
            " site as that user, or choose another data directory."
        ) from error
    except OSError as error:
        raise EmbeddedPostgresError(f"The database in {data_dir} cannot be used: {error}") from error
