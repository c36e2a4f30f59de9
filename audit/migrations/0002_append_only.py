from django.db import migrations

from rhivo.db.sql import RunSQLFile


class Migration(migrations.Migration):
    dependencies = [("audit", "0001_initial"), ("rhivo", "0001_claims")]
    operations = [RunSQLFile("audit", "0002_append_only")]
