from io import StringIO

from leads.migrating.progress import MigrationProgress


class Terminal(StringIO):
    def isatty(self):
        return True


def test_a_terminal_shows_rows_read_and_then_a_bar():
    out = Terminal()
    with MigrationProgress(quiet=False, out=out) as progress:
        progress("read", 5000, None)
        progress("stored", 400, 800)
    assert "5000 rows read" in out.getvalue()
    assert "400 of 800 rows stored" in out.getvalue()
    assert " 50%|" in out.getvalue()


def test_it_returns_whether_to_stop():
    progress = MigrationProgress(quiet=True, out=StringIO())
    assert progress("read", 1, None) is False
    progress.stopped = True
    assert progress("read", 2, None) is True
