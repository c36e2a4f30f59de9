import django.contrib.postgres.fields
import django.contrib.postgres.fields.ranges
import django.contrib.postgres.functions
import django.db.models.deletion
import django.db.models.functions.datetime
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('businesses', '0002_availability'),
        ('businesses', '0002_availability'),
    ]

    operations = [
        migrations.CreateModel(
            name='BusyTime',
            fields=[
                ('pk', models.CompositePrimaryKey('business_id', 'source_id', 'segment', blank=True, editable=False, primary_key=True, serialize=False)),
                ('business_id', models.UUIDField()),
                ('source_id', models.UUIDField(db_comment='the reservation or appointment that occupies this time')),
                ('segment', models.PositiveSmallIntegerField()),
                ('service_id', models.UUIDField()),
                ('staff_id', models.UUIDField(null=True)),
                ('resource_id', models.UUIDField(null=True)),
                ('class_key', models.UUIDField(db_comment="bookings of one class share person and rooms; else the source's own id")),
                ('places', models.PositiveSmallIntegerField(db_comment='places in the service: 0 in segments other than 0')),
                ('capacity', models.PositiveSmallIntegerField(db_comment='of the person or resource, when this was occupied; NULL where there is neither', null=True)),
                ('during', django.contrib.postgres.fields.ranges.DateTimeRangeField(db_comment='[start - buffer before, end + buffer after)')),
                ('expires_at', models.DateTimeField(db_comment="a hold's end; NULL for an appointment", null=True)),
            ],
            options={
                'db_table': 'busy_times',
                'db_table_comment': 'Ledger of occupied time, written only by triggers',
            },
        ),
        migrations.CreateModel(
            name='Reservation',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('visitor', models.CharField(blank=True, db_comment="keyed hash of who holds it, by which live holds are limited; '' is not counted", max_length=64)),
                ('status', models.CharField(choices=[('held', 'Held'), ('committed', 'Committed'), ('released', 'Released'), ('expired', 'Expired')], default='held', max_length=10)),
                ('visit_id', models.UUIDField(db_comment="the id of the visit's first part", db_default=django.contrib.postgres.functions.RandomUUID(), editable=False)),
                ('part', models.PositiveSmallIntegerField(db_default=1, default=1, editable=False)),
                ('joined_before', models.BooleanField(db_comment='the same person goes on from the part before, without the buffers', db_default=False, default=False)),
                ('joined_after', models.BooleanField(db_comment='the same person goes on with the next part, without the buffers', db_default=False, default=False)),
                ('resource_ids', django.contrib.postgres.fields.ArrayField(base_field=models.UUIDField(), db_comment='the resources it uses, one of each kind that its service needs', db_default=[], size=None)),
                ('places', models.PositiveSmallIntegerField(db_comment='more than one in a class alone', db_default=1, default=1)),
                ('starts_at', models.DateTimeField()),
                ('ends_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('buffer_before_minutes', models.PositiveSmallIntegerField(db_default=0)),
                ('buffer_after_minutes', models.PositiveSmallIntegerField(db_default=0)),
                ('processing_after_minutes', models.PositiveSmallIntegerField(db_default=0)),
                ('processing_minutes', models.PositiveSmallIntegerField(db_default=0)),
                ('service_name', models.CharField(db_default='', max_length=120)),
                ('service_capacity', models.PositiveSmallIntegerField(db_comment='the capacity under which this was taken, NULL for no limit; lowering it later breaks no promise', db_default=None, null=True)),
                ('price_cents', models.PositiveIntegerField(db_default=0)),
                ('currency', models.CharField(db_default='', max_length=3)),
                ('expires_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('idempotency_key', models.CharField(blank=True, max_length=128, null=True)),
                ('request_fingerprint', models.CharField(blank=True, max_length=64)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('business', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='businesses.business')),
                ('customer', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('service', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='businesses.service')),
                ('staff', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='businesses.staff')),
            ],
            options={
                'db_table': 'reservations',
                'db_table_comment': 'Holds: slots kept for a visitor until expires_at',
            },
        ),
        migrations.CreateModel(
            name='Appointment',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('reference', models.CharField(db_default='', editable=False, max_length=11)),
                ('visit_id', models.UUIDField(db_comment="the id of the visit's first part", db_default=django.contrib.postgres.functions.RandomUUID(), editable=False)),
                ('part', models.PositiveSmallIntegerField(db_default=1, default=1, editable=False)),
                ('joined_before', models.BooleanField(db_comment='the same person goes on from the part before, without the buffers', db_default=False, default=False)),
                ('joined_after', models.BooleanField(db_comment='the same person goes on with the next part, without the buffers', db_default=False, default=False)),
                ('resource_ids', django.contrib.postgres.fields.ArrayField(base_field=models.UUIDField(), db_comment='the resources it uses, one of each kind that its service needs', db_default=[], size=None)),
                ('places', models.PositiveSmallIntegerField(db_comment='more than one in a class alone', db_default=1, default=1)),
                ('starts_at', models.DateTimeField()),
                ('ends_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('status', models.CharField(choices=[('confirmed', 'Confirmed'), ('canceled', 'Canceled'), ('completed', 'Completed'), ('no_show', 'No-show')], default='confirmed', max_length=10)),
                ('version', models.PositiveIntegerField(default=1, editable=False)),
                ('customer_name', models.CharField(max_length=120)),
                ('customer_email', models.CharField(blank=True, db_comment='normalised: trimmed, lower case', max_length=254)),
                ('customer_phone', models.CharField(blank=True, db_comment='normalised: E.164', max_length=32)),
                ('notes', models.TextField(blank=True, max_length=2000)),
                ('answers', models.JSONField(default=dict)),
                ('service_name', models.CharField(db_default='', max_length=120)),
                ('service_capacity', models.PositiveSmallIntegerField(db_comment='the capacity under which this was taken, NULL for no limit; lowering it later breaks no promise', db_default=None, null=True)),
                ('price_cents', models.PositiveIntegerField(db_default=0)),
                ('currency', models.CharField(db_default='', max_length=3)),
                ('buffer_before_minutes', models.PositiveSmallIntegerField(db_default=0)),
                ('buffer_after_minutes', models.PositiveSmallIntegerField(db_default=0)),
                ('processing_after_minutes', models.PositiveSmallIntegerField(db_default=0)),
                ('processing_minutes', models.PositiveSmallIntegerField(db_default=0)),
                ('allows_cancellation', models.BooleanField(db_default=True)),
                ('cancellation_deadline_hours', models.PositiveSmallIntegerField(db_default=0)),
                ('allows_rescheduling', models.BooleanField(db_default=True)),
                ('reschedule_deadline_hours', models.PositiveSmallIntegerField(db_default=0)),
                ('cancellation_token_hash', models.CharField(blank=True, db_comment='SHA-256 in hex of the token that lets a guest manage this one', max_length=64)),
                ('overrides', models.JSONField(blank=True, db_comment='rules that staff set aside for this booking', default=list)),
                ('idempotency_key', models.CharField(blank=True, max_length=128, null=True)),
                ('request_fingerprint', models.CharField(blank=True, max_length=64)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('business', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='businesses.business')),
                ('customer', models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('service', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='businesses.service')),
                ('staff', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='businesses.staff')),
                ('reservation', models.ForeignKey(blank=True, db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='bookings.reservation')),
            ],
            options={
                'db_table': 'appointments',
                'db_table_comment': 'Bookings, each with what was agreed at the time',
                'ordering': ['starts_at', 'id'],
            },
        ),
        migrations.AddConstraint(
            model_name='reservation',
            constraint=models.UniqueConstraint(fields=('business', 'visit_id', 'part'), name='one_reservation_a_part'),
        ),
        migrations.AddConstraint(
            model_name='reservation',
            constraint=models.CheckConstraint(condition=models.Q(('part__gte', 1), ('part__lte', 5)), name='reservation_part_in_range'),
        ),
        migrations.AddConstraint(
            model_name='reservation',
            constraint=models.CheckConstraint(condition=models.Q(('places__gte', 1), ('places__lte', 1000)), name='reservation_places_in_range'),
        ),
        migrations.AddConstraint(
            model_name='reservation',
            constraint=models.UniqueConstraint(fields=('business', 'id'), name='reservations_key_of_business'),
        ),
        migrations.AddConstraint(
            model_name='reservation',
            constraint=models.UniqueConstraint(fields=('business', 'idempotency_key'), name='one_hold_a_key'),
        ),
        migrations.AddConstraint(
            model_name='reservation',
            constraint=models.CheckConstraint(condition=models.Q(('status__in', ['held', 'committed', 'released', 'expired'])), name='reservation_status_known'),
        ),
        migrations.AddConstraint(
            model_name='appointment',
            constraint=models.UniqueConstraint(fields=('business', 'visit_id', 'part'), name='one_appointment_a_part'),
        ),
        migrations.AddConstraint(
            model_name='appointment',
            constraint=models.CheckConstraint(condition=models.Q(('part__gte', 1), ('part__lte', 5)), name='appointment_part_in_range'),
        ),
        migrations.AddConstraint(
            model_name='appointment',
            constraint=models.CheckConstraint(condition=models.Q(('places__gte', 1), ('places__lte', 1000)), name='appointment_places_in_range'),
        ),
        migrations.AddConstraint(
            model_name='appointment',
            constraint=models.UniqueConstraint(fields=('business', 'id'), name='appointments_key_of_business'),
        ),
        migrations.AddConstraint(
            model_name='appointment',
            constraint=models.UniqueConstraint(fields=('business', 'reservation'), name='one_appointment_a_hold'),
        ),
        migrations.AddConstraint(
            model_name='appointment',
            constraint=models.UniqueConstraint(fields=('business', 'idempotency_key'), name='one_appointment_a_key'),
        ),
        migrations.AddConstraint(
            model_name='appointment',
            constraint=models.UniqueConstraint(fields=('business', 'reference', 'part'), name='one_appointment_a_reference'),
        ),
        migrations.AddConstraint(
            model_name='appointment',
            constraint=models.CheckConstraint(condition=models.Q(('status__in', ['confirmed', 'canceled', 'completed', 'no_show'])), name='appointment_status_known'),
        ),
        migrations.AddConstraint(
            model_name='appointment',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('customer_email', ''), ('customer_phone', ''), _negated=True), models.Q(('customer_name', ''), _negated=True), _connector='OR'), name='someone_is_booked'),
        ),
    ]
