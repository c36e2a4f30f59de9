from django.db import migrations

from rhivo.db.sql import RunSQLFile


class Migration(migrations.Migration):
    dependencies = [("bookings", "0008_limits_and_keys")]
    operations = [RunSQLFile("bookings", "0020_terms_under_the_lock")]
