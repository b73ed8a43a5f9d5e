import django.contrib.postgres.indexes
import django.db.models.deletion
import django.db.models.expressions
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

import conversations.search.folding
import leadsite.core.models
from leadsite.core.sql_migrations import AddForeignKey


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("conversations", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="ImportRun",
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
                ("file_name", models.CharField(help_text="Without its folder; - is standard input.")),
                ("file_hash", models.CharField(blank=True, default="", help_text="SHA-256; empty for standard input.")),
                ("format", models.CharField(blank=True, default="")),
                (
                    "options",
                    models.JSONField(blank=True, default=dict, help_text="As given to the command or on the page."),
                ),
                ("columns", models.JSONField(blank=True, default=list, help_text="The file's header.")),
                (
                    "notes",
                    models.JSONField(blank=True, default=list, help_text="Sentences on what was not read of the file."),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("preview", "Preview"),
                            ("trying", "Trying"),
                            ("waiting", "Waiting"),
                            ("running", "Running"),
                            ("interrupted", "Interrupted"),
                            ("failed", "Failed"),
                            ("finished", "Finished"),
                            ("undoing", "Undoing"),
                            ("undone", "Undone"),
                        ],
                        default="running",
                    ),
                ),
                ("read", models.PositiveIntegerField(default=0)),
                ("created", models.PositiveIntegerField(default=0)),
                ("updated", models.PositiveIntegerField(default=0)),
                ("skipped", models.PositiveIntegerField(default=0)),
                ("failed", models.PositiveIntegerField(default=0)),
                (
                    "progress",
                    models.FloatField(
                        help_text="Fraction of the file that is read, where its size is known.", null=True
                    ),
                ),
                ("error", models.TextField(blank=True, default="")),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
                (
                    "preview",
                    models.JSONField(
                        blank=True, help_text="Header and first rows; null until a worker read them.", null=True
                    ),
                ),
                (
                    "trial",
                    models.JSONField(blank=True, help_text="Counts and first refusals of the last dry run.", null=True),
                ),
                (
                    "attempts",
                    models.PositiveSmallIntegerField(default=0, help_text="How many workers were killed during it."),
                ),
                ("claim", models.PositiveIntegerField(default=0, editable=False)),
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
                "verbose_name": "import",
                "verbose_name_plural": "imports",
                "db_table": "import_runs",
            },
        ),
        migrations.CreateModel(
            name="ImportRefusal",
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
                ("line", models.PositiveIntegerField()),
                ("field", models.CharField(blank=True, default="")),
                ("reason", models.TextField()),
                ("cells", models.JSONField(default=list)),
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
                    "run",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="refusals",
                        to="leads.importrun",
                    ),
                ),
            ],
            options={
                "db_table": "import_refusals",
            },
        ),
        migrations.CreateModel(
            name="ImportFile",
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
                ("number", models.PositiveIntegerField()),
                ("content", models.BinaryField()),
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
                    "run",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="pieces",
                        to="leads.importrun",
                    ),
                ),
            ],
            options={
                "db_table": "import_files",
            },
        ),
        migrations.CreateModel(
            name="Lead",
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
                    "type",
                    models.CharField(choices=[("order", "Order"), ("booking", "Booking"), ("inquiry", "Inquiry")]),
                ),
                (
                    "details",
                    models.TextField(blank=True, db_default="", default="", help_text="What the customer wants."),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("new", "New"),
                            ("contacted", "Contacted"),
                            ("qualified", "Qualified"),
                            ("converted", "Converted"),
                            ("lost", "Lost"),
                        ],
                        db_default="new",
                        default="new",
                    ),
                ),
                ("lost_reason", models.TextField(blank=True, db_default="", default="", help_text="Why it was lost.")),
                ("version", models.PositiveIntegerField(db_default=1, default=1, editable=False)),
                (
                    "source",
                    models.CharField(
                        choices=[
                            ("api", "REST API"),
                            ("whatsapp", "WhatsApp"),
                            ("manual", "Manual"),
                            ("import", "Import"),
                            ("admin", "Admin"),
                            ("sql", "SQL"),
                        ],
                        editable=False,
                    ),
                ),
                (
                    "external_id",
                    models.CharField(
                        blank=True,
                        help_text="The id of this lead in the system that sent it; unique for the business.",
                        null=True,
                    ),
                ),
                (
                    "referral",
                    models.JSONField(
                        editable=False,
                        help_text="The advertisement or post that brought the customer, from WhatsApp.",
                        null=True,
                    ),
                ),
                (
                    "follow_up_at",
                    models.DateTimeField(
                        blank=True,
                        help_text="When to get in touch again: the chat comes back then.",
                        null=True,
                        verbose_name="next follow-up",
                    ),
                ),
                ("deleted_at", models.DateTimeField(editable=False, null=True)),
                (
                    "deleted_by",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "assigned_to",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="assigned_leads",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "conversation",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="leads",
                        to="conversations.conversation",
                    ),
                ),
                (
                    "first_message",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        editable=False,
                        help_text="The customer's first message; the details are its text until they are edited.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="conversations.message",
                    ),
                ),
                (
                    "import_run",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="leads",
                        to="leads.importrun",
                    ),
                ),
                (
                    "import_line",
                    models.PositiveIntegerField(
                        editable=False, help_text="The line of the file that it comes from.", null=True
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
                "db_table": "leads",
            },
        ),
        migrations.AddIndex(
            model_name="importrun",
            index=models.Index(fields=["user", "file_hash", "id"], name="import_runs_by_file"),
        ),
        migrations.AddConstraint(
            model_name="importrun",
            constraint=models.UniqueConstraint(fields=("user", "id"), name="import_runs_owner_unique"),
        ),
        migrations.AddConstraint(
            model_name="importrun",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "state__in",
                        [
                            "preview",
                            "trying",
                            "waiting",
                            "running",
                            "interrupted",
                            "failed",
                            "finished",
                            "undoing",
                            "undone",
                        ],
                    )
                ),
                name="import_runs_state_valid",
            ),
        ),
        migrations.AddConstraint(
            model_name="importrun",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "read",
                        django.db.models.expressions.CombinedExpression(
                            django.db.models.expressions.CombinedExpression(
                                django.db.models.expressions.CombinedExpression(
                                    models.F("created"), "+", models.F("updated")
                                ),
                                "+",
                                models.F("skipped"),
                            ),
                            "+",
                            models.F("failed"),
                        ),
                    )
                ),
                name="import_runs_adds_up",
            ),
        ),
        migrations.AddIndex(
            model_name="importrefusal",
            index=models.Index(fields=["run", "line"], name="import_refusals_by_run"),
        ),
        migrations.AddConstraint(
            model_name="importrefusal",
            constraint=models.UniqueConstraint(fields=("user", "id"), name="import_refusals_owner_unique"),
        ),
        migrations.AddConstraint(
            model_name="importfile",
            constraint=models.UniqueConstraint(fields=("user", "run", "number"), name="import_files_number_unique"),
        ),
        migrations.AddIndex(
            model_name="lead",
            index=models.Index(fields=["conversation"], name="leads_by_conversation"),
        ),
        migrations.AddIndex(
            model_name="lead",
            index=models.Index(
                condition=models.Q(("assigned_to__isnull", False)),
                fields=["assigned_to", "id"],
                name="leads_by_assigned_to",
            ),
        ),
        migrations.AddIndex(
            model_name="lead",
            index=models.Index(
                condition=models.Q(("import_run__isnull", False)),
                fields=["import_run", "id"],
                name="leads_by_import_run",
            ),
        ),
        migrations.AddIndex(
            model_name="lead",
            index=models.Index(fields=["user", "status", "created_at", "id"], name="leads_by_status"),
        ),
        migrations.AddIndex(
            model_name="lead",
            index=models.Index(fields=["user", "source", "created_at", "id"], name="leads_by_source"),
        ),
        migrations.AddIndex(
            model_name="lead",
            index=models.Index(fields=["user", "created_at", "id"], name="leads_by_time"),
        ),
        migrations.AddIndex(
            model_name="lead",
            index=models.Index(fields=["user", "updated_at"], name="leads_by_change"),
        ),
        migrations.AddIndex(
            model_name="lead",
            index=models.Index(
                condition=models.Q(("deleted_at__isnull", False)),
                fields=["user", "deleted_at", "id"],
                name="leads_deleted",
            ),
        ),
        migrations.AddIndex(
            model_name="lead",
            index=models.Index(
                condition=models.Q(("deleted_at__isnull", False)),
                fields=["user", "created_at", "id"],
                name="leads_deleted_created",
            ),
        ),
        migrations.AddIndex(
            model_name="lead",
            index=models.Index(
                condition=models.Q(("deleted_at__isnull", False)), fields=["deleted_at"], name="leads_deleted_by_time"
            ),
        ),
        migrations.AddIndex(
            model_name="lead",
            index=models.Index(
                condition=models.Q(("deleted_by__isnull", False)), fields=["deleted_by"], name="leads_by_deleted_by"
            ),
        ),
        migrations.AddIndex(
            model_name="lead",
            index=django.contrib.postgres.indexes.GinIndex(
                django.contrib.postgres.indexes.OpClass(
                    conversations.search.folding.Folded("details"), name="gin_trgm_ops"
                ),
                gin_pending_list_limit=1024,
                name="leads_by_words",
            ),
        ),
        migrations.AddIndex(
            model_name="lead",
            index=models.Index(
                condition=models.Q(("first_message__isnull", False)),
                fields=["first_message"],
                name="leads_by_first_message",
            ),
        ),
        migrations.AddConstraint(
            model_name="lead",
            constraint=models.UniqueConstraint(fields=("user", "id"), name="leads_owner_unique"),
        ),
        migrations.AddConstraint(
            model_name="lead",
            constraint=models.UniqueConstraint(
                condition=models.Q(("external_id__isnull", False), ("deleted_at__isnull", True)),
                fields=("user", "external_id"),
                name="leads_external_id_unique",
                violation_error_message="Another lead has this external id.",
            ),
        ),
        migrations.AddConstraint(
            model_name="lead",
            constraint=models.CheckConstraint(
                condition=models.Q(("type__in", ["order", "booking", "inquiry"])), name="leads_type_valid"
            ),
        ),
        migrations.AddConstraint(
            model_name="lead",
            constraint=models.CheckConstraint(
                condition=models.Q(("status__in", ["new", "contacted", "qualified", "converted", "lost"])),
                name="leads_status_valid",
            ),
        ),
        migrations.AddConstraint(
            model_name="lead",
            constraint=models.CheckConstraint(
                condition=models.Q(("source__in", ["api", "whatsapp", "manual", "import", "admin", "sql"])),
                name="leads_source_valid",
            ),
        ),
        migrations.AddConstraint(
            model_name="lead",
            constraint=models.CheckConstraint(
                condition=models.Q(("details__length__lte", 10000)),
                name="leads_details_length",
                violation_error_message="Details have at most 10000 characters.",
            ),
        ),
        migrations.AddConstraint(
            model_name="lead",
            constraint=models.CheckConstraint(
                condition=models.Q(("lost_reason__length__lte", 1000)),
                name="leads_lost_reason_length",
                violation_error_message="A reason has at most 1000 characters.",
            ),
        ),
        migrations.AddConstraint(
            model_name="lead",
            constraint=models.CheckConstraint(
                condition=models.Q(("external_id__length__gte", 1), ("external_id__length__lte", 200)),
                name="leads_external_id_length",
                violation_error_message="An external id has 1 to 200 characters.",
            ),
        ),
        migrations.CreateModel(
            name="BulkChange",
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
                ("several", models.BooleanField(default=False, editable=False)),
                ("values", models.JSONField(help_text="What is written: status, type, assigned_to_id; deleted: true.")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "Waiting"),
                            ("running", "Running"),
                            ("finished", "Finished"),
                            ("cancelled", "Cancelled"),
                            ("failed", "Failed"),
                            ("undo_waiting", "Waiting to be undone"),
                            ("undoing", "Undoing"),
                            ("undone", "Undone"),
                        ],
                        default="waiting",
                    ),
                ),
                ("total", models.PositiveIntegerField(default=0, help_text="The number of chosen leads.")),
                ("changed", models.PositiveIntegerField(default=0)),
                ("same", models.PositiveIntegerField(default=0, help_text="Had the value already.")),
                ("refused", models.PositiveIntegerField(default=0, help_text="Their status does not allow it.")),
                (
                    "overtaken",
                    models.PositiveIntegerField(default=0, help_text="Were changed after they had been chosen."),
                ),
                ("gone", models.PositiveIntegerField(default=0, help_text="Were deleted after they had been chosen.")),
                (
                    "restored",
                    models.PositiveIntegerField(default=0, help_text="Changed leads that the undo gave back."),
                ),
                (
                    "remaining",
                    models.PositiveIntegerField(default=0, help_text="Changed leads that the undo left as they are."),
                ),
                ("position", models.UUIDField(editable=False, null=True)),
                ("undo_position", models.UUIDField(editable=False, null=True)),
                ("error", models.TextField(blank=True, default="")),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
                (
                    "person",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        editable=False,
                        help_text="Who made the change.",
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="by",
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
                "db_table": "bulk_changes",
            },
        ),
        migrations.CreateModel(
            name="ChosenLead",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "change_id", "lead_id", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("lead_id", models.UUIDField()),
                ("status", models.CharField()),
                ("type", models.CharField()),
                ("assigned_to_id", models.UUIDField(null=True)),
                ("lost_reason", models.TextField(default="")),
                ("outcome", models.CharField(default="")),
                (
                    "change",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="chosen",
                        to="leads.bulkchange",
                    ),
                ),
            ],
            options={
                "db_table": "bulk_change_leads",
            },
        ),
        migrations.AddIndex(
            model_name="bulkchange",
            index=models.Index(
                condition=models.Q(("state__in", ["waiting", "running", "undo_waiting", "undoing"])),
                fields=["id"],
                name="bulk_changes_unfinished",
            ),
        ),
        migrations.AddConstraint(
            model_name="bulkchange",
            constraint=models.UniqueConstraint(fields=("user", "id"), name="bulk_changes_owner_unique"),
        ),
        migrations.AddConstraint(
            model_name="bulkchange",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "state__in",
                        ["waiting", "running", "finished", "cancelled", "failed", "undo_waiting", "undoing", "undone"],
                    )
                ),
                name="bulk_changes_state_valid",
            ),
        ),
        migrations.AddConstraint(
            model_name="bulkchange",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "total__gte",
                        django.db.models.expressions.CombinedExpression(
                            django.db.models.expressions.CombinedExpression(
                                django.db.models.expressions.CombinedExpression(
                                    django.db.models.expressions.CombinedExpression(
                                        models.F("changed"), "+", models.F("same")
                                    ),
                                    "+",
                                    models.F("refused"),
                                ),
                                "+",
                                models.F("overtaken"),
                            ),
                            "+",
                            models.F("gone"),
                        ),
                    )
                ),
                name="bulk_changes_adds_up",
            ),
        ),
        migrations.AddIndex(
            model_name="chosenlead",
            index=models.Index(
                condition=models.Q(("outcome", ""), _negated=True),
                fields=["change", "lead_id"],
                name="bulk_change_leads_kept",
            ),
        ),
        AddForeignKey("bulk_changes_user_fk", "bulk_changes (user_id)", "users (id)"),
        AddForeignKey("bulk_changes_person_fk", "bulk_changes (person_id)", "users (id)", "SET NULL"),
        migrations.CreateModel(
            name="ImportChange",
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
                ("before", models.JSONField()),
                ("after", models.JSONField()),
                (
                    "times",
                    models.PositiveIntegerField(db_default=1, default=1, help_text="How often the run has changed it."),
                ),
                (
                    "lead_updated_at",
                    models.DateTimeField(help_text="Of the lead, before the run's first change.", null=True),
                ),
                (
                    "customer",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="conversations.customer",
                    ),
                ),
                (
                    "lead",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="leads.lead",
                    ),
                ),
                (
                    "run",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="changes",
                        to="leads.importrun",
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
                "db_table": "import_changes",
                "indexes": [
                    models.Index(
                        condition=models.Q(("lead__isnull", False)), fields=["lead"], name="import_changes_by_lead"
                    ),
                    models.Index(
                        condition=models.Q(("customer__isnull", False)),
                        fields=["customer"],
                        name="import_changes_by_customer",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("user", "id"), name="import_changes_owner_unique"),
                    models.UniqueConstraint(fields=("run", "lead"), name="import_changes_lead_unique"),
                    models.UniqueConstraint(fields=("run", "customer"), name="import_changes_customer_unique"),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("customer__isnull", True), ("lead__isnull", False)),
                            models.Q(("customer__isnull", False), ("lead__isnull", True)),
                            _connector="OR",
                        ),
                        name="import_changes_target",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="DeletedLead",
            fields=[],
            options={"proxy": True, "indexes": [], "constraints": []},
            bases=("leads.lead",),
        ),
        migrations.CreateModel(
            name="CustomerMerge",
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
                    models.DateTimeField(
                        auto_now=True, db_default=django.db.models.functions.datetime.Now(), editable=False
                    ),
                ),
                ("source_id", models.UUIDField(editable=False, help_text="The id that the customer had.")),
                (
                    "into_id",
                    models.UUIDField(editable=False, help_text="The id of the customer that it was merged into."),
                ),
                ("former_name", models.CharField(blank=True, default="")),
                ("former_phone", models.CharField(blank=True, null=True)),
                ("former_whatsapp_user_id", models.CharField(blank=True, null=True)),
                ("moved", models.JSONField(editable=False, null=True)),
                ("undone_at", models.DateTimeField(editable=False, null=True)),
                (
                    "person",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="by",
                    ),
                ),
                (
                    "target",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="merges",
                        to="conversations.customer",
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
                "db_table": "customer_merges",
                "indexes": [
                    models.Index(fields=["target", "id"], name="customer_merges_by_target"),
                    models.Index(fields=["source_id", "id"], name="customer_merges_by_source"),
                    models.Index(
                        condition=models.Q(("moved__isnull", False)),
                        fields=["created_at"],
                        name="customer_merges_undoable",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("user", "id"), name="customer_merges_owner_unique"),
                ],
            },
        ),
        AddForeignKey(
            "customer_merges_target_fk", "customer_merges (user_id, target_id)", "customers (user_id, id)", "CASCADE"
        ),
        AddForeignKey("customer_merges_person_fk", "customer_merges (person_id)", "users (id)", "SET NULL"),
        migrations.CreateModel(
            name="DistinctPair",
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
                    models.DateTimeField(
                        auto_now=True, db_default=django.db.models.functions.datetime.Now(), editable=False
                    ),
                ),
                (
                    "first",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="conversations.customer",
                    ),
                ),
                (
                    "second",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="conversations.customer",
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="by",
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
                "db_table": "distinct_pairs",
                "indexes": [
                    models.Index(fields=["second", "first"], name="distinct_pairs_by_second"),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("user", "id"), name="distinct_pairs_owner_unique"),
                    models.UniqueConstraint(fields=("first", "second"), name="distinct_pairs_once"),
                    models.CheckConstraint(
                        condition=models.Q(("first__lt", models.F("second"))), name="distinct_pairs_ordered"
                    ),
                ],
            },
        ),
        AddForeignKey(
            "distinct_pairs_first_fk", "distinct_pairs (user_id, first_id)", "customers (user_id, id)", "CASCADE"
        ),
        AddForeignKey(
            "distinct_pairs_second_fk", "distinct_pairs (user_id, second_id)", "customers (user_id, id)", "CASCADE"
        ),
        AddForeignKey("distinct_pairs_person_fk", "distinct_pairs (person_id)", "users (id)", "SET NULL"),
        migrations.AddIndex(
            model_name="lead",
            index=models.Index(
                condition=models.Q(
                    ("follow_up_at__isnull", False),
                    ("status__in", ("new", "contacted", "qualified")),
                    ("deleted_at__isnull", True),
                ),
                fields=["user", "follow_up_at", "id"],
                name="leads_to_follow_up",
            ),
        ),
        AddForeignKey("leads_conversation_fk", "leads (user_id, conversation_id)", "conversations (user_id, id)"),
        AddForeignKey("leads_assigned_to_fk", "leads (assigned_to_id)", "users (id)", "SET NULL"),
        AddForeignKey("leads_deleted_by_fk", "leads (deleted_by_id)", "users (id)", "SET NULL"),
        AddForeignKey("leads_first_message_fk", "leads (user_id, first_message_id)", "messages (user_id, id)"),
        AddForeignKey("import_runs_user_fk", "import_runs (user_id)", "users (id)"),
        AddForeignKey("import_files_run_fk", "import_files (user_id, run_id)", "import_runs (user_id, id)", "CASCADE"),
        AddForeignKey(
            "import_changes_run_fk", "import_changes (user_id, run_id)", "import_runs (user_id, id)", "CASCADE"
        ),
        AddForeignKey("import_changes_lead_fk", "import_changes (user_id, lead_id)", "leads (user_id, id)", "CASCADE"),
        AddForeignKey(
            "import_changes_customer_fk", "import_changes (user_id, customer_id)", "customers (user_id, id)", "CASCADE"
        ),
        AddForeignKey(
            "import_refusals_run_fk", "import_refusals (user_id, run_id)", "import_runs (user_id, id)", "CASCADE"
        ),
        # A frequent word is best found by going through the rows in order. A sample of a hundred values, PostgreSQL's
        # default, misses words that one row in fifty has.
        migrations.RunSQL("ALTER INDEX leads_by_words ALTER COLUMN 1 SET STATISTICS 1000", migrations.RunSQL.noop),
    ]
