"""Why a booking is refused, and which database constraint says so."""

from collections.abc import Callable
from datetime import datetime
from typing import ClassVar

from bookings.rules.reasons import Reason
from rhivo.db.constraints import means
from rhivo.errors import (
    Conflict,
    Forbidden,
    Gone,
    Invalid,
    Malformed,
    NotFound,
    RhivoError,
    Throttled,
    VersionConflict,
)


class SlotUnavailable(Conflict):
    # Raised inside an operation it says how to find the nearest free starts, which cannot be done before the rollback:
    # `with_alternatives` does it after, and puts them into `extra` as `alternatives`.
    nearest: Callable[[], list[datetime]] = list
    __doc__ = Reason.FULL.text
    code = "SLOT_UNAVAILABLE"


class TakenMeanwhile(SlotUnavailable):
    """The person who looked free was taken meanwhile; someone else may be free."""


class HoldExpired(Gone):
    """The hold has run out: choose a time again."""

    code = "HOLD_EXPIRED"


class IllegalTransition(Conflict):
    """The appointment's status does not allow this."""

    code = "ILLEGAL_TRANSITION"


class DeadlinePassed(Conflict):
    """The agreed deadline for this has passed: call the business."""

    code = "DEADLINE_PASSED"


class TermsForbid(DeadlinePassed):
    """The agreed terms do not allow this: call the business."""


class LimitReached(Conflict):
    """This customer has as many bookings as the business allows."""

    code = "LIMIT_REACHED"


class TooManyHolds(Throttled):
    """You hold five times already: book or release one of them first."""


class NotOffered(Invalid):
    """A rule refuses that start. The table of reasons holds the code and the sentence of each."""

    reason: ClassVar[Reason]

    # RhivoError shows the docstring where no other sentence is given.
    def __init_subclass__(cls) -> None:
        cls.code, cls.__doc__ = cls.reason.value, cls.reason.text


class OffGrid(NotOffered):
    reason = Reason.OFF_GRID


class Past(NotOffered):
    reason = Reason.PAST


class TooSoon(NotOffered):
    reason = Reason.TOO_SOON


class TooFar(NotOffered):
    reason = Reason.TOO_FAR


class Closed(NotOffered):
    reason = Reason.CLOSED


class InBreak(NotOffered):
    reason = Reason.BREAK


class OutsideHours(NotOffered):
    reason = Reason.OUTSIDE_HOURS


class StaffUnavailable(NotOffered):
    reason = Reason.STAFF_UNAVAILABLE


class ServiceUnavailable(Invalid):
    """This service cannot be booked at present."""

    code = "SERVICE_UNAVAILABLE"


class OnePlaceOnly(Malformed):
    """Only a class takes several places in one booking: book the others one by one."""

    def __init__(self) -> None:
        super().__init__(
            errors={"places": ["Ask for 1: only a class takes several places. Book the others one by one."]}
        )


class PartsInvalid(Invalid):
    """A visit has one to five services, and a class is booked by itself."""

    code = "MALFORMED"


class ResourceNotNeeded(Invalid):
    """This service needs no resource of that kind: leave the choice of it open."""

    code = "MALFORMED"


class AnswersInvalid(Invalid):
    """Some of the business's questions are not answered as asked."""

    code = "ANSWERS_INVALID"


class ContactRequired(Invalid):
    """The business needs to know how to reach you."""

    code = "CONTACT_REQUIRED"


# Collected from the classes above: a new reason needs its row in the table and its class, and nothing here.
_BY_REASON: dict[Reason, type[RhivoError]] = {
    Reason.FULL: SlotUnavailable,
    **{error.reason: error for error in NotOffered.__subclasses__()},
}


def refusal(reason: Reason) -> RhivoError:
    """Return the error that a reason of the rules is raised as."""
    return _BY_REASON[reason]()


# The names are those of constraints, and those that triggers raise: `bookings/sql/` says when.
means("service_capacity", SlotUnavailable)
means("one_staff_one_place", TakenMeanwhile)
means("staff_capacity", TakenMeanwhile)
means("one_resource_one_use", TakenMeanwhile)
means("resource_capacity", TakenMeanwhile)
means("one_staff_a_class", TakenMeanwhile)
means("one_room_a_class", TakenMeanwhile)
# The owner has closed a room, or changed what the service needs, since the start was judged: look again.
means("resources_fit_the_service", TakenMeanwhile)
means("resource_exists", TakenMeanwhile)
means("places_are_for_classes", OnePlaceOnly)
# The owner has shortened the longest wait since the start was judged: look again.
means("parts_follow_each_other", TakenMeanwhile)
means("a_visit_is_booked_whole", HoldExpired)
means("customers_cancel_whole_visits", Forbidden)
means("hold_is_live", HoldExpired)
means("hold_only_ends", HoldExpired)
# A hold may be booked, released or run out at any time: a minute is a guess.
means("five_live_holds_a_visitor", lambda: TooManyHolds(retry_after=60))
means("starts_on_the_grain", OffGrid)
means("service_is_bookable", ServiceUnavailable)
means("staff_does_the_service", StaffUnavailable)
means("status_moves_legally", IllegalTransition)
means("only_once_started", lambda: IllegalTransition("Not before the appointment has started."))
means("version_is_current", VersionConflict)
means("service_exists", NotFound)
means("staff_exists", NotFound)
means("agreed_terms_allow_it", TermsForbid)
means("before_the_agreed_deadline", DeadlinePassed)
means("moves_to_the_future", Past)
means("customers_cancel_or_move", Forbidden)
means("people_at_work_override", Forbidden)
means("staff_decide_outcomes", Forbidden)
means("overrides_stay", Forbidden)
