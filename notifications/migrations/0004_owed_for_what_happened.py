from django.db import migrations

from rhivo.db.sql import RunSQLFile


class Migration(migrations.Migration):
    dependencies = [("notifications", "0003_history"), ("businesses", "0009_standing_of_oneself")]
    operations = [RunSQLFile("notifications", "0004_owed_for_what_happened")]
