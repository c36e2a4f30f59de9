from django.db import migrations

from rhivo.db.sql import RunSQLFile


class Migration(migrations.Migration):
    dependencies = [("bookings", "0011_claims_before_answers"), ("audit", "0008_watched_rows")]
    operations = [RunSQLFile("bookings", "0012_history")]
