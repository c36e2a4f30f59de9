import django.contrib.postgres.indexes
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('bookings', '0002_row_level_security'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='busytime',
            index=django.contrib.postgres.indexes.GistIndex(condition=models.Q(('segment', 0)), fields=['service_id', 'during'], name='busy_times_by_service'),
        ),
        migrations.AddIndex(
            model_name='busytime',
            index=models.Index(condition=models.Q(('expires_at__isnull', False)), fields=['expires_at'], name='busy_times_by_expiry'),
        ),
        migrations.AddIndex(
            model_name='reservation',
            index=models.Index(condition=models.Q(('status', 'held')), fields=['expires_at'], name='holds_by_expiry'),
        ),
        migrations.AddIndex(
            model_name='reservation',
            index=models.Index(condition=models.Q(('status', 'held')), fields=['business', 'visitor'], name='holds_by_visitor'),
        ),
        migrations.AddIndex(
            model_name='reservation',
            index=models.Index(fields=['created_at'], name='reservations_by_age'),
        ),
        migrations.AddIndex(
            model_name='appointment',
            index=models.Index(fields=['business', 'starts_at', 'id'], name='appointments_by_start'),
        ),
        migrations.AddIndex(
            model_name='appointment',
            index=models.Index(fields=['customer', 'starts_at'], name='appointments_by_customer'),
        ),
        migrations.AddIndex(
            model_name='appointment',
            index=models.Index(condition=models.Q(('customer_email', ''), _negated=True), fields=['business', 'customer_email'], name='appointments_by_email'),
        ),
        migrations.AddIndex(
            model_name='appointment',
            index=models.Index(condition=models.Q(('customer_phone', ''), _negated=True), fields=['business', 'customer_phone'], name='appointments_by_phone'),
        ),
        migrations.AddIndex(
            model_name='appointment',
            index=models.Index(condition=models.Q(('cancellation_token_hash', ''), _negated=True), fields=['cancellation_token_hash'], name='appointments_by_token'),
        ),
    ]
