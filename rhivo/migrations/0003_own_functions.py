from django.db import migrations

from rhivo.db.sql import RunSQLFile


class Migration(migrations.Migration):
    dependencies = [("rhivo", "0002_django_tables")]
    operations = [RunSQLFile("rhivo", "0003_own_functions")]
