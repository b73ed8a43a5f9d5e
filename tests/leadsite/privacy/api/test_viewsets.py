"""Customers in the REST API: their ids, and their export and erasure by keys that may."""

import json

import pytest
from rest_framework.test import APIClient

from conversations.models import Customer
from leadsite.accounts.services import issue_api_key
from leadsite.privacy.erasing import finish_erasures
from leadsite.privacy.exporting import as_json, export_customer
from leadsite.privacy.models import Erasure
from tests.envelope import refused

pytestmark = pytest.mark.django_db


def eraser(business, scope="erase"):
    client = APIClient(raise_request_exception=False)
    key = issue_api_key(user=business.user, name="", scopes=[scope])
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {key}")
    return client


@pytest.fixture
def path(owner):
    owner.post_lead()
    return f"/api/customers/{Customer.objects.get().pk}"


def test_customers_are_found_by_number(owner, path):
    owner.post_lead(customer_phone="+4915100000000")
    found = owner.client.get("/api/customers", {"phone": "+1 (234) 567-890"}).json()["results"]
    assert [f"/api/customers/{one['id']}" for one in found] == [path]
    assert owner.client.get(path).json()["name"] == "John Doe"
    assert len(owner.client.get("/api/customers").json()["results"]) == 2


def test_a_key_with_the_scope_erases(owner, path):
    assert eraser(owner).delete(f"{path}?erase=true").status_code == 204
    assert owner.row_counts() == (0, 0, 0)
    assert refused(eraser(owner).delete(f"{path}?erase=true"), 404)["code"] == "not_found"


def test_no_key_has_the_scope_by_default(owner, path):
    body = refused(owner.client.delete(f"{path}?erase=true"), 403)
    assert body["error"] == "This API key lacks the scope erase."
    assert owner.row_counts() == (1, 1, 1)


@pytest.mark.parametrize("query", ["", "?erase=false", "?erase=1", "?erase=", "?erase=true&force=1"])
def test_it_must_be_said(owner, path, query):
    body = refused(eraser(owner).delete(f"{path}{query}"), 400)
    assert set(body["fields"]) <= {"erase", "force"}
    assert owner.row_counts() == (1, 1, 1)


def test_a_stranger_erases_nobody(owner, stranger, path):
    refused(eraser(stranger).delete(f"{path}?erase=true"), 404)
    assert owner.row_counts() == (1, 1, 1)


def test_a_key_with_the_scope_exports_what_the_command_does(owner, path):
    customer = Customer.objects.get()
    answer = eraser(owner, "export").get(f"{path}/export")
    assert answer.status_code == 200
    document = answer.json()
    wanted = json.loads(as_json(export_customer(customer)))
    assert document.pop("exported_at") <= wanted.pop("exported_at").replace("+00:00", "Z")
    assert document == wanted
    assert (document["customer"]["phone"], len(document["leads"])) == (customer.phone, 1)


@pytest.mark.parametrize("scope", ["read", "write", "send", "erase"])
def test_other_scopes_do_not_export(owner, path, scope):
    assert "lacks the scope export" in refused(eraser(owner, scope).get(f"{path}/export"), 403)["error"]
    refused(owner.client.get(f"{path}/export"), 403)


def test_the_scope_export_reads_nothing_else(owner, path):
    exporter = eraser(owner, "export")
    refused(exporter.get(path), 403)
    refused(exporter.get("/api/leads"), 403)
    refused(exporter.delete(f"{path}?erase=true"), 403)


def test_a_stranger_exports_nobody(owner, stranger, path):
    refused(eraser(stranger, "export").get(f"{path}/export"), 404)
    refused(eraser(owner, "export").get(f"{path}/export?files=true"), 400)


def test_what_takes_too_long_for_a_request_a_worker_finishes(owner, path, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr("leadsite.privacy.erasing.time.monotonic", iter(range(1000)).__next__)
        answer = eraser(owner).delete(f"{path}?erase=true")
    assert (answer.status_code, answer.json()["status"]) == (202, "erasing")
    assert owner.row_counts() == (0, 0, 0)
    assert finish_erasures() == 1
    assert str(Erasure.objects.get(finished_at__isnull=False).pk) == answer.json()["erasure_id"]
