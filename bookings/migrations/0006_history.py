from django.db import migrations

from rhivo.db.sql import RunSQLFile


class Migration(migrations.Migration):
    dependencies = [("bookings", "0005_statuses"), ("businesses", "0006_logging_in"), ("audit", "0003_writing_history")]
    operations = [RunSQLFile("bookings", "0006_history")]
