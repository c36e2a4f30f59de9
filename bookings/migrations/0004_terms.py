from django.db import migrations

from rhivo.db.sql import RunSQLFile


class Migration(migrations.Migration):
    dependencies = [
        ("bookings", "0003_busy_times"),
        ("businesses", "0006_logging_in"),
        ("audit", "0003_writing_history"),
    ]
    operations = [RunSQLFile("bookings", "0004_terms")]
