from django.db import migrations

from rhivo.db.sql import RunSQLFile


class Migration(migrations.Migration):
    dependencies = [("bookings", "0009_customers_keep_to_the_terms")]
    operations = [RunSQLFile("bookings", "0010_telling_the_past")]
