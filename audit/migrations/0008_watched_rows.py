from django.db import migrations

from rhivo.db.sql import RunSQLFile


class Migration(migrations.Migration):
    dependencies = [("audit", "0007_seals")]
    operations = [RunSQLFile("audit", "0008_watched_rows")]
