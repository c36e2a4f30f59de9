from django.db import migrations

from rhivo.db.sql import RunSQLFile


class Migration(migrations.Migration):
    dependencies = [("audit", "0006_who_reads")]
    operations = [RunSQLFile("audit", "0007_seals")]
