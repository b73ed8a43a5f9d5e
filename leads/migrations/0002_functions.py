from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("leads", "0001_initial")]

    operations = [
        migrations.RunSQL((SQL / "trim_text.sql").read_text(), "DROP FUNCTION trim_text(text)"),
        migrations.RunSQL((SQL / "lead_fault.sql").read_text(), "DROP FUNCTION lead_fault(jsonb)"),
        migrations.RunSQL((SQL / "lead_refusal.sql").read_text(), "DROP FUNCTION lead_refusal(integer, text[])"),
        migrations.RunSQL((SQL / "lead_faults.sql").read_text(), "DROP FUNCTION lead_faults(uuid, jsonb)"),
        migrations.RunSQL(
            (SQL / "insert_leads.sql").read_text(), "DROP FUNCTION insert_leads(uuid, jsonb, text, boolean)"
        ),
        migrations.RunSQL(
            (SQL / "create_lead_with_conversation.sql").read_text(),
            "DROP FUNCTION create_lead_with_conversation(uuid, text, text, text, text, text, text)",
        ),
        migrations.RunSQL(
            (SQL / "create_leads_with_conversations.sql").read_text(),
            "DROP FUNCTION create_leads_with_conversations(uuid, jsonb, boolean)",
        ),
    ]
