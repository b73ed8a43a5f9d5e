"""Two workers that take the uploads of one business at the same moment: one of them has its turn."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from uuid import UUID

import pytest
from django.db import connection

from leads.importing import resume, upload_worker
from leads.models import ImportRun
from leadsite.core import clock
from tests.factories import Business
from tests.leads.uploading import upload
from tests.sessions import session, waiting
from tests.site import until
from tests.staff import staff_of

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def uploads(owner: Business) -> tuple[UUID, UUID]:
    for name in ("first.csv", "second.csv"):
        upload(staff_of(owner), name=name)
    first, second = ImportRun.objects.order_by("pk").values_list("pk", flat=True)
    return first, second


def process(run_id: UUID) -> bool:
    try:
        return upload_worker.process_upload(run_id, should_stop=lambda: False)
    finally:
        connection.close()


@pytest.mark.parametrize("state", ["waiting", "trying", "preview"])
def test_one_of_two_has_its_turn(uploads: tuple[UUID, UUID], state: str, monkeypatch: pytest.MonkeyPatch) -> None:
    ImportRun.objects.update(state=state, attempts=0, updated_at=clock.now())
    if state == "preview":
        ImportRun.objects.update(preview=None)
    first, second = uploads
    looked, process_now = resume.has_another, upload_worker._process
    started: list[Future[bool]] = []

    def look(run: ImportRun) -> bool:
        """The other worker takes the second upload when this one has looked, and has not stored its own turn."""
        found = looked(run)
        if run.pk == first:
            started.append(other.submit(process, second))
            until(lambda: started[0].done() or waiting(observer) == 1)
        return found

    def go_on(run: ImportRun, should_stop: Callable[[], bool]) -> None:
        """The first one has its turn until the second one has looked, too."""
        if run.pk == first:
            until(started[0].done)
        process_now(run, should_stop)

    monkeypatch.setattr(upload_worker, "has_another", look)
    monkeypatch.setattr(upload_worker, "_process", go_on)
    with ThreadPoolExecutor(1) as other, session() as observer:
        assert process(first)
        assert not started[0].result()
