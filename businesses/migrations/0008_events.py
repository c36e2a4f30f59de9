from django.db import migrations

from rhivo.db.sql import RunSQLFile


class Migration(migrations.Migration):
    dependencies = [("businesses", "0007_history")]
    operations = [RunSQLFile("businesses", "0008_events")]
