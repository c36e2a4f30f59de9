from django.db import migrations

from rhivo.db.sql import RunSQLFile


class Migration(migrations.Migration):
    dependencies = [("businesses", "0003_hours_do_not_touch"), ("rhivo", "0001_claims")]
    operations = [RunSQLFile("businesses", "0004_versions")]
