import datetime

import django.contrib.postgres.indexes
import django.db.models.deletion
import django.db.models.expressions
import django.db.models.fields.json
import django.db.models.functions.comparison
import django.db.models.functions.datetime
import django.db.models.functions.text
from django.conf import settings
from django.contrib.postgres.operations import TrigramExtension
from django.db import migrations, models

import conversations.search.folding
import leadsite.core.models
from leadsite.core.sql_migrations import AddForeignKey, frozen_sql


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        TrigramExtension(),
        *frozen_sql(__file__),
        migrations.CreateModel(
            name="Customer",
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
                    "phone",
                    models.CharField(blank=True, help_text="International form, as the customer gave it.", null=True),
                ),
                (
                    "phone_key",
                    models.GeneratedField(
                        db_persist=True,
                        expression=models.Func(models.F("phone"), function="phone_key"),
                        output_field=models.CharField(null=True),
                    ),
                ),
                (
                    "whatsapp_user_id",
                    models.CharField(
                        blank=True,
                        help_text="Business-scoped user id; some customers hide their number.",
                        null=True,
                        verbose_name="WhatsApp user id",
                    ),
                ),
                ("name", models.CharField(blank=True, db_default="", default="")),
                ("profile_name", models.CharField(editable=False, null=True)),
                ("profile_name_at", models.DateTimeField(editable=False, null=True)),
                ("identified_at", models.DateTimeField(editable=False, null=True)),
                ("marketing_opted_out_at", models.DateTimeField(editable=False, null=True)),
                ("marketing_choice_at", models.DateTimeField(editable=False, null=True)),
                ("paced_until", models.DateTimeField(editable=False, null=True)),
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
                "db_table": "customers",
            },
        ),
        migrations.CreateModel(
            name="Conversation",
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
                    "status",
                    models.CharField(
                        choices=[("active", "Active"), ("completed", "Completed"), ("archived", "Archived")],
                        db_default="active",
                        default="active",
                    ),
                ),
                ("last_message_at", models.DateTimeField(blank=True, null=True)),
                ("last_inbound_at", models.DateTimeField(blank=True, null=True)),
                ("waiting_since", models.DateTimeField(blank=True, editable=False, null=True)),
                ("handled_at", models.DateTimeField(editable=False, null=True)),
                ("snoozed_until", models.DateTimeField(blank=True, editable=False, null=True)),
                (
                    "label_ids",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.UUIDField(),
                        blank=True,
                        db_default=[],
                        default=list,
                        editable=False,
                        size=None,
                    ),
                ),
                ("deleted_at", models.DateTimeField(editable=False, null=True)),
                (
                    "assigned_to",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="assigned_conversations",
                        to=settings.AUTH_USER_MODEL,
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
                (
                    "customer",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="conversations",
                        to="conversations.customer",
                    ),
                ),
            ],
            options={
                "db_table": "conversations",
            },
        ),
        migrations.CreateModel(
            name="CustomerMove",
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
                ("former", models.CharField(help_text="Phone key or WhatsApp user id.")),
                ("phone", models.CharField(blank=True, null=True)),
                ("whatsapp_user_id", models.CharField(blank=True, null=True, verbose_name="WhatsApp user id")),
                ("moved_at", models.DateTimeField()),
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
                "db_table": "customer_moves",
            },
        ),
        migrations.CreateModel(
            name="Message",
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
                ("channel_id", models.UUIDField(editable=False, null=True)),
                (
                    "address",
                    models.CharField(
                        blank=True,
                        db_default="",
                        default="",
                        editable=False,
                        help_text="The customer's number or WhatsApp user id, as the provider sent it or will get it.",
                    ),
                ),
                ("direction", models.CharField(choices=[("in", "In"), ("out", "Out")])),
                ("author_id", models.UUIDField(editable=False, null=True)),
                ("kind", models.CharField(db_default="text", default="text", help_text="text, image, location …")),
                ("content", models.TextField(blank=True, db_default="", default="")),
                (
                    "provider_id",
                    models.CharField(blank=True, help_text="The provider's id of this message.", null=True),
                ),
                ("provider_token", models.CharField(editable=False, null=True)),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("received", "Received"),
                            ("queued", "Queued"),
                            ("sending", "Sending"),
                            ("sent", "Sent"),
                            ("delivered", "Delivered"),
                            ("read", "Read"),
                            ("played", "Played"),
                            ("failed", "Failed"),
                            ("unknown", "Unknown"),
                        ]
                    ),
                ),
                (
                    "provider_time",
                    models.DateTimeField(blank=True, help_text="When the provider says it was written.", null=True),
                ),
                (
                    "sort_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
                ),
                ("is_turn", models.BooleanField(db_default=True, default=True, editable=False)),
                ("extras", models.JSONField(blank=True, db_default={}, default=dict)),
                ("parts", models.JSONField(editable=False, null=True)),
                ("error", models.TextField(blank=True, db_default="", default="")),
                ("attempts", models.PositiveIntegerField(db_default=0, default=0, editable=False)),
                ("retry_kind", models.CharField(db_default="", default="", editable=False)),
                ("retries", models.PositiveIntegerField(db_default=0, default=0, editable=False)),
                ("due_at", models.DateTimeField(editable=False, null=True)),
                ("leased_until", models.DateTimeField(editable=False, null=True)),
                (
                    "conversation",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="messages",
                        to="conversations.conversation",
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
                "db_table": "messages",
            },
        ),
        migrations.CreateModel(
            name="ParkedStatus",
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
                ("provider_id", models.CharField()),
                ("status", models.CharField()),
                ("error", models.TextField(db_default="", default="")),
                ("times", models.JSONField(db_default={}, default=dict)),
                ("details", models.JSONField(db_default={}, default=dict)),
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
                "verbose_name_plural": "parked statuses",
                "db_table": "parked_statuses",
            },
        ),
        migrations.AddIndex(
            model_name="customer",
            index=django.contrib.postgres.indexes.GinIndex(
                django.contrib.postgres.indexes.OpClass(
                    conversations.search.folding.Folded("name"), name="gin_trgm_ops"
                ),
                django.contrib.postgres.indexes.OpClass("phone", name="gin_trgm_ops"),
                gin_pending_list_limit=1024,
                name="customers_by_words",
            ),
        ),
        migrations.AddIndex(
            model_name="customer",
            index=django.contrib.postgres.indexes.GinIndex(
                django.contrib.postgres.indexes.OpClass("phone_key", name="gin_trgm_ops"),
                condition=models.Q(("phone_key", models.F("phone")), _negated=True),
                name="customers_by_folded_phone",
            ),
        ),
        migrations.AddIndex(
            model_name="customer",
            index=models.Index(
                models.F("user"),
                django.db.models.functions.text.Left(conversations.search.folding.Folded("name"), 100),
                condition=models.Q(("phone__isnull", True)),
                name="customers_no_phone",
            ),
        ),
        migrations.AddConstraint(
            model_name="customer",
            constraint=models.UniqueConstraint(fields=("user", "id"), name="customers_owner_unique"),
        ),
        migrations.AddConstraint(
            model_name="customer",
            constraint=models.UniqueConstraint(
                fields=("phone_key", "user"),
                name="customers_phone_unique",
                violation_error_message="Another customer of this business has this phone number.",
            ),
        ),
        migrations.AddConstraint(
            model_name="customer",
            constraint=models.UniqueConstraint(
                fields=("whatsapp_user_id", "user"),
                name="customers_whatsapp_user_id_unique",
                violation_error_message="Another customer of this business has this WhatsApp user id.",
            ),
        ),
        migrations.AddConstraint(
            model_name="customer",
            constraint=models.CheckConstraint(
                condition=models.Q(("phone__regex", "^\\+[1-9][0-9]{6,14}$")),
                name="customers_phone_e164",
                violation_error_message="The phone must be a plus sign and 7 to 15 digits.",
            ),
        ),
        migrations.AddConstraint(
            model_name="customer",
            constraint=models.CheckConstraint(
                condition=models.Q(("phone__isnull", False), ("whatsapp_user_id__isnull", False), _connector="OR"),
                name="customers_identified",
                violation_error_message="A customer needs a phone number or a WhatsApp user id.",
            ),
        ),
        migrations.AddConstraint(
            model_name="customer",
            constraint=models.CheckConstraint(
                condition=models.Q(("whatsapp_user_id__length__gte", 1), ("whatsapp_user_id__length__lte", 200)),
                name="customers_whatsapp_user_id_length",
                violation_error_message="A WhatsApp user id has 1 to 200 characters.",
            ),
        ),
        migrations.AddConstraint(
            model_name="customer",
            constraint=models.CheckConstraint(
                condition=models.Q(("name__length__lte", 200)),
                name="customers_name_length",
                violation_error_message="A name has at most 200 characters.",
            ),
        ),
        migrations.AddConstraint(
            model_name="customer",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("marketing_opted_out_at__isnull", True),
                    models.Q(
                        ("marketing_choice_at__isnull", False),
                        ("marketing_opted_out_at", models.F("marketing_choice_at")),
                    ),
                    _connector="OR",
                ),
                name="customers_opted_out_by_last_choice",
            ),
        ),
        migrations.AddIndex(
            model_name="conversation",
            index=models.Index(fields=["customer", "id"], name="conversations_by_customer"),
        ),
        migrations.AddIndex(
            model_name="conversation",
            index=models.Index(
                models.F("user"),
                django.db.models.expressions.OrderBy(
                    django.db.models.functions.comparison.Coalesce(
                        "last_message_at", models.Value(datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC))
                    ),
                    descending=True,
                ),
                django.db.models.expressions.OrderBy(models.F("id"), descending=True),
                name="conversations_by_recency",
            ),
        ),
        migrations.AddIndex(
            model_name="conversation",
            index=models.Index(fields=["user", "created_at", "id"], name="conversations_by_time"),
        ),
        migrations.AddIndex(
            model_name="conversation",
            index=models.Index(
                models.F("user"),
                models.F("status"),
                django.db.models.expressions.OrderBy(
                    django.db.models.functions.comparison.Coalesce(
                        "last_message_at", models.Value(datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC))
                    ),
                    descending=True,
                ),
                django.db.models.expressions.OrderBy(models.F("id"), descending=True),
                name="conversations_by_status",
            ),
        ),
        migrations.AddIndex(
            model_name="conversation",
            index=models.Index(
                condition=models.Q(("deleted_at__isnull", False)), fields=["deleted_at"], name="conversations_deleted"
            ),
        ),
        migrations.AddIndex(
            model_name="conversation",
            index=models.Index(
                models.F("user"),
                django.db.models.expressions.OrderBy(
                    django.db.models.functions.comparison.Coalesce(
                        "last_message_at", models.Value(datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC))
                    ),
                    descending=True,
                ),
                django.db.models.expressions.OrderBy(models.F("id"), descending=True),
                condition=models.Q(("waiting_since__isnull", False)),
                name="conversations_waiting",
            ),
        ),
        migrations.AddIndex(
            model_name="conversation",
            index=models.Index(
                models.F("assigned_to"),
                django.db.models.expressions.OrderBy(
                    django.db.models.functions.comparison.Coalesce(
                        "last_message_at", models.Value(datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC))
                    ),
                    descending=True,
                ),
                django.db.models.expressions.OrderBy(models.F("id"), descending=True),
                condition=models.Q(("assigned_to__isnull", False)),
                name="conversations_by_assigned_to",
            ),
        ),
        migrations.AddIndex(
            model_name="conversation",
            index=models.Index(
                models.F("assigned_to"),
                django.db.models.expressions.OrderBy(
                    django.db.models.functions.comparison.Coalesce(
                        "last_message_at", models.Value(datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC))
                    ),
                    descending=True,
                ),
                django.db.models.expressions.OrderBy(models.F("id"), descending=True),
                condition=models.Q(("assigned_to__isnull", False), ("status", "active")),
                name="conversations_of_person",
            ),
        ),
        migrations.AddIndex(
            model_name="conversation",
            index=models.Index(
                models.F("user"),
                django.db.models.expressions.OrderBy(
                    django.db.models.functions.comparison.Coalesce(
                        "last_message_at", models.Value(datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC))
                    ),
                    descending=True,
                ),
                django.db.models.expressions.OrderBy(models.F("id"), descending=True),
                condition=models.Q(
                    ("assigned_to__isnull", True), ("last_message_at__isnull", False), ("status", "active")
                ),
                name="conversations_of_nobody",
            ),
        ),
        migrations.AddConstraint(
            model_name="conversation",
            constraint=models.UniqueConstraint(fields=("user", "id"), name="conversations_owner_unique"),
        ),
        migrations.AddConstraint(
            model_name="conversation",
            constraint=models.UniqueConstraint(
                condition=models.Q(("deleted_at__isnull", True), ("status", "active")),
                fields=("customer",),
                name="conversations_one_active",
                violation_error_message="This customer has another active conversation.",
            ),
        ),
        migrations.AddConstraint(
            model_name="conversation",
            constraint=models.CheckConstraint(
                condition=models.Q(("status__in", ["active", "completed", "archived"])),
                name="conversations_status_valid",
            ),
        ),
        migrations.AddConstraint(
            model_name="customermove",
            constraint=models.UniqueConstraint(fields=("user", "former", "moved_at"), name="customer_moves_unique"),
        ),
        migrations.AddConstraint(
            model_name="customermove",
            constraint=models.CheckConstraint(
                condition=models.Q(("phone__isnull", False), ("whatsapp_user_id__isnull", False), _connector="OR"),
                name="customer_moves_identified",
            ),
        ),
        migrations.AddConstraint(
            model_name="customermove",
            constraint=models.CheckConstraint(
                condition=models.Q(("phone__regex", "^\\+[1-9][0-9]{6,14}$")), name="customer_moves_phone_e164"
            ),
        ),
        migrations.AddIndex(
            model_name="message",
            index=models.Index(fields=["conversation", "sort_at", "id"], name="messages_by_conversation"),
        ),
        migrations.AddIndex(
            model_name="message",
            index=models.Index(
                condition=models.Q(
                    models.Q(("direction", "out"), ("is_turn", True), models.Q(("status", "failed"), _negated=True)),
                    models.Q(("direction", "in"), ("is_turn", False), ("kind", "call")),
                    _connector="OR",
                ),
                fields=["conversation", "sort_at"],
                name="messages_answers",
            ),
        ),
        migrations.AddIndex(
            model_name="message",
            index=models.Index(
                condition=models.Q(("status", "queued")), fields=["channel_id", "due_at"], name="messages_due"
            ),
        ),
        migrations.AddIndex(
            model_name="message",
            index=models.Index(
                condition=models.Q(("status__in", ["queued", "sending"])),
                fields=["conversation", "id"],
                name="messages_waiting",
            ),
        ),
        migrations.AddIndex(
            model_name="message",
            index=models.Index(
                condition=models.Q(("provider_token__isnull", False)),
                fields=["user", "provider_token"],
                name="messages_by_token",
            ),
        ),
        migrations.AddIndex(
            model_name="message",
            index=django.contrib.postgres.indexes.GinIndex(
                django.db.models.fields.json.KeyTransform("former_ids", "extras"),
                condition=models.Q(("extras__has_key", "former_ids")),
                name="messages_by_former_id",
            ),
        ),
        migrations.AddIndex(
            model_name="message",
            index=models.Index(
                condition=models.Q(("status", "unknown"), models.Q(("extras__has_key", "settled"), _negated=True)),
                fields=["user", "id"],
                name="messages_unknown",
            ),
        ),
        migrations.AddIndex(
            model_name="message",
            index=models.Index(condition=models.Q(("status", "failed")), fields=["user", "id"], name="messages_failed"),
        ),
        migrations.AddIndex(
            model_name="message",
            index=models.Index(
                condition=models.Q(
                    ("status__in", ["failed", "unknown"]), models.Q(("extras__has_key", "settled"), _negated=True)
                ),
                fields=["user", "conversation", "id"],
                name="messages_undelivered",
            ),
        ),
        migrations.AddIndex(
            model_name="message",
            index=models.Index(
                condition=models.Q(("status", "sending")), fields=["leased_until"], name="messages_leased"
            ),
        ),
        migrations.AddConstraint(
            model_name="message",
            constraint=models.UniqueConstraint(fields=("user", "id"), name="messages_owner_unique"),
        ),
        migrations.AddConstraint(
            model_name="message",
            constraint=models.UniqueConstraint(
                condition=models.Q(("provider_id__isnull", False)),
                fields=("user", "provider_id"),
                name="messages_provider_id_unique",
            ),
        ),
        migrations.AddConstraint(
            model_name="message",
            constraint=models.CheckConstraint(
                condition=models.Q(("direction__in", ["in", "out"])), name="messages_direction_valid"
            ),
        ),
        migrations.AddConstraint(
            model_name="message",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("direction", "in"), ("status", "received")),
                    models.Q(
                        ("direction", "out"),
                        (
                            "status__in",
                            ["queued", "sending", "sent", "delivered", "read", "played", "failed", "unknown"],
                        ),
                    ),
                    _connector="OR",
                ),
                name="messages_status_valid",
            ),
        ),
        migrations.AddConstraint(
            model_name="message",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__length__gte", 1), ("kind__length__lte", 100)), name="messages_kind_length"
            ),
        ),
        migrations.AddConstraint(
            model_name="message",
            constraint=models.CheckConstraint(
                condition=models.Q(("provider_id__length__gte", 1), ("provider_id__length__lte", 500)),
                name="messages_provider_id_length",
            ),
        ),
        migrations.AddConstraint(
            model_name="message",
            constraint=models.CheckConstraint(
                condition=models.Q(("content__length__lte", 65536)), name="messages_content_length"
            ),
        ),
        migrations.AddIndex(
            model_name="message",
            index=django.contrib.postgres.indexes.GinIndex(
                django.contrib.postgres.indexes.OpClass(
                    conversations.search.folding.Folded("content"), name="gin_trgm_ops"
                ),
                gin_pending_list_limit=1024,
                name="messages_by_words",
            ),
        ),
        migrations.AddIndex(
            model_name="parkedstatus",
            index=models.Index(fields=["updated_at"], name="parked_statuses_by_age"),
        ),
        migrations.AddConstraint(
            model_name="parkedstatus",
            constraint=models.UniqueConstraint(fields=("user", "provider_id"), name="parked_statuses_unique"),
        ),
        migrations.AddConstraint(
            model_name="parkedstatus",
            constraint=models.CheckConstraint(
                condition=models.Q(("status__in", ["sent", "delivered", "read", "played", "failed"])),
                name="parked_statuses_status_valid",
            ),
        ),
        migrations.CreateModel(
            name="ErasedMark",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        db_default=leadsite.core.models.UuidV7(), editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("mark", models.UUIDField()),
                ("erased_at", models.DateTimeField()),
                (
                    "user",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "db_table": "erased_marks",
                "indexes": [models.Index(fields=["user", "-erased_at"], name="erased_marks_by_time")],
                "constraints": [models.UniqueConstraint(fields=("user", "mark"), name="erased_marks_unique")],
            },
        ),
        migrations.CreateModel(
            name="StoredMedia",
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
                ("position", models.PositiveSmallIntegerField(db_default=0, default=0)),
                ("provider_id", models.CharField(blank=True, db_default="", default="")),
                ("provider_url", models.TextField(blank=True, db_default="", default="")),
                ("mime_said", models.CharField(blank=True, db_default="", default="")),
                ("mime_found", models.CharField(blank=True, db_default="", default="")),
                ("size", models.BigIntegerField(help_text="In bytes.", null=True)),
                (
                    "sha256",
                    models.CharField(
                        blank=True, db_default="", default="", help_text="Of the stored bytes, in hexadecimal."
                    ),
                ),
                ("name", models.CharField(blank=True, db_default="", default="")),
                ("thumbnail_name", models.CharField(blank=True, db_default="", default="")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "Waiting"),
                            ("stored", "Stored"),
                            ("expired", "Expired"),
                            ("refused", "Refused"),
                            ("failed", "Failed"),
                        ],
                        db_default="waiting",
                        default="waiting",
                    ),
                ),
                ("reason", models.TextField(blank=True, db_default="", default="")),
                ("attempts", models.PositiveIntegerField(db_default=0, default=0)),
                ("due_at", models.DateTimeField(null=True)),
                (
                    "message",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="files",
                        to="conversations.message",
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
                "verbose_name": "file",
                "db_table": "stored_media",
                "indexes": [
                    models.Index(condition=models.Q(("state", "waiting")), fields=["due_at"], name="stored_media_due"),
                    models.Index(
                        condition=models.Q(("message__isnull", True)), fields=["id"], name="stored_media_orphans"
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("message", "position"), name="stored_media_position_unique"),
                    models.UniqueConstraint(
                        condition=models.Q(("name", ""), _negated=True),
                        fields=("name",),
                        name="stored_media_name_unique",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ["waiting", "stored", "expired", "refused", "failed"])),
                        name="stored_media_state_valid",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "stored"), _negated=True),
                            models.Q(("name", ""), _negated=True),
                            _connector="OR",
                        ),
                        name="stored_media_has_bytes",
                    ),
                ],
            },
        ),
        AddForeignKey("erased_marks_user_fk", "erased_marks (user_id)", "users (id)"),
        AddForeignKey("customers_user_fk", "customers (user_id)", "users (id)"),
        AddForeignKey("conversations_customer_fk", "conversations (user_id, customer_id)", "customers (user_id, id)"),
        AddForeignKey("conversations_assigned_to_fk", "conversations (assigned_to_id)", "users (id)", "SET NULL"),
        AddForeignKey("messages_conversation_fk", "messages (user_id, conversation_id)", "conversations (user_id, id)"),
        AddForeignKey("stored_media_user_fk", "stored_media (user_id)", "users (id)"),
        # A file whose message is deleted stays until its bytes are deleted too.
        AddForeignKey(
            "stored_media_message_fk",
            "stored_media (user_id, message_id)",
            "messages (user_id, id)",
            "SET NULL (message_id)",
        ),
        AddForeignKey("customer_moves_user_fk", "customer_moves (user_id)", "users (id)"),
        AddForeignKey("parked_statuses_user_fk", "parked_statuses (user_id)", "users (id)"),
        migrations.AddIndex(
            model_name="conversation",
            index=models.Index(
                condition=models.Q(("snoozed_until__isnull", False)),
                fields=["user", "snoozed_until", "id"],
                name="conversations_snoozed",
            ),
        ),
        migrations.AddIndex(
            model_name="conversation",
            index=django.contrib.postgres.indexes.GinIndex(
                condition=models.Q(("label_ids", []), _negated=True),
                fastupdate=False,
                fields=["label_ids"],
                name="conversations_by_label",
            ),
        ),
        migrations.CreateModel(
            name="Label",
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
                ("name", models.CharField()),
                (
                    "colour",
                    models.CharField(
                        choices=[
                            ("grey", "Grey"),
                            ("red", "Red"),
                            ("orange", "Orange"),
                            ("yellow", "Yellow"),
                            ("green", "Green"),
                            ("blue", "Blue"),
                            ("purple", "Purple"),
                            ("pink", "Pink"),
                        ],
                        db_default="grey",
                        default="grey",
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
                "db_table": "labels",
                "constraints": [
                    models.UniqueConstraint(
                        models.F("user"),
                        django.db.models.functions.text.Lower("name"),
                        name="labels_name_unique",
                        violation_error_message="There is a label with this name.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("name__length__gte", 1), ("name__length__lte", 30)),
                        name="labels_name_length",
                        violation_error_message="A label has 1 to 30 characters.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("colour__in", ["grey", "red", "orange", "yellow", "green", "blue", "purple", "pink"])
                        ),
                        name="labels_colour_valid",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Note",
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
                ("text", models.TextField()),
                ("edited_at", models.DateTimeField(editable=False, null=True)),
                (
                    "author",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "conversation",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="notes",
                        to="conversations.conversation",
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
                "db_table": "notes",
                "indexes": [
                    models.Index(fields=["conversation", "id"], name="notes_by_conversation"),
                    models.Index(
                        condition=models.Q(("author__isnull", False)), fields=["author"], name="notes_by_author"
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("user", "id"), name="notes_owner_unique"),
                    models.CheckConstraint(
                        condition=models.Q(("text__length__gte", 1), ("text__length__lte", 4000)),
                        name="notes_text_length",
                        violation_error_message="A note has 1 to 4000 characters.",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="NoteMention",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("seen_at", models.DateTimeField(editable=False, null=True)),
                (
                    "note",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="mentions",
                        to="conversations.note",
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "db_table": "note_mentions",
                "indexes": [
                    models.Index(fields=["person", "user", "-id"], name="note_mentions_of_person"),
                    models.Index(
                        condition=models.Q(("seen_at__isnull", True)),
                        fields=["person", "user"],
                        name="note_mentions_unseen",
                    ),
                ],
                "constraints": [models.UniqueConstraint(fields=("note", "person"), name="note_mentions_unique")],
            },
        ),
        AddForeignKey("labels_user_fk", "labels (user_id)", "users (id)"),
        AddForeignKey(
            "notes_conversation_fk", "notes (user_id, conversation_id)", "conversations (user_id, id)", "CASCADE"
        ),
        AddForeignKey("notes_author_fk", "notes (author_id)", "users (id)", "SET NULL"),
        AddForeignKey("note_mentions_note_fk", "note_mentions (user_id, note_id)", "notes (user_id, id)", "CASCADE"),
        AddForeignKey("note_mentions_person_fk", "note_mentions (person_id)", "users (id)", "CASCADE"),
        # A frequent word is best found by going through the rows in order. A sample of a hundred values, PostgreSQL's
        # default, misses words that one row in fifty has.
        migrations.RunSQL("ALTER INDEX customers_by_words ALTER COLUMN 1 SET STATISTICS 1000", migrations.RunSQL.noop),
        migrations.RunSQL("ALTER INDEX messages_by_words ALTER COLUMN 1 SET STATISTICS 1000", migrations.RunSQL.noop),
    ]
