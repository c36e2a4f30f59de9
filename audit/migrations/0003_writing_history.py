from django.db import migrations

from rhivo.db.sql import RunSQLFile


class Migration(migrations.Migration):
    dependencies = [("audit", "0002_append_only")]
    operations = [RunSQLFile("audit", "0003_writing_history")]
