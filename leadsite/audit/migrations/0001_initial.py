from django.db import migrations, models

# Partitions by month are added by make_audit_partitions; what comes when there is none is kept in the default one. One
# index: the history of a row, in order. Entries are never looked up otherwise, and each index is paid by each change.
TABLE = """
    CREATE SEQUENCE audit_entries_id_seq;
    CREATE TABLE audit_entries (
        id bigint NOT NULL DEFAULT nextval('audit_entries_id_seq'),
        at timestamptz NOT NULL DEFAULT statement_timestamp(),
        transaction_id bigint NOT NULL DEFAULT pg_current_xact_id()::text::bigint,
        row_id uuid NOT NULL,
        user_id uuid,
        table_name text NOT NULL,
        action text NOT NULL,
        actor_kind text NOT NULL,
        actor_id text NOT NULL,
        actor_name text NOT NULL,
        request_id text NOT NULL,
        before jsonb,
        after jsonb
    ) PARTITION BY RANGE (at);
    ALTER SEQUENCE audit_entries_id_seq OWNED BY audit_entries.id;
    CREATE TABLE audit_entries_default PARTITION OF audit_entries DEFAULT;
    CREATE INDEX audit_entries_of_row ON audit_entries (row_id, id);
"""


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.RunSQL(TABLE, "DROP TABLE audit_entries"),
        migrations.CreateModel(
            name="AuditEntry",
            fields=[
                ("id", models.BigIntegerField(primary_key=True, serialize=False)),
                ("at", models.DateTimeField()),
                ("transaction_id", models.BigIntegerField(help_text="The same for all that was changed at once.")),
                ("table_name", models.TextField()),
                ("row_id", models.UUIDField()),
                ("user_id", models.UUIDField(null=True, verbose_name="business")),
                (
                    "action",
                    models.TextField(choices=[("insert", "Insert"), ("update", "Update"), ("delete", "Delete")]),
                ),
                ("actor_kind", models.TextField()),
                ("actor_id", models.TextField()),
                ("actor_name", models.TextField()),
                ("request_id", models.TextField()),
                ("before", models.JSONField(null=True)),
                ("after", models.JSONField(null=True)),
            ],
            options={
                "verbose_name": "audit entry",
                "verbose_name_plural": "audit",
                "db_table": "audit_entries",
                "default_permissions": ("view",),
                "managed": False,
            },
        ),
    ]
