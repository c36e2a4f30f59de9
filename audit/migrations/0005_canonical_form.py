from django.db import migrations

from rhivo.db.sql import RunSQLFile


class Migration(migrations.Migration):
    dependencies = [("audit", "0004_by_business")]
    operations = [RunSQLFile("audit", "0005_canonical_form")]
