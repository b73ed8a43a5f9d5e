"""Reads /metrics as Prometheus does."""

from typing import Any

from django.test import Client
from prometheus_client.parser import text_string_to_metric_families


def read(client: Client, **headers: str) -> dict[str, Any]:
    answer = client.get("/metrics", headers=headers)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/plain")
    return {family.name: family for family in text_string_to_metric_families(answer.content.decode())}


def value(families: dict[str, Any], name: str, **labels: str) -> float:
    (found,) = [
        sample.value
        for family in families.values()
        for sample in family.samples
        if sample.name == name and sample.labels == labels
    ]
    return float(found)
