"""The command that imports a file, which is started again with --resume until it has finished."""

import subprocess
import sys
import threading
import time

from leadsite.demo.data import EMAIL
from tests.long.faults.ledger import Attempt, Ledger, Told
from tests.long.faults.stage import Stage
from tests.long.faults.writers import new_phone
from tests.site import REPOSITORY

IMPORT = "import"
ROWS = 300
BATCH = 10


class Importer:
    """Imports one file."""

    def __init__(self, stage: Stage, ledger: Ledger, name: str) -> None:
        self._stage = stage
        self._ledger = ledger
        self._write = f"{name}-{IMPORT}"
        self._file = stage.data_dir / f"{self._write}.csv"
        lines = [f"{new_phone()},A customer,order,{self._write}.{number}" for number in range(ROWS)]
        self._file.write_text("\n".join(["customer_phone,customer_name,type,details", *lines, ""]))
        self._done = False

    def is_under_way(self) -> bool:
        """Whether it has stored rows."""
        query = "SELECT FROM leads WHERE details LIKE %s LIMIT 1"
        return self._done or bool(self._stage.execute(query, f"{self._write}.%"))

    def run(self, stopping: threading.Event) -> None:
        """Import until all rows are stored."""
        options = ["--resume", f"--batch-size={BATCH}", "--json"]
        command = [sys.executable, "manage.py", "import_leads", str(self._file), f"--user={EMAIL}", *options]
        while not self._done:
            began = time.monotonic()
            with (self._stage.data_dir / "import.log").open("ab") as log:
                process = subprocess.Popen(command, cwd=REPOSITORY, env=self._stage.environment, stdout=log, stderr=log)
                self._stage.import_process = process
                self._done = process.wait() == 0
            told = Told.STORED if self._done else Told.UNKNOWN
            self._ledger.add(Attempt(IMPORT, self._write, ROWS, told, 0, time.monotonic() - began, began))
