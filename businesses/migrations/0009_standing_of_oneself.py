from django.db import migrations

from rhivo.db.sql import RunSQLFile


class Migration(migrations.Migration):
    dependencies = [("businesses", "0008_events")]
    operations = [RunSQLFile("businesses", "0009_standing_of_oneself")]
