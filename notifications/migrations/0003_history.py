from django.db import migrations

from rhivo.db.sql import RunSQLFile


class Migration(migrations.Migration):
    dependencies = [("notifications", "0002_row_level_security"), ("audit", "0008_watched_rows")]
    operations = [RunSQLFile("notifications", "0003_history")]
