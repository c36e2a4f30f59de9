from django.db import migrations

from rhivo.db.sql import RunSQLFile


class Migration(migrations.Migration):
    dependencies = [("businesses", "0006_logging_in")]
    operations = [RunSQLFile("businesses", "0009_standing_of_oneself")]
