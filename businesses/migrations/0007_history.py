from django.db import migrations

from rhivo.db.sql import RunSQLFile


class Migration(migrations.Migration):
    dependencies = [("businesses", "0006_logging_in"), ("audit", "0008_watched_rows")]
    operations = [RunSQLFile("businesses", "0007_history")]
