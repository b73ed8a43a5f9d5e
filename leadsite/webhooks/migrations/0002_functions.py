from django.db import migrations

from leadsite.core.sql_migrations import frozen_sql


class Migration(migrations.Migration):
    dependencies = [("webhooks", "0001_initial"), ("leads", "0002_functions"), ("whatsapp", "0001_initial")]

    operations = frozen_sql(__file__)
