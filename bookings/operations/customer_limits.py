"""How many bookings a business lets one customer have."""

from datetime import datetime, time, timedelta
from uuid import UUID

from django.db import connection

from bookings.contact import Contact
from bookings.errors import LimitReached
from bookings.models import Appointment
from businesses.models import Business
from rhivo.text.plurals import counted


def check_customer_limits(
    business: Business,
    contact: Contact,
    user_id: UUID | None,
    start: datetime,
    *,
    rescheduling: Appointment | None = None,
) -> None:
    """Raise LimitReached if a customer would have more bookings than the business allows; true also in parallel.

    One customer is whoever shares the account, the email or the phone. `rescheduling` is not counted.
    """
    midnight = datetime.combine(start.astimezone(business.zone).date(), time.min, business.zone)
    # Adding a day to local time gives the next local midnight, also when the clocks change in between.
    day = [midnight, midnight + timedelta(days=1)]
    known = [business.id, user_id, contact.email, contact.phone]
    with connection.cursor() as cursor:
        # 1. The function waits for whoever books for the same customer, under a lock of each identity.
        # 2. It counts in a later statement, whose snapshot has what it waited for. Until commit others wait for us.
        cursor.execute(
            "SELECT that_day, upcoming FROM bookings_of_customer(%s, %s, %s, %s, tstzrange(%s, %s), %s)",
            [*known, *day, rescheduling.id if rescheduling else None],
        )
        that_day, upcoming = cursor.fetchone()
    if that_day >= business.max_per_customer_per_day:
        most = counted(business.max_per_customer_per_day, "booking")
        raise LimitReached(f"At most {most} a day for each customer: choose another day.")
    if upcoming >= business.max_upcoming_per_customer:
        most = counted(business.max_upcoming_per_customer, "upcoming booking")
        raise LimitReached(f"At most {most} for each customer: cancel one first.")
