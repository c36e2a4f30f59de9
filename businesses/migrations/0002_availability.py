import businesses.validators
import django.core.validators
import django.db.models.deletion
import django.db.models.functions.math
import django.db.models.lookups
import uuid
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('businesses', '0001_foundation_tables'),
    ]

    operations = [
        migrations.CreateModel(
            name='Availability',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('weekday', models.PositiveSmallIntegerField(blank=True, choices=[(0, 'Monday'), (1, 'Tuesday'), (2, 'Wednesday'), (3, 'Thursday'), (4, 'Friday'), (5, 'Saturday'), (6, 'Sunday')], null=True)),
                ('first_date', models.DateField(blank=True, null=True)),
                ('last_date', models.DateField(blank=True, null=True)),
                ('opens', models.PositiveSmallIntegerField(blank=True, null=True, validators=[django.core.validators.MinValueValidator(0), django.core.validators.MaxValueValidator(1440), businesses.validators.validate_grain])),
                ('closes', models.PositiveSmallIntegerField(blank=True, null=True, validators=[django.core.validators.MinValueValidator(0), django.core.validators.MaxValueValidator(1440), businesses.validators.validate_grain])),
                ('reason', models.CharField(blank=True, max_length=120)),
                ('business', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='availability', to='businesses.business')),
                ('staff', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='availability', to='businesses.staff')),
            ],
            options={
                'verbose_name': 'opening time',
                'db_table': 'availability',
                'db_table_comment': 'Weekly hours and date exceptions of a business, or of one staff member of it',
                'ordering': ['weekday', 'first_date', 'opens'],
            },
        ),
        migrations.AddIndex(
            model_name='availability',
            index=models.Index(fields=['business', 'first_date'], name='availability_by_date'),
        ),
        migrations.AddConstraint(
            model_name='availability',
            constraint=models.CheckConstraint(condition=models.Q(('weekday__gte', 0), ('weekday__lte', 6)), name='weekday_in_range'),
        ),
        migrations.AddConstraint(
            model_name='availability',
            constraint=models.CheckConstraint(condition=models.Q(('opens__gte', 0), ('opens__lte', 1440), django.db.models.lookups.Exact(django.db.models.functions.math.Mod(models.F('opens'), 5), 0)), name='opens_in_range'),
        ),
        migrations.AddConstraint(
            model_name='availability',
            constraint=models.CheckConstraint(condition=models.Q(('closes__gte', 0), ('closes__lte', 1440), django.db.models.lookups.Exact(django.db.models.functions.math.Mod(models.F('closes'), 5), 0)), name='closes_in_range'),
        ),
        migrations.AddConstraint(
            model_name='availability',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('closes__isnull', False), ('opens__isnull', False), ('opens__lt', models.F('closes'))), models.Q(('closes__isnull', True), ('opens__isnull', True)), _connector='OR'), name='opens_before_it_closes', violation_error_message='A window opens before it closes; 24:00 is the latest close.'),
        ),
        migrations.AddConstraint(
            model_name='availability',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('first_date', None), ('last_date', None), ('opens__isnull', False), ('weekday__isnull', False)), models.Q(('first_date__isnull', False), ('last_date__gte', models.F('first_date')), ('last_date__isnull', False), ('weekday', None)), _connector='OR'), name='weekly_or_by_date', violation_error_message='Give a weekday with a window, or a first and a last date.'),
        ),
    ]
