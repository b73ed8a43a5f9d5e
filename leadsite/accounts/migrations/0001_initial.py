import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.functions.datetime
import django.db.models.functions.text
from django.conf import settings
from django.db import migrations, models

import leadsite.accounts.business.places
import leadsite.accounts.models
import leadsite.core.models
from leadsite.core.sql_migrations import AddForeignKey, frozen_sql


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
    ]

    operations = [
        *frozen_sql(__file__),
        migrations.CreateModel(
            name="LoginAttempt",
            fields=[
                ("key", models.CharField(primary_key=True, serialize=False)),
                ("account", models.CharField(help_text="The account that was tried last, shortened.")),
                ("address", models.CharField(help_text="The last one that tried.")),
                ("attempts", models.IntegerField()),
                ("allowed", models.IntegerField()),
                ("until", models.DateTimeField(help_text="When the attempts are forgotten.")),
            ],
            options={
                "verbose_name": "failed login",
                "db_table": "login_attempts",
            },
        ),
        migrations.CreateModel(
            name="RequestAllowance",
            fields=[
                (
                    "key",
                    models.CharField(
                        help_text="The hash of an API key; or what is counted, and an address.",
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("requests", models.FloatField()),
                ("counted_at", models.DateTimeField()),
            ],
            options={
                "db_table": "request_allowances",
            },
        ),
        migrations.CreateModel(
            name="User",
            fields=[
                ("password", models.CharField(max_length=128, verbose_name="password")),
                ("last_login", models.DateTimeField(blank=True, null=True, verbose_name="last login")),
                (
                    "is_superuser",
                    models.BooleanField(
                        default=False,
                        help_text="Designates that this user has all permissions without explicitly assigning them.",
                        verbose_name="superuser status",
                    ),
                ),
                (
                    "id",
                    models.UUIDField(
                        db_default=leadsite.core.models.UuidV7(), editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("email", models.EmailField(help_text="The login.", max_length=254, verbose_name="e-mail")),
                ("business_name", models.CharField(blank=True, db_default="", default="", max_length=200)),
                (
                    "name",
                    models.CharField(
                        blank=True,
                        db_default="",
                        default="",
                        help_text="Shown to colleagues.",
                        max_length=200,
                        verbose_name="name of the person",
                    ),
                ),
                (
                    "country",
                    models.CharField(
                        blank=True,
                        db_default="",
                        default="",
                        help_text="Of the business: local phone numbers that staff type are read as numbers of this country.",
                        max_length=2,
                        validators=[leadsite.accounts.business.places.check_country],
                    ),
                ),
                (
                    "time_zone",
                    models.CharField(
                        blank=True,
                        db_default="",
                        default="",
                        help_text="Of the business, such as Europe/Berlin: for the times of its pages, and when its days begin.",
                        max_length=64,
                        validators=[leadsite.accounts.business.places.check_zone],
                    ),
                ),
                (
                    "language",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("en", "English"),
                            ("de", "Deutsch"),
                            ("es", "Español"),
                            ("pt-br", "Português (Brasil)"),
                        ],
                        db_default="",
                        default="",
                        help_text="Of the pages that the person sees; without one, that of the browser.",
                        max_length=10,
                    ),
                ),
                ("is_staff", models.BooleanField(db_default=False, default=False, verbose_name="may use the admin")),
                (
                    "is_active",
                    models.BooleanField(
                        db_default=True,
                        default=True,
                        help_text="Untick to lock out the login at once, and every API key within a second.",
                        verbose_name="active",
                    ),
                ),
                (
                    "second_factor_at",
                    models.DateTimeField(
                        editable=False,
                        help_text="Since when a login needs a code, too.",
                        null=True,
                        verbose_name="second factor",
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
                ),
                (
                    "groups",
                    models.ManyToManyField(
                        blank=True,
                        help_text="The groups this user belongs to. A user will get all permissions granted to each of their groups.",
                        related_name="user_set",
                        related_query_name="user",
                        to="auth.group",
                        verbose_name="groups",
                    ),
                ),
                (
                    "user_permissions",
                    models.ManyToManyField(
                        blank=True,
                        help_text="Specific permissions for this user.",
                        related_name="user_set",
                        related_query_name="user",
                        to="auth.permission",
                        verbose_name="user permissions",
                    ),
                ),
            ],
            options={
                "verbose_name": "business",
                "verbose_name_plural": "businesses",
                "db_table": "users",
            },
        ),
        migrations.CreateModel(
            name="Membership",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        db_default=leadsite.core.models.UuidV7(), editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "role",
                    models.CharField(choices=[("owner", "Owner"), ("agent", "Agent"), ("viewer", "Viewer")]),
                ),
                (
                    "created_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
                ),
                (
                    "business",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="staff",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="memberships",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "person",
                "verbose_name_plural": "people",
                "db_table": "memberships",
            },
        ),
        migrations.CreateModel(
            name="Invitation",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        db_default=leadsite.core.models.UuidV7(), editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "email",
                    models.EmailField(
                        help_text="The invitation is for the login with this address.",
                        max_length=254,
                        verbose_name="e-mail",
                    ),
                ),
                (
                    "role",
                    models.CharField(
                        choices=[("owner", "Owner"), ("agent", "Agent"), ("viewer", "Viewer")], default="agent"
                    ),
                ),
                ("nonce", models.CharField(editable=False, max_length=32)),
                (
                    "created_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
                ),
                ("expires_at", models.DateTimeField(editable=False)),
                (
                    "business",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "invited_by",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "db_table": "invitations",
            },
        ),
        migrations.CreateModel(
            name="Rotation",
            fields=[
                (
                    "business",
                    models.OneToOneField(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="rotation",
                        serialize=False,
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("turn", models.BigIntegerField(db_default=0, default=0)),
            ],
            options={
                "db_table": "rotations",
            },
        ),
        migrations.CreateModel(
            name="Person",
            fields=[],
            options={
                "verbose_name": "person",
                "verbose_name_plural": "people",
                "proxy": True,
                "indexes": [],
                "constraints": [],
            },
            bases=("accounts.user",),
        ),
        migrations.CreateModel(
            name="ApiKey",
            fields=[
                ("digest", models.CharField(max_length=128, primary_key=True, serialize=False)),
                ("token_key", models.CharField(db_index=True, max_length=25)),
                ("created", models.DateTimeField(auto_now_add=True)),
                ("expiry", models.DateTimeField(blank=True, null=True)),
                ("name", models.CharField(blank=True, default="", help_text="What uses this key.", max_length=100)),
                (
                    "scopes",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(
                            choices=[
                                ("read", "Read leads, conversations and messages"),
                                ("write", "Create and change leads and conversations"),
                                ("send", "Send messages, and create the lead of a message"),
                                ("export", "Export all that is kept about a customer"),
                                ("erase", "Erase customers with every trace, for good"),
                            ]
                        ),
                        db_default=["read", "write", "send"],
                        default=leadsite.accounts.models.all_scopes,
                        size=None,
                    ),
                ),
                ("last_used_at", models.DateTimeField(editable=False, help_text="To the minute.", null=True)),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="auth_token_set",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "API key",
                "db_table": "api_keys",
            },
        ),
        migrations.CreateModel(
            name="IdempotencyKey",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        db_default=leadsite.core.models.UuidV7(), editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("key", models.CharField()),
                (
                    "fingerprint",
                    models.BinaryField(
                        help_text="Hash of path and body: detects a key that is reused for another request."
                    ),
                ),
                (
                    "status",
                    models.PositiveSmallIntegerField(
                        default=0, help_text="HTTP status of the answer; 0 while the request is in progress."
                    ),
                ),
                ("body", models.BinaryField(default=b"")),
                (
                    "created_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
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
                "db_table": "idempotency_keys",
            },
        ),
        migrations.CreateModel(
            name="Session",
            fields=[
                ("session_data", models.TextField(verbose_name="session data")),
                ("expire_date", models.DateTimeField(db_index=True, verbose_name="expire date")),
                ("session_key", models.CharField(max_length=64, primary_key=True, serialize=False)),
                (
                    "started_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), help_text="The login."),
                ),
                (
                    "last_seen_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), help_text="To the minute."
                    ),
                ),
                (
                    "address",
                    models.CharField(db_default="", default="", help_text="The client's address, when last seen."),
                ),
                (
                    "browser",
                    models.CharField(db_default="", default="", help_text="Its User-Agent.", max_length=300),
                ),
                (
                    "user",
                    models.ForeignKey(
                        db_constraint=False,
                        help_text="Nobody, while a login is not complete.",
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "session",
                "db_table": "sessions",
            },
        ),
        migrations.CreateModel(
            name="LastWrite",
            fields=[
                (
                    "user",
                    models.OneToOneField(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="+",
                        serialize=False,
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("position", models.BigIntegerField(help_text="Bytes since the beginning of the log.")),
            ],
            options={
                "db_table": "last_writes",
            },
        ),
        migrations.CreateModel(
            name="SecondFactor",
            fields=[
                (
                    "user",
                    models.OneToOneField(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="+",
                        serialize=False,
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("secret", models.TextField()),
                (
                    "last_step",
                    models.BigIntegerField(
                        help_text="The half minute, since 1970, of the last code that was accepted."
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
                ),
            ],
            options={
                "db_table": "second_factors",
            },
        ),
        migrations.CreateModel(
            name="RecoveryCode",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("digest", models.CharField(max_length=64)),
                (
                    "user",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "db_table": "recovery_codes",
                "constraints": [models.UniqueConstraint(fields=("user", "digest"), name="recovery_codes_unique")],
            },
        ),
        migrations.AddConstraint(
            model_name="user",
            constraint=models.UniqueConstraint(
                fields=("email",),
                name="users_email_unique",
                violation_error_code="unique",
                violation_error_message="This e-mail has an account.",
            ),
        ),
        migrations.AddConstraint(
            model_name="user",
            constraint=models.CheckConstraint(
                condition=models.Q(("email", django.db.models.functions.text.Lower("email"))),
                name="users_email_lower",
                violation_error_message="Write the e-mail in lower case.",
            ),
        ),
        migrations.AddIndex(
            model_name="membership",
            index=models.Index(fields=["business", "id"], name="memberships_by_business"),
        ),
        migrations.AddConstraint(
            model_name="membership",
            constraint=models.UniqueConstraint(
                fields=("person", "business"),
                name="memberships_unique",
                violation_error_message="This person works for the business already.",
            ),
        ),
        migrations.AddConstraint(
            model_name="membership",
            constraint=models.CheckConstraint(
                condition=models.Q(("role__in", ["owner", "agent", "viewer"])),
                name="memberships_role_valid",
                violation_error_message="A role is owner, agent or viewer.",
            ),
        ),
        migrations.AddConstraint(
            model_name="invitation",
            constraint=models.UniqueConstraint(
                fields=("business", "email"),
                name="invitations_unique",
                violation_error_message="There is an invitation for this e-mail: send it again, or revoke it.",
            ),
        ),
        migrations.AddConstraint(
            model_name="invitation",
            constraint=models.CheckConstraint(
                condition=models.Q(("email", django.db.models.functions.text.Lower("email"))),
                name="invitations_email_lower",
                violation_error_message="Write the e-mail in lower case.",
            ),
        ),
        migrations.AddConstraint(
            model_name="invitation",
            constraint=models.CheckConstraint(
                condition=models.Q(("role__in", ["owner", "agent", "viewer"])),
                name="invitations_role_valid",
                violation_error_message="A role is owner, agent or viewer.",
            ),
        ),
        migrations.AddConstraint(
            model_name="apikey",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("scopes__contained_by", ["read", "write", "send", "export", "erase"]),
                    models.Q(("scopes", []), _negated=True),
                ),
                name="api_keys_scopes_valid",
                violation_error_message="A key has one or more of the scopes read, write, send, export and erase.",
            ),
        ),
        migrations.AddIndex(
            model_name="idempotencykey",
            index=models.Index(fields=["created_at"], name="idempotency_keys_by_age"),
        ),
        migrations.AddConstraint(
            model_name="idempotencykey",
            constraint=models.UniqueConstraint(fields=("user", "key"), name="idempotency_keys_unique"),
        ),
        AddForeignKey("idempotency_keys_user_fk", "idempotency_keys (user_id)", "users (id)", "CASCADE"),
        AddForeignKey("memberships_person_fk", "memberships (person_id)", "users (id)", "CASCADE"),
        AddForeignKey("memberships_business_fk", "memberships (business_id)", "users (id)", "CASCADE"),
        AddForeignKey("invitations_business_fk", "invitations (business_id)", "users (id)", "CASCADE"),
        AddForeignKey("invitations_invited_by_fk", "invitations (invited_by_id)", "users (id)", "CASCADE"),
        AddForeignKey("rotations_business_fk", "rotations (business_id)", "users (id)", "CASCADE"),
        migrations.RunSQL("ALTER TABLE rotations SET (fillfactor = 50)", migrations.RunSQL.noop),
        AddForeignKey("second_factors_user_fk", "second_factors (user_id)", "users (id)", "CASCADE"),
        AddForeignKey("recovery_codes_user_fk", "recovery_codes (user_id)", "users (id)", "CASCADE"),
        AddForeignKey("sessions_user_fk", "sessions (user_id)", "users (id)", "CASCADE"),
        migrations.RunSQL("ALTER TABLE request_allowances SET UNLOGGED, SET (fillfactor = 50)", migrations.RunSQL.noop),
        AddForeignKey("last_writes_user_fk", "last_writes (user_id)", "users (id)", "CASCADE"),
        migrations.RunSQL("ALTER TABLE last_writes SET UNLOGGED, SET (fillfactor = 50)", migrations.RunSQL.noop),
    ]
