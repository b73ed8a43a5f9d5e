import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

import leadsite.core.models
from leadsite.core.sql_migrations import AddForeignKey


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="WebhookEndpoint",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        db_default=leadsite.core.models.UuidV7(), editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
                ),
                (
                    "updated_at",
                    models.DateTimeField(auto_now=True, db_default=django.db.models.functions.datetime.Now()),
                ),
                ("url", models.CharField(verbose_name="URL")),
                (
                    "description",
                    models.CharField(blank=True, db_default="", default="", help_text="What receives the events."),
                ),
                (
                    "events",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(
                            choices=[
                                ("lead.created", "Lead created"),
                                ("lead.updated", "Lead updated"),
                                ("lead.deleted", "Lead deleted"),
                                ("lead.restored", "Lead restored"),
                                ("message.received", "Message received"),
                                ("message.status", "Message status changed"),
                            ]
                        ),
                        size=None,
                    ),
                ),
                ("active", models.BooleanField(db_default=True, default=True)),
                ("encrypted_secret", models.TextField(editable=False)),
                (
                    "former_secrets",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.TextField(), db_default=[], default=list, editable=False, size=None
                    ),
                ),
                (
                    "former_until",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.DateTimeField(), db_default=[], default=list, editable=False, size=None
                    ),
                ),
                ("encrypted_headers", models.TextField(db_default="", default="", editable=False)),
                (
                    "header_names",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(), db_default=[], default=list, editable=False, size=None
                    ),
                ),
                (
                    "failing_since",
                    models.DateTimeField(
                        editable=False, help_text="The first failure since the last delivered event.", null=True
                    ),
                ),
                ("disabled_at", models.DateTimeField(editable=False, null=True)),
                ("disabled_reason", models.TextField(db_default="", default="", editable=False)),
                (
                    "user",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="business",
                    ),
                ),
            ],
            options={
                "db_table": "webhook_endpoints",
            },
        ),
        migrations.CreateModel(
            name="WebhookEvent",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        db_default=leadsite.core.models.UuidV7(), editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
                ),
                (
                    "updated_at",
                    models.DateTimeField(auto_now=True, db_default=django.db.models.functions.datetime.Now()),
                ),
                ("type", models.CharField()),
                ("payload", models.JSONField()),
                (
                    "state",
                    models.CharField(
                        choices=[("pending", "Pending"), ("delivered", "Delivered"), ("failed", "Failed")],
                        db_default="pending",
                        default="pending",
                    ),
                ),
                ("attempts", models.PositiveIntegerField(db_default=0, default=0)),
                ("due_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), null=True)),
                ("leased_until", models.DateTimeField(editable=False, null=True)),
                (
                    "last_status",
                    models.PositiveSmallIntegerField(help_text="The HTTP status of the last answer.", null=True),
                ),
                ("last_attempt_at", models.DateTimeField(help_text="When the last attempt ended.", null=True)),
                ("error", models.TextField(db_default="", default="")),
                ("delivered_at", models.DateTimeField(null=True)),
                (
                    "endpoint",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="deliveries",
                        to="webhooks.webhookendpoint",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="business",
                    ),
                ),
            ],
            options={
                "db_table": "webhook_events",
            },
        ),
        migrations.AddIndex(
            model_name="webhookendpoint",
            index=models.Index(condition=models.Q(("active", True)), fields=["user"], name="webhook_endpoints_active"),
        ),
        migrations.AddIndex(
            model_name="webhookendpoint",
            index=models.Index(
                condition=models.Q(("disabled_at__isnull", False)), fields=["disabled_at"], name="webhook_endpoints_off"
            ),
        ),
        migrations.AddConstraint(
            model_name="webhookendpoint",
            constraint=models.UniqueConstraint(fields=("user", "id"), name="webhook_endpoints_owner_unique"),
        ),
        migrations.AddConstraint(
            model_name="webhookendpoint",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "events__contained_by",
                        [
                            "lead.created",
                            "lead.updated",
                            "lead.deleted",
                            "lead.restored",
                            "message.received",
                            "message.status",
                        ],
                    ),
                    models.Q(("events", []), _negated=True),
                ),
                name="webhook_endpoints_events_valid",
                violation_error_message="An endpoint has one or more of the events.",
            ),
        ),
        migrations.AddConstraint(
            model_name="webhookendpoint",
            constraint=models.CheckConstraint(
                condition=models.Q(("url__length__gte", 1), ("url__length__lte", 2000)),
                name="webhook_endpoints_url_length",
                violation_error_message="A URL has at most 2000 characters.",
            ),
        ),
        migrations.AddConstraint(
            model_name="webhookendpoint",
            constraint=models.CheckConstraint(
                condition=models.Q(("description__length__lte", 200)),
                name="webhook_endpoints_description_length",
                violation_error_message="A description has at most 200 characters.",
            ),
        ),
        migrations.AddConstraint(
            model_name="webhookendpoint",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("active", False), models.Q(("disabled_at", None), ("disabled_reason", "")), _connector="OR"
                ),
                name="webhook_endpoints_disabled_is_inactive",
            ),
        ),
        migrations.AddConstraint(
            model_name="webhookendpoint",
            constraint=models.CheckConstraint(
                condition=models.Q(("former_secrets__len", models.F("former_until__len"))),
                name="webhook_endpoints_former_have_ends",
            ),
        ),
        migrations.AddIndex(
            model_name="webhookevent",
            index=models.Index(fields=["endpoint", "id"], name="webhook_events_by_endpoint"),
        ),
        migrations.AddIndex(
            model_name="webhookevent",
            index=models.Index(
                condition=models.Q(("state", "pending")), fields=["endpoint", "due_at"], name="webhook_events_due"
            ),
        ),
        migrations.AddIndex(
            model_name="webhookevent",
            index=models.Index(
                condition=models.Q(("leased_until__isnull", False)),
                fields=["endpoint"],
                name="webhook_events_under_way",
            ),
        ),
        migrations.AddIndex(
            model_name="webhookevent",
            index=models.Index(
                condition=models.Q(("state", "failed")), fields=["endpoint", "id"], name="webhook_events_failed"
            ),
        ),
        migrations.AddIndex(
            model_name="webhookevent",
            index=models.Index(fields=["created_at"], name="webhook_events_by_age"),
        ),
        migrations.AddConstraint(
            model_name="webhookevent",
            constraint=models.UniqueConstraint(fields=("user", "id"), name="webhook_events_owner_unique"),
        ),
        migrations.AddConstraint(
            model_name="webhookevent",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("due_at__isnull", False), ("state", "pending")),
                    models.Q(("due_at", None), ("leased_until", None), ("state__in", ["delivered", "failed"])),
                    _connector="OR",
                ),
                name="webhook_events_state_valid",
            ),
        ),
        AddForeignKey("webhook_endpoints_user_fk", "webhook_endpoints (user_id)", "users (id)"),
    ]
