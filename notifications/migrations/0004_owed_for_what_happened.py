from django.db import migrations

from rhivo.db.sql import RunSQLFile


class Migration(migrations.Migration):
    dependencies = [("notifications", "0002_row_level_security"), ("businesses", "0006_logging_in")]
    operations = [RunSQLFile("notifications", "0004_owed_for_what_happened")]
