import businesses.validators
import django.core.validators
import django.db.models.deletion
import django.db.models.expressions
import django.db.models.functions.math
import django.db.models.functions.text
import django.db.models.lookups
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='User',
            fields=[
                ('password', models.CharField(max_length=128, verbose_name='password')),
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('email', models.EmailField(max_length=254, unique=True)),
                ('name', models.CharField(max_length=120)),
                ('phone', models.CharField(blank=True, max_length=32)),
                ('email_verified_at', models.DateTimeField(blank=True, null=True)),
                ('is_active', models.BooleanField(default=True, verbose_name='active')),
                ('created_at', models.DateTimeField(auto_now_add=True)),
            ],
            options={
                'db_table': 'users',
                'db_table_comment': 'Accounts of people, one an installation, whatever they are to which business',
                'ordering': ['name', 'id'],
                'constraints': [models.CheckConstraint(condition=models.Q(('email', django.db.models.functions.text.Lower('email'))), name='email_in_lower_case')],
            },
        ),
        migrations.CreateModel(
            name='Business',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('subdomain', models.CharField(max_length=63, unique=True, validators=[businesses.validators.validate_subdomain])),
                ('name', models.CharField(max_length=120)),
                ('timezone', models.CharField(max_length=64, validators=[businesses.validators.validate_zone])),
                ('locale', models.CharField(choices=[('en', 'English'), ('it', 'Italiano'), ('es', 'Español')], default='en', max_length=5)),
                ('currency', models.CharField(max_length=3, validators=[businesses.validators.validate_currency])),
                ('is_active', models.BooleanField(default=True, verbose_name='active')),
                ('is_listed', models.BooleanField(default=True, verbose_name='listed in the directory')),
                ('tagline', models.CharField(blank=True, max_length=200)),
                ('email', models.EmailField(blank=True, max_length=254)),
                ('phone', models.CharField(blank=True, max_length=32)),
                ('address', models.CharField(blank=True, max_length=300)),
                ('accent_color', models.CharField(default='#1f6f5c', max_length=7, validators=[django.core.validators.RegexValidator('\\A#[0-9a-f]{6}\\Z', 'Write a colour such as #1f6f5c.')])),
                ('slot_interval_minutes', models.PositiveSmallIntegerField(default=30, validators=[django.core.validators.MinValueValidator(5), django.core.validators.MaxValueValidator(480), businesses.validators.validate_grain])),
                ('min_notice_minutes', models.PositiveSmallIntegerField(default=60, validators=[django.core.validators.MinValueValidator(0), django.core.validators.MaxValueValidator(10080)])),
                ('max_advance_days', models.PositiveSmallIntegerField(default=60, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(730)])),
                ('max_wait_minutes', models.PositiveSmallIntegerField(db_default=15, default=15, validators=[django.core.validators.MinValueValidator(0), django.core.validators.MaxValueValidator(60), businesses.validators.validate_grain], verbose_name='longest wait between two services of a visit')),
                ('hold_minutes', models.PositiveSmallIntegerField(default=10, validators=[django.core.validators.MinValueValidator(5), django.core.validators.MaxValueValidator(30)])),
                ('max_per_customer_per_day', models.PositiveSmallIntegerField(default=3, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(100)])),
                ('max_upcoming_per_customer', models.PositiveSmallIntegerField(default=10, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(1000)])),
                ('requires_email', models.BooleanField(default=True)),
                ('requires_phone', models.BooleanField(default=False)),
                ('questions', models.JSONField(blank=True, default=list, validators=[businesses.validators.validate_questions])),
                ('allows_cancellation', models.BooleanField(default=True)),
                ('cancellation_deadline_hours', models.PositiveSmallIntegerField(default=24, validators=[django.core.validators.MinValueValidator(0), django.core.validators.MaxValueValidator(168)])),
                ('allows_rescheduling', models.BooleanField(default=True)),
                ('reschedule_deadline_hours', models.PositiveSmallIntegerField(default=24, validators=[django.core.validators.MinValueValidator(0), django.core.validators.MaxValueValidator(168)])),
                ('version', models.PositiveIntegerField(default=1, editable=False)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
            ],
            options={
                'verbose_name_plural': 'businesses',
                'db_table': 'businesses',
                'db_table_comment': 'Tenants: one row a business, with its zone, booking rules and terms',
                'ordering': ['name', 'id'],
                'constraints': [models.CheckConstraint(condition=models.Q(('slot_interval_minutes__gte', 5), ('slot_interval_minutes__lte', 480), django.db.models.lookups.Exact(django.db.models.functions.math.Mod(models.F('slot_interval_minutes'), 5), 0)), name='slot_interval_in_range'), models.CheckConstraint(condition=models.Q(('min_notice_minutes__gte', 0), ('min_notice_minutes__lte', 10080)), name='min_notice_in_range'), models.CheckConstraint(condition=models.Q(('max_advance_days__gte', 1), ('max_advance_days__lte', 730)), name='max_advance_in_range'), models.CheckConstraint(condition=models.Q(('max_wait_minutes__gte', 0), ('max_wait_minutes__lte', 60), django.db.models.lookups.Exact(django.db.models.functions.math.Mod(models.F('max_wait_minutes'), 5), 0)), name='max_wait_in_range'), models.CheckConstraint(condition=models.Q(('hold_minutes__gte', 5), ('hold_minutes__lte', 30)), name='hold_minutes_in_range'), models.CheckConstraint(condition=models.Q(('max_per_customer_per_day__gte', 1), ('max_per_customer_per_day__lte', 100)), name='per_day_in_range'), models.CheckConstraint(condition=models.Q(('max_upcoming_per_customer__gte', 1), ('max_upcoming_per_customer__lte', 1000)), name='upcoming_in_range'), models.CheckConstraint(condition=models.Q(('cancellation_deadline_hours__gte', 0), ('cancellation_deadline_hours__lte', 168)), name='cancellation_deadline_in_range'), models.CheckConstraint(condition=models.Q(('reschedule_deadline_hours__gte', 0), ('reschedule_deadline_hours__lte', 168)), name='reschedule_deadline_in_range'), models.CheckConstraint(condition=models.Q(('requires_email', True), ('requires_phone', True), _connector='OR'), name='some_contact_is_required', violation_error_message='Require an email address, a phone number, or both.')],
            },
        ),
        migrations.CreateModel(
            name='Category',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('name', models.CharField(max_length=80)),
                ('position', models.PositiveSmallIntegerField(default=0)),
                ('business', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='categories', to='businesses.business')),
            ],
            options={
                'verbose_name_plural': 'categories',
                'db_table': 'categories',
                'db_table_comment': "Headings of a business's catalogue",
                'ordering': ['position', 'name'],
            },
        ),
        migrations.CreateModel(
            name='Resource',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('slug', models.CharField(max_length=63, validators=[businesses.validators.validate_slug])),
                ('name', models.CharField(max_length=120)),
                ('kind', models.CharField(db_comment='what services ask for, such as room', max_length=63, validators=[businesses.validators.validate_slug])),
                ('max_simultaneous_bookings', models.PositiveSmallIntegerField(db_default=1, default=1, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(100)])),
                ('position', models.PositiveSmallIntegerField(default=0)),
                ('is_active', models.BooleanField(default=True, verbose_name='active')),
                ('version', models.PositiveIntegerField(default=1, editable=False)),
                ('business', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='resources', to='businesses.business')),
            ],
            options={
                'db_table': 'resources',
                'db_table_comment': 'Rooms, chairs and machines; a row is the lock under which its capacity is counted',
                'ordering': ['position', 'name'],
            },
        ),
        migrations.CreateModel(
            name='Service',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('slug', models.CharField(max_length=63, validators=[businesses.validators.validate_slug])),
                ('name', models.CharField(max_length=120)),
                ('description', models.CharField(blank=True, max_length=500)),
                ('duration_minutes', models.PositiveSmallIntegerField(validators=[django.core.validators.MinValueValidator(5), django.core.validators.MaxValueValidator(1440), businesses.validators.validate_grain])),
                ('price_cents', models.PositiveIntegerField(default=0)),
                ('max_simultaneous_bookings', models.PositiveSmallIntegerField(blank=True, null=True, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(1000)])),
                ('buffer_before_minutes', models.PositiveSmallIntegerField(default=0, validators=[django.core.validators.MinValueValidator(0), django.core.validators.MaxValueValidator(480), businesses.validators.validate_grain])),
                ('buffer_after_minutes', models.PositiveSmallIntegerField(default=0, validators=[django.core.validators.MinValueValidator(0), django.core.validators.MaxValueValidator(480), businesses.validators.validate_grain])),
                ('processing_after_minutes', models.PositiveSmallIntegerField(db_default=0, default=0, validators=[django.core.validators.MinValueValidator(0), django.core.validators.MaxValueValidator(1440), businesses.validators.validate_grain])),
                ('processing_minutes', models.PositiveSmallIntegerField(db_default=0, default=0, validators=[django.core.validators.MinValueValidator(0), django.core.validators.MaxValueValidator(1440), businesses.validators.validate_grain])),
                ('slot_interval_minutes', models.PositiveSmallIntegerField(blank=True, null=True, validators=[django.core.validators.MinValueValidator(5), django.core.validators.MaxValueValidator(480), businesses.validators.validate_grain])),
                ('is_group', models.BooleanField(default=False, verbose_name='group service')),
                ('is_active', models.BooleanField(default=True, verbose_name='active')),
                ('position', models.PositiveSmallIntegerField(default=0)),
                ('version', models.PositiveIntegerField(default=1, editable=False)),
                ('business', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='services', to='businesses.business')),
                ('category', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='services', to='businesses.category')),
            ],
            options={
                'db_table': 'services',
                'db_table_comment': 'What can be booked; its row is the lock under which its capacity is counted',
                'ordering': ['position', 'name'],
            },
        ),
        migrations.CreateModel(
            name='ServiceResource',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('kind', models.CharField(max_length=63, validators=[businesses.validators.validate_slug])),
                ('business', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='businesses.business')),
                ('service', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='needs', to='businesses.service')),
            ],
            options={
                'verbose_name': 'need',
                'db_table': 'service_resources',
                'db_table_comment': 'Which kinds of resource a service needs, one of each',
            },
        ),
        migrations.CreateModel(
            name='Staff',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('slug', models.CharField(max_length=63, validators=[businesses.validators.validate_slug])),
                ('name', models.CharField(max_length=120)),
                ('title', models.CharField(blank=True, max_length=120)),
                ('position', models.PositiveSmallIntegerField(default=0)),
                ('max_simultaneous_bookings', models.PositiveSmallIntegerField(db_comment='bookings or classes at a time, in all services', db_default=1, default=1, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(5)])),
                ('is_active', models.BooleanField(default=True, verbose_name='active')),
                ('version', models.PositiveIntegerField(default=1, editable=False)),
                ('business', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='staff', to='businesses.business')),
            ],
            options={
                'verbose_name': 'staff member',
                'db_table': 'staff',
                'db_table_comment': 'People who can be booked, by the name customers see',
                'ordering': ['position', 'name'],
            },
        ),
        migrations.CreateModel(
            name='ServiceStaff',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('business', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='businesses.business')),
                ('service', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='assignments', to='businesses.service')),
                ('staff', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='assignments', to='businesses.staff')),
            ],
            options={
                'verbose_name': 'assignment',
                'db_table': 'service_staff',
                'db_table_comment': 'Who does which service; a service with no row here needs nobody in particular',
            },
        ),
        migrations.AddField(
            model_name='service',
            name='staff',
            field=models.ManyToManyField(related_name='services', through='businesses.ServiceStaff', to='businesses.staff'),
        ),
        migrations.CreateModel(
            name='Membership',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('role', models.CharField(choices=[('owner', 'Owner'), ('staff', 'Staff')], max_length=5)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('business', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='memberships', to='businesses.business')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='memberships', to=settings.AUTH_USER_MODEL)),
                ('staff', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='memberships', to='businesses.staff')),
            ],
            options={
                'db_table': 'memberships',
                'db_table_comment': 'Who is owner or staff of which business',
                'ordering': ['role', 'created_at'],
            },
        ),
        migrations.AddConstraint(
            model_name='category',
            constraint=models.UniqueConstraint(fields=('business', 'id'), name='categories_key_of_business'),
        ),
        migrations.AddConstraint(
            model_name='category',
            constraint=models.UniqueConstraint(fields=('business', 'name'), name='one_category_a_name'),
        ),
        migrations.AddIndex(
            model_name='resource',
            index=models.Index(fields=['business', 'kind'], name='resources_by_kind'),
        ),
        migrations.AddConstraint(
            model_name='resource',
            constraint=models.UniqueConstraint(fields=('business', 'id'), name='resources_key_of_business'),
        ),
        migrations.AddConstraint(
            model_name='resource',
            constraint=models.UniqueConstraint(fields=('business', 'slug'), name='one_resource_a_slug'),
        ),
        migrations.AddConstraint(
            model_name='resource',
            constraint=models.CheckConstraint(condition=models.Q(('max_simultaneous_bookings__gte', 1), ('max_simultaneous_bookings__lte', 100)), name='resource_capacity_in_range'),
        ),
        migrations.AddConstraint(
            model_name='serviceresource',
            constraint=models.UniqueConstraint(fields=('business', 'service', 'kind'), name='one_need_a_kind'),
        ),
        migrations.AddConstraint(
            model_name='staff',
            constraint=models.UniqueConstraint(fields=('business', 'id'), name='staff_key_of_business'),
        ),
        migrations.AddConstraint(
            model_name='staff',
            constraint=models.UniqueConstraint(fields=('business', 'slug'), name='one_staff_a_slug'),
        ),
        migrations.AddConstraint(
            model_name='staff',
            constraint=models.CheckConstraint(condition=models.Q(('max_simultaneous_bookings__gte', 1), ('max_simultaneous_bookings__lte', 5)), name='staff_capacity_in_range'),
        ),
        migrations.AddConstraint(
            model_name='servicestaff',
            constraint=models.UniqueConstraint(fields=('business', 'service', 'staff'), name='one_assignment_a_pair'),
        ),
        migrations.AddConstraint(
            model_name='service',
            constraint=models.UniqueConstraint(fields=('business', 'id'), name='services_key_of_business'),
        ),
        migrations.AddConstraint(
            model_name='service',
            constraint=models.UniqueConstraint(fields=('business', 'slug'), name='one_service_a_slug'),
        ),
        migrations.AddConstraint(
            model_name='service',
            constraint=models.CheckConstraint(condition=models.Q(('duration_minutes__gte', 5), ('duration_minutes__lte', 1440), django.db.models.lookups.Exact(django.db.models.functions.math.Mod(models.F('duration_minutes'), 5), 0)), name='duration_in_range'),
        ),
        migrations.AddConstraint(
            model_name='service',
            constraint=models.CheckConstraint(condition=models.Q(('max_simultaneous_bookings__gte', 1), ('max_simultaneous_bookings__lte', 1000)), name='capacity_in_range'),
        ),
        migrations.AddConstraint(
            model_name='service',
            constraint=models.CheckConstraint(condition=models.Q(('buffer_before_minutes__gte', 0), ('buffer_before_minutes__lte', 480), django.db.models.lookups.Exact(django.db.models.functions.math.Mod(models.F('buffer_before_minutes'), 5), 0)), name='buffer_before_in_range'),
        ),
        migrations.AddConstraint(
            model_name='service',
            constraint=models.CheckConstraint(condition=models.Q(('buffer_after_minutes__gte', 0), ('buffer_after_minutes__lte', 480), django.db.models.lookups.Exact(django.db.models.functions.math.Mod(models.F('buffer_after_minutes'), 5), 0)), name='buffer_after_in_range'),
        ),
        migrations.AddConstraint(
            model_name='service',
            constraint=models.CheckConstraint(condition=models.Q(('processing_after_minutes__gte', 0), ('processing_after_minutes__lte', 1440), django.db.models.lookups.Exact(django.db.models.functions.math.Mod(models.F('processing_after_minutes'), 5), 0)), name='processing_after_in_range'),
        ),
        migrations.AddConstraint(
            model_name='service',
            constraint=models.CheckConstraint(condition=models.Q(('processing_minutes__gte', 0), ('processing_minutes__lte', 1440), django.db.models.lookups.Exact(django.db.models.functions.math.Mod(models.F('processing_minutes'), 5), 0)), name='processing_in_range'),
        ),
        migrations.AddConstraint(
            model_name='service',
            constraint=models.CheckConstraint(condition=models.Q(('slot_interval_minutes__gte', 5), ('slot_interval_minutes__lte', 480), django.db.models.lookups.Exact(django.db.models.functions.math.Mod(models.F('slot_interval_minutes'), 5), 0)), name='service_interval_in_range'),
        ),
        migrations.AddConstraint(
            model_name='service',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('processing_after_minutes', 0), ('processing_minutes', 0)), models.Q(('duration_minutes__gt', django.db.models.expressions.CombinedExpression(models.F('processing_after_minutes'), '+', models.F('processing_minutes'))), ('processing_after_minutes__gt', 0), ('processing_minutes__gt', 0)), _connector='OR'), name='processing_inside_the_service', violation_error_message='Processing time begins after the start and is over before the end.'),
        ),
        migrations.AddConstraint(
            model_name='service',
            constraint=models.CheckConstraint(condition=models.Q(('is_group', False), models.Q(('max_simultaneous_bookings__isnull', False), ('processing_minutes', 0)), _connector='OR'), name='class_has_places', violation_error_message='A class has a number of places and no processing time.'),
        ),
        migrations.AddConstraint(
            model_name='membership',
            constraint=models.UniqueConstraint(fields=('business', 'user'), name='one_role_a_business'),
        ),
        migrations.AddConstraint(
            model_name='membership',
            constraint=models.CheckConstraint(condition=models.Q(('role__in', ['owner', 'staff'])), name='membership_role_known'),
        ),
    ]
