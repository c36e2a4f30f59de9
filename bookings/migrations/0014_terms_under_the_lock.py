from django.db import migrations

from rhivo.db.sql import RunSQLFile


class Migration(migrations.Migration):
    dependencies = [("bookings", "0013_told_of_bookings")]
    operations = [RunSQLFile("bookings", "0014_terms_under_the_lock")]
