from django.db import migrations

from rhivo.db.sql import RunSQLFile


class Migration(migrations.Migration):
    dependencies = [("businesses", "0004_versions"), ("rhivo", "0001_claims")]
    operations = [RunSQLFile("businesses", "0005_row_level_security")]
