"""The order of the long tests: `make test-long` gives the next one to the process that is free."""

import pytest

# Those that take more than a minute, longest first: the last test should be a short one.
LONGEST = (
    "leadsite/core/test_statements_plans.py",
    *("leadsite/audit/test_history.py", "leads/admin/test_bulk_changes_browser.py"),
    *("leads/importing/isolated/test_reading.py", "leads/admin/test_imports_browser.py"),
    *("leads/importing/test_importer_kills.py", "whatsapp/inbound/test_webhook_poison.py"),
    *("whatsapp/inbound/test_ingest_orders.py", "leads/importing/test_dry_run_many.py"),
    *("leadsite/demo/test_supervisor_demo.py", "leadsite/adminkit/test_content_policy_browser.py"),
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    places = {f"tests/long/{name}": place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(item.nodeid.partition("::")[0], len(places)))
