"""GET /api/people."""

from leadsite.accounts.models import User
from tests.staff import person_of


def test_a_client_reads_who_works_for_its_business(owner, stranger):
    person = person_of(owner, "agent")
    person_of(stranger, "owner")
    locked = person_of(owner, "viewer")
    User.objects.filter(pk=locked.pk).update(is_active=False)
    answer = owner.client.get("/api/people")
    assert answer.status_code == 200
    wanted = {"id": str(person.pk), "name": "Agent", "email": "agent@bakery.example", "role": "agent"}
    assert answer.json() == {"next": None, "previous": None, "results": [wanted]}


def test_there_are_pages(owner):
    for name in "abc":
        person_of(owner, "agent", f"{name}@bakery.example")
    first = owner.client.get("/api/people?page_size=2").json()
    second = owner.client.get(first["next"]).json()
    emails = [row["email"][0] for row in first["results"] + second["results"]]
    assert emails == ["c", "b", "a"]
    assert owner.client.get("/api/people?role=agent").status_code == 400
