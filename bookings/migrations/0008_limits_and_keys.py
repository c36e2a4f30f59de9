from django.db import migrations

from rhivo.db.sql import RunSQLFile


class Migration(migrations.Migration):
    dependencies = [
        ("bookings", "0007_row_level_security"),
        ("businesses", "0006_logging_in"),
        ("audit", "0003_writing_history"),
    ]
    operations = [RunSQLFile("bookings", "0008_limits_and_keys")]
