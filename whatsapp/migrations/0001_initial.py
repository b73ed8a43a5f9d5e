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
            name="WebhookDelivery",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        db_default=leadsite.core.models.UuidV7(), editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("provider", models.CharField(choices=[("cloud", "Meta Cloud API"), ("twilio", "Twilio")])),
                ("body", models.BinaryField()),
                (
                    "received_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[("processed", "Processed"), ("failed", "Failed"), ("unrouted", "Unrouted")]
                    ),
                ),
                ("error", models.TextField(blank=True, db_default="", default="")),
                ("attempts", models.PositiveIntegerField(db_default=1, default=1)),
                ("next_attempt_at", models.DateTimeField(blank=True, null=True)),
                (
                    "unrouted",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(),
                        db_default=[],
                        default=list,
                        help_text="Numbers without a channel.",
                        size=None,
                    ),
                ),
                (
                    "signed_by",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(), db_default=[], default=list, editable=False, size=None
                    ),
                ),
                ("signature", models.TextField(blank=True, db_default="", default="", editable=False)),
            ],
            options={
                "verbose_name": "delivery",
                "verbose_name_plural": "deliveries",
                "db_table": "webhook_deliveries",
                "indexes": [
                    models.Index(
                        condition=models.Q(("state", "processed"), _negated=True),
                        fields=["state", "id"],
                        name="webhook_deliveries_open",
                    ),
                    models.Index(
                        condition=models.Q(("error", ""), _negated=True), fields=["id"], name="webhook_deliveries_noted"
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("provider__in", ["cloud", "twilio"])),
                        name="webhook_deliveries_provider_valid",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ["processed", "failed", "unrouted"])),
                        name="webhook_deliveries_state_valid",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Channel",
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
                (
                    "provider",
                    models.CharField(
                        choices=[("cloud", "Meta Cloud API"), ("twilio", "Twilio")], db_default="cloud", default="cloud"
                    ),
                ),
                (
                    "phone_number_id",
                    models.CharField(
                        help_text="Meta: WhatsApp Manager shows it. Twilio: the number itself, +…",
                        verbose_name="phone number id",
                    ),
                ),
                ("display_number", models.CharField(blank=True, db_default="", default="")),
                (
                    "waba_id",
                    models.CharField(
                        blank=True,
                        db_default="",
                        default="",
                        help_text=(
                            "Meta only: templates are read from it. Left empty, it is filled from the next delivery."
                        ),
                        verbose_name="WhatsApp Business account id",
                    ),
                ),
                ("encrypted_access_token", models.TextField(blank=True, db_default="", default="", editable=False)),
                ("encrypted_app_secret", models.TextField(blank=True, db_default="", default="", editable=False)),
                ("active", models.BooleanField(db_default=True, default=True)),
                ("stopped_at", models.DateTimeField(blank=True, editable=False, null=True)),
                ("resumed_at", models.DateTimeField(editable=False, null=True)),
                ("stop_reason", models.TextField(blank=True, db_default="", default="", editable=False)),
                ("paced_until", models.DateTimeField(editable=False, null=True)),
                ("first_delivery_at", models.DateTimeField(editable=False, null=True)),
                ("first_inbound_at", models.DateTimeField(editable=False, null=True)),
                ("first_sent_at", models.DateTimeField(editable=False, null=True)),
                ("first_status_at", models.DateTimeField(editable=False, null=True)),
                ("templates_read_at", models.DateTimeField(editable=False, null=True)),
                ("templates_error", models.TextField(blank=True, db_default="", default="", editable=False)),
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
                "verbose_name": "WhatsApp number",
                "db_table": "channels",
                "indexes": [models.Index(fields=["waba_id"], name="channels_by_account")],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("phone_number_id",),
                        name="channels_phone_number_id_unique",
                        violation_error_code="unique",
                        violation_error_message="This phone number id belongs to another channel.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("provider__in", ["cloud", "twilio"])), name="channels_provider_valid"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("phone_number_id__length__gte", 1), ("phone_number_id__length__lte", 100)),
                        name="channels_phone_number_id_length",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("waba_id", ""), ("waba_id__regex", "^[0-9]{1,50}$"), _connector="OR"),
                        name="channels_waba_id_digits",
                        violation_error_message="A WhatsApp Business account id has only digits.",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="MessageTemplate",
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
                ("waba_id", models.CharField(verbose_name="WhatsApp Business account id")),
                ("name", models.CharField()),
                ("language", models.CharField()),
                ("provider_id", models.CharField(blank=True, db_default="", default="", verbose_name="id at Meta")),
                ("category", models.CharField(blank=True, db_default="", default="")),
                ("status", models.CharField(blank=True, db_default="", default="")),
                ("components", models.JSONField(blank=True, db_default=[], default=list)),
                ("status_at", models.DateTimeField(editable=False)),
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
                "verbose_name": "message template",
                "db_table": "message_templates",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("user", "name", "language", "waba_id"), name="message_templates_unique"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("name__length__gte", 1), ("name__length__lte", 512)),
                        name="message_templates_name_length",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("language__length__lte", 50)), name="message_templates_language_length"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("category__length__lte", 50)), name="message_templates_category_length"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("status__length__lte", 50)), name="message_templates_status_length"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="WebhookVerification",
            fields=[
                ("outcome", models.CharField(primary_key=True, serialize=False)),
                ("at", models.DateTimeField()),
            ],
            options={"db_table": "webhook_verifications"},
        ),
        migrations.CreateModel(
            name="AccountEvent",
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
                ("waba_id", models.CharField(verbose_name="WhatsApp Business account id")),
                ("channel_id", models.UUIDField(editable=False, null=True)),
                (
                    "number",
                    models.CharField(
                        blank=True,
                        help_text="The number's digits, or its id at Meta; blank for all.",
                    ),
                ),
                ("field", models.CharField(help_text="The webhook field at Meta.")),
                ("event", models.CharField(blank=True, help_text="Meta's word for it.")),
                ("aspect", models.CharField()),
                ("subject", models.CharField(blank=True)),
                ("text", models.TextField()),
                ("is_problem", models.BooleanField(verbose_name="problem")),
                ("at", models.DateTimeField(help_text="When it happened, as Meta says.", verbose_name="time")),
                ("until", models.DateTimeField(null=True)),
                ("messaging_limit", models.CharField(blank=True)),
                ("value", models.JSONField()),
                ("digest", models.CharField(editable=False)),
                ("done_at", models.DateTimeField(editable=False, null=True)),
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
                "verbose_name": "account event",
                "db_table": "account_events",
                "indexes": [
                    models.Index(
                        fields=["user", "waba_id", "aspect", "subject", "at"], name="account_events_by_subject"
                    ),
                    models.Index(
                        condition=models.Q(("done_at", None), ("is_problem", True)),
                        fields=["user", "at"],
                        name="account_events_problems",
                    ),
                    models.Index(models.OrderBy(models.F("at"), descending=True), name="account_events_by_time"),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("user", "digest"), name="account_events_digest_unique")
                ],
            },
        ),
        AddForeignKey("channels_user_fk", "channels (user_id)", "users (id)"),
        AddForeignKey("message_templates_user_fk", "message_templates (user_id)", "users (id)"),
        AddForeignKey("account_events_user_fk", "account_events (user_id)", "users (id)"),
    ]
