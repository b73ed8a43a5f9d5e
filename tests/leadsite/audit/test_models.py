"""An entry says in one line what it is."""

from leadsite.audit.models import AuditEntry


def test_an_entry_names_the_actor_or_its_kind():
    assert str(AuditEntry(action="update", table_name="leads", actor_name="Anna")) == "update of leads by Anna"
    assert str(AuditEntry(action="delete", table_name="leads", actor_kind="worker")) == "delete of leads by worker"
