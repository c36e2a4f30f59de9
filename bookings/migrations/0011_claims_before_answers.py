from django.db import migrations

from rhivo.db.sql import RunSQLFile


class Migration(migrations.Migration):
    dependencies = [("bookings", "0010_telling_the_past")]
    operations = [RunSQLFile("bookings", "0011_claims_before_answers")]
