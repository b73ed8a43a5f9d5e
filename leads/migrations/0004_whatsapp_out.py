from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql"


def former(name: str) -> str:
    """The definition of an earlier migration, to which going back leads."""
    return (SQL / name).read_text()


class Migration(migrations.Migration):
    dependencies = [("conversations", "0003_whatsapp_out"), ("leads", "0003_whatsapp_in")]

    operations = [
        migrations.RunSQL(
            (SQL / "store_messages_2.sql").read_text(),
            "DROP FUNCTION store_messages(jsonb, integer[], uuid[], text[]); " + former("store_messages.sql"),
        ),
    ]
