from django.db import migrations

from rhivo.db.sql import RunSQLFile


class Migration(migrations.Migration):
    dependencies = [("audit", "0005_canonical_form")]
    operations = [RunSQLFile("audit", "0006_who_reads")]
