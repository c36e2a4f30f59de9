from django.db import migrations

from rhivo.db.sql import RunSQLFile


class Migration(migrations.Migration):
    initial = True
    dependencies = []
    operations = [RunSQLFile("rhivo", "0001_claims")]
