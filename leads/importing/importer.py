"""One import, as a command or a page asks for it: the run it belongs to, and where refused rows go."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from leads.importing.batches import SKIP, Counts, Options, Refusal
from leads.importing.columns import Columns
from leads.importing.errors_file import ErrorsFile
from leads.importing.readers.files import Table
from leads.importing.runs import (
    UNFINISHED,
    Overtaken,
    Refuse,
    State,
    Tell,
    close_run,
    earlier_runs,
    import_rows,
    import_whole,
    refused_rows,
    rehearse,
)
from leads.models import ImportRun
from leadsite.accounts.models import User


class OtherOptions(Exception):
    """The run that is to be resumed was begun with other options."""


@dataclass(kw_only=True)
class Importer:
    """`read_with`: how the file is read, kept with the run. `errors`: where refused rows go; `show`: who sees them too.

    `known`, once run_of has looked: the file was imported before, so nothing of it is new.
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
    known: bool = False

    def run_of(self, digest: str, *, resume: bool, again: bool) -> ImportRun:
        """The run to resume, or a new one. Raises OtherOptions."""
        asked: dict[str, Any] = json.loads(json.dumps(asdict(self.options) | self.read_with))
        before = earlier_runs(user_id=self.user.pk, file_hash=digest)
        if resume and (run := before.filter(state__in=UNFINISHED).first()) is not None:
            if run.options != asked:
                raise OtherOptions(f"Run {run.pk} was begun with other options: {json.dumps(run.options)}.")
            ImportRun.objects.filter(pk=run.pk).update(state=State.RUNNING, error="", finished_at=None)
            run.refresh_from_db()
            return run
        finished = before.filter(state=State.FINISHED)
        self.known = self.options.on_duplicate == SKIP and not again and finished.exists()
        name, header = Path(self.file).name, self.table.header
        run = ImportRun(user=self.user, file_name=name, file_hash=digest, options=asked, columns=header)
        run.format = self.table.format
        run.save()
        return run

    def go(self, run: ImportRun) -> Counts:
        """Store batch by batch. Raises what import_rows raises; the run says how far it came."""
        try:
            return import_rows(
                run=run,
                table=self.table,
                columns=self.columns,
                options=self.options,
                batch_size=self.batch_size,
                known=self.known,
                tell=self.tell,
            )
        except Overtaken:
            raise
        except Exception as error:
            close_run(run, State.FAILED, str(error))
            raise
        finally:
            with self.refusing() as refuse:
                for refusal in refused_rows(run):
                    refuse(refusal)

    def whole(self, run: ImportRun) -> Counts:
        """Store all or nothing. Raises what import_whole raises."""
        with self.refusing() as refuse:
            try:
                return import_whole(
                    run=run,
                    table=self.table,
                    columns=self.columns,
                    options=self.options,
                    batch_size=self.batch_size,
                    refuse=refuse,
                    tell=self.tell,
                )
            except Exception as error:
                close_run(run, State.FAILED, str(error))
                raise

    def rehearse(self) -> Counts:
        """Store nothing. Raises what rehearse raises."""
        with self.refusing() as refuse:
            return rehearse(
                user_id=self.user.pk,
                table=self.table,
                columns=self.columns,
                options=self.options,
                batch_size=self.batch_size,
                refuse=refuse,
                tell=self.tell,
            )

    @contextmanager
    def refusing(self) -> Iterator[Refuse]:
        """What takes a refused row: the errors file, and who watches. Raises OSError."""
        with ExitStack() as stack:
            takers: list[Callable[[Refusal], Any]] = [self.show] if self.show else []
            if self.errors:
                file = stack.enter_context(ErrorsFile(self.errors, self.table.header))
                takers.append(lambda refusal: file.write(refusal.row, refusal.field, refusal.reason))
            yield lambda refusal: _to_all(takers, refusal)


def _to_all(takers: Sequence[Callable[[Refusal], Any]], refusal: Refusal) -> None:
    for take in takers:
        take(refusal)
