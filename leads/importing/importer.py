"""Importer: one import by the command import_leads, with its run and the destinations of refused rows."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from itertools import count
from pathlib import Path
from typing import Any

from leads.importing.batches import Batch, Counts, Options, Refusal, RowChange, read_batches
from leads.importing.columns.fields import Columns
from leads.importing.dry_run import dry_run_import
from leads.importing.errors_file import ErrorsFile, refused_rows
from leads.importing.readers.files import Table
from leads.importing.readers.read_ahead import read_ahead
from leads.importing.readers.rows import storable
from leads.importing.resume import NOT_BEFORE, Before, find_imported_before, resume_run
from leads.importing.runs import (
    Overtaken,
    Refuse,
    State,
    Tell,
    close_run,
    import_rows,
    import_whole,
)
from leads.models import ImportRun
from leadsite.accounts.models import User


@dataclass(kw_only=True)
class Importer:
    """`read_with` are the reader's options, stored with the run. Refused rows go to the file `errors` and to `show`.

    `before` is set by start_run and dry_run: what an earlier run of the same file means for this one. `reopen` reads
    the file from its beginning; None for standard input.
    """

    user: User
    file: str
    table: Table
    columns: Columns
    options: Options
    read_with: dict[str, Any]
    batch_size: int
    tell: Tell
    errors: Path | None = None
    show: Refuse | None = None
    before: Before = NOT_BEFORE
    reopen: Callable[[], tuple[Table, Columns]] | None = None

    def start_run(self, digest: str, *, resume: bool, again: bool) -> ImportRun:
        """Return the run to resume, or a new one. `digest` is the file's SHA-256. Raises OptionsChanged."""
        asked = self._asked()
        if resume and (run := resume_run(user_id=self.user.pk, file_hash=digest, options=asked)) is not None:
            return run
        self._look_back(digest, again=again)
        # A name that is no UTF-8 has surrogates in Python.
        name, header = storable(Path(self.file).name), self.table.header
        run = ImportRun(user=self.user, file_name=name, file_hash=digest, options=asked, columns=header)
        run.format = self.table.format
        run.save()
        return run

    def _asked(self) -> dict[str, Any]:
        """The options as they are stored with the run."""
        asked: dict[str, Any] = json.loads(json.dumps(asdict(self.options) | self.read_with))
        return asked

    def _look_back(self, digest: str, *, again: bool) -> None:
        self.before = find_imported_before(user_id=self.user.pk, file_hash=digest, options=self._asked(), again=again)

    def import_in_batches(self, run: ImportRun) -> Counts:
        """Store the rows in batches, each in its own transaction. Raises what import_rows raises."""
        try:
            with self.batches(skip=run.read) as batches:
                return import_rows(
                    run=run,
                    batches=batches,
                    options=self.options,
                    before=self.before,
                    tell=self.tell,
                    notes=self.notes,
                )
        except Overtaken:
            raise
        except Exception as error:
            close_run(run, State.FAILED, str(error))
            raise
        finally:
            with self.refusal_output() as refuse:
                for refusal in refused_rows(run):
                    refuse(refusal)

    def import_atomically(self, run: ImportRun) -> Counts:
        """Store all rows in one transaction, or none. Raises what import_whole raises."""
        attempts = count(1)

        @contextmanager
        def read() -> Iterator[tuple[Iterator[Batch], Refuse]]:
            if next(attempts) > 1 and self.reopen is not None:
                self.table, self.columns = self.reopen()
            with self.refusal_output() as refuse, self.batches() as batches:
                yield batches, refuse

        return import_whole(
            run=run,
            read=read,
            again=self.reopen is not None,
            options=self.options,
            before=self.before,
            tell=self.tell,
            notes=self.notes,
        )

    def notes(self) -> list[str]:
        """Sentences on what is not read of the file, and on its columns; complete after the last row."""
        return [*self.table.notes, *self.columns.notes]

    def dry_run(self, digest: str, *, again: bool, show_change: Callable[[RowChange], None]) -> Counts:
        """Count what an import would do, and store nothing. Raises what dry_run_import raises.

        `show_change` is called with each field of a lead or customer that would change.
        """
        self._look_back(digest, again=again)
        with self.refusal_output() as refuse, self.batches() as batches:
            return dry_run_import(
                user_id=self.user.pk,
                batches=batches,
                options=self.options,
                before=self.before,
                refuse=refuse,
                show=show_change,
                tell=self.tell,
            )

    @contextmanager
    def batches(self, *, skip: int = 0) -> Iterator[Iterator[Batch]]:
        """The batches after the first `skip` rows; while one batch is stored, the next is read."""
        unread = read_batches(self.table, self.columns, self.options, self.batch_size, skip=skip)
        if self.table.position() is None:
            # Reading from a pipe may block forever, and a blocked thread cannot be interrupted.
            yield unread
        else:
            with read_ahead(unread) as batches:
                yield batches

    @contextmanager
    def refusal_output(self) -> Iterator[Refuse]:
        """Yield a function that sends a refused row to the errors file and to `show`. Raises OSError."""
        with ExitStack() as stack:
            outputs: list[Callable[[Refusal], Any]] = [self.show] if self.show else []
            if self.errors:
                file = stack.enter_context(ErrorsFile(self.errors, self.table.header))
                outputs.append(lambda refusal: file.write(refusal.row, refusal.field, refusal.reason))
            yield lambda refusal: _send_to_all(outputs, refusal)


def _send_to_all(outputs: Sequence[Callable[[Refusal], Any]], refusal: Refusal) -> None:
    for output in outputs:
        output(refusal)
