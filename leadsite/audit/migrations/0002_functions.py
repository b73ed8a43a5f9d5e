from django.db import migrations

from leadsite.audit.tables import AuditTable
from leadsite.core.sql_migrations import frozen_sql


class Migration(migrations.Migration):
    dependencies = [
        ("audit", "0001_initial"),
        ("accounts", "0001_initial"),
        ("conversations", "0001_initial"),
        ("leads", "0001_initial"),
        ("webhooks", "0001_initial"),
        ("whatsapp", "0001_initial"),
    ]

    operations = [
        *frozen_sql(__file__),
        migrations.RunSQL("SELECT make_audit_partitions()", migrations.RunSQL.noop),
        AuditTable("leads"),
        AuditTable("conversations"),
        AuditTable("customers"),
        AuditTable("channels"),
        AuditTable("api_keys"),
        AuditTable("webhook_endpoints"),
        AuditTable("memberships"),
        AuditTable("users"),
    ]
