"""Which request ids are taken over, and that every answer has one."""

from uuid import UUID

import pytest
from django.test import Client

from leadsite.core.logs.request_ids import request_id_of


@pytest.mark.parametrize("sent", ["a", "2c7e-11", "Root=1-67891233-abcdef", "JKJaXmPLvHcESHA=", "x" * 128])
def test_a_sane_id_is_taken_over(sent: str) -> None:
    assert request_id_of(sent) == sent


@pytest.mark.parametrize("sent", ["", "x" * 129, "a b", 'a"b', "a\nb", "{}", "é", "-rf", "<b>", None])
def test_any_other_is_replaced(sent: str | None) -> None:
    assert UUID(request_id_of(sent))


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/livez", 200),
        ("/readyz", 200),
        ("/api/leads", 401),
        ("/no/such/page", 404),
        ("/api/webhooks/whatsapp", 403),
        ("/admin/", 302),
        ("/admin/login/", 200),
    ],
)
def test_every_answer_has_the_id(path: str, status: int, db: None) -> None:
    answer = Client().get(path, headers={"X-Request-ID": "from-outside"})
    assert (answer.status_code, answer["X-Request-ID"]) == (status, "from-outside")


def test_a_host_that_is_refused_gets_an_id_too() -> None:
    answer = Client().get("/admin/", headers={"Host": "evil.example"})
    assert answer.status_code == 400
    assert UUID(answer["X-Request-ID"])
