from django.db import migrations

from rhivo.db.sql import RunSQLFile


class Migration(migrations.Migration):
    dependencies = [("businesses", "0001_initial"), ("rhivo", "0001_claims")]
    operations = [RunSQLFile("businesses", "0002_composite_keys")]
