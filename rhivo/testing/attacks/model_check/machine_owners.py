"""The steps of owners: capacity, hours, people and services change while bookings stand."""

import psycopg
from hypothesis import strategies as st
from hypothesis.stateful import rule

from businesses.models import Availability, ServiceStaff, Staff
from rhivo.claims import set_config_sql
from rhivo.testing.attacks.model_check.machine import SERVICES, TENANTS, Machine
from rhivo.testing.factories import ServiceStaffFactory, open_daily

WINDOWS = st.sampled_from([((540, 780), (840, 1080)), ((540, 780), (840, 1080)), ((600, 720),), ((630, 1440),), ()])
NAMES = st.sampled_from(["anna", "bob", "carl"])
ROOM_NAMES = st.sampled_from(["cabin", "hall", "tub"])
SUBJECTS = NAMES | ROOM_NAMES


class WithOwners(Machine):
    """Changes of configuration, none of which may disturb what is booked."""

    @rule(tenant=TENANTS, service=SERVICES, places=st.none() | st.integers(1, 5))
    def set_capacity(self, tenant: int, service: str, places: int | None) -> None:
        """Set or take away the number of a service; a class has one always."""
        attacked = self.businesses[tenant]
        row = attacked.services[service]
        row.max_simultaneous_bookings = places or (1 if row.is_group else None)
        attacked.change(lambda: row.save(update_fields=["max_simultaneous_bookings"]))
        attacked.tenant.services[service].capacity = row.max_simultaneous_bookings

    @rule(tenant=TENANTS, subject=SUBJECTS, capacity=st.integers(1, 3))
    def share(self, tenant: int, subject: str, capacity: int) -> None:
        """Let a person or a room be used by so many at a time."""
        attacked = self.businesses[tenant]
        row = attacked.people.get(subject) or attacked.rooms.get(subject)
        known = attacked.tenant.people.get(subject) or attacked.tenant.rooms.get(subject)
        if row is None or known is None:  # dismissed
            return
        row.max_simultaneous_bookings = known.capacity = capacity
        attacked.change(lambda: row.save(update_fields=["max_simultaneous_bookings"]))

    @rule(tenant=TENANTS, room=ROOM_NAMES, active=st.booleans())
    def open_room(self, tenant: int, room: str, active: bool) -> None:
        attacked = self.businesses[tenant]
        row = attacked.rooms[room]
        row.is_active = active
        attacked.change(lambda: row.save(update_fields=["is_active"]))
        attacked.tenant.rooms[room].is_active = active

    @rule(tenant=TENANTS, service=SERVICES, active=st.booleans())
    def offer(self, tenant: int, service: str, active: bool) -> None:
        attacked = self.businesses[tenant]
        row = attacked.services[service]
        row.is_active = active
        attacked.change(lambda: row.save(update_fields=["is_active"]))
        attacked.tenant.services[service].is_active = active

    @rule(tenant=TENANTS, person=NAMES, active=st.booleans())
    def employ(self, tenant: int, person: str, active: bool) -> None:
        attacked = self.businesses[tenant]
        if person in attacked.people:
            row = attacked.people[person]
            row.is_active = active
            attacked.change(lambda: row.save(update_fields=["is_active"]))
            attacked.tenant.people[person].is_active = active

    @rule(tenant=TENANTS, service=SERVICES, person=NAMES)
    def assign_or_not(self, tenant: int, service: str, person: str) -> None:
        """Let a person do a service, or no longer."""
        attacked = self.businesses[tenant]
        if person not in attacked.people:
            return
        who, what, known = attacked.people[person], attacked.services[service], attacked.tenant.services[service].staff
        if person in known:
            known.remove(person)
            attacked.change(ServiceStaff.objects.filter(service=what, staff=who).delete)
        else:
            known.add(person)
            attacked.change(lambda: ServiceStaffFactory.create(business=attacked.business, service=what, staff=who))

    @rule(tenant=TENANTS, person=st.none() | NAMES, windows=WINDOWS)
    def set_hours(self, tenant: int, person: str | None, windows: tuple[tuple[int, int], ...]) -> None:
        """Set the hours of the business, or of one person; () closes the business, and frees a person of own hours."""
        attacked = self.businesses[tenant]
        if person and person not in attacked.people:
            return

        def act() -> None:
            Availability.objects.filter(business=attacked.business, staff=attacked.person(person)).delete()
            open_daily(attacked.business, windows, staff=attacked.person(person))

        attacked.change(act)
        if person:
            attacked.tenant.people[person].windows = windows or None
        else:
            attacked.tenant.windows = windows

    @rule(tenant=TENANTS, person=NAMES)
    def dismiss(self, tenant: int, person: str) -> None:
        """Remove a person for good: refused while any hold or appointment, past or not, names them."""
        attacked = self.businesses[tenant]
        if person not in attacked.people:
            return
        tenant_ = attacked.tenant
        named = any(c.person == person for c in (*tenant_.holds.values(), *tenant_.appointments.values()))
        row = attacked.people[person]
        refusal = ""
        try:
            with self.app.transaction():
                self.app.execute(set_config_sql(attacked.shop.owners))
                # What belongs to the person goes first; only bookings may refuse the removal.
                for table in (ServiceStaff, Availability):
                    self.app.execute(f"DELETE FROM {table._meta.db_table} WHERE staff_id = %s", [row.id])
                self.app.execute(f"DELETE FROM {Staff._meta.db_table} WHERE id = %s", [row.id])
        except psycopg.errors.ForeignKeyViolation as error:
            refusal = error.diag.constraint_name or "?"
        # Foreign keys refuse it. Which of the two is told depends on what names the person.
        expected = {"reservation_staff_same_business", "appointment_staff_same_business"} if named else set()
        if self.judged(expected, refusal):
            del attacked.people[person], tenant_.people[person]
            for service in tenant_.services.values():
                service.staff.discard(person)
