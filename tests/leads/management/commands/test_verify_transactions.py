"""manage.py verify_transactions: succeeds on a correct database and finds violations."""

from django.core.management import CommandError, call_command
from django.db import connection

from conversations.models import Conversation
from leads.models import Lead
from leadsite.accounts.models import User


def verify(capsys):
    """Run the command; return the printed lines, and whether it succeeded."""
    try:
        call_command("verify_transactions")
        succeeded = True
    except CommandError:
        succeeded = False
    return capsys.readouterr().out.splitlines(), succeeded


def test_it_checks_atomicity_and_leaves_the_database_unchanged(owner, capsys):
    owner.has_lead()
    users = User.objects.count()
    lines, succeeded = verify(capsys)
    assert succeeded
    assert len(lines) > 20
    assert all(line.startswith("ok  ") for line in lines)
    assert owner.row_counts() == (1, 1, 1)
    assert (User.objects.count(), Lead.objects.count()) == (users, 1)


def test_it_finds_a_conversation_without_a_lead(owner, capsys):
    owner.has_lead()
    Lead.objects.all().delete()
    assert Conversation.objects.exists()
    lines, succeeded = verify(capsys)
    assert not succeeded
    assert [line for line in lines if line.startswith("FAIL")] == [
        "FAIL  no conversation anywhere is without both lead and message"
    ]


def test_it_finds_a_function_without_validation(owner, capsys):
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE OR REPLACE FUNCTION lead_error(p_lead jsonb) RETURNS text[] LANGUAGE sql RETURN NULL::text[]"
        )
        cursor.execute("ALTER TABLE leads DROP CONSTRAINT leads_type_valid")
    lines, succeeded = verify(capsys)
    assert not succeeded
    failed = [line for line in lines if line.startswith("FAIL")]
    assert "FAIL  function: an unknown type leaves nothing" in failed
    # The service validates separately, and the other constraints still apply to the function.
    assert "FAIL  service: an unknown type leaves nothing" not in failed
    assert "FAIL  function: an unknown status leaves nothing" not in failed
