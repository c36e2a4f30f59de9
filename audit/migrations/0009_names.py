from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("audit", "0008_watched_rows")]
    operations = [
        migrations.AlterModelOptions(
            name="auditlog",
            options={"ordering": ["id"], "verbose_name": "history entry", "verbose_name_plural": "history entries"},
        )
    ]
