from django.db import migrations

from rhivo.db.sql import RunSQLFile


class Migration(migrations.Migration):
    dependencies = [
        ("bookings", "0012_history"),
        ("notifications", "0004_owed_for_what_happened"),
    ]
    operations = [RunSQLFile("bookings", "0013_told_of_bookings")]
