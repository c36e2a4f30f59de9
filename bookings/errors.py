"""Why a booking is refused, and which database constraint says so."""

from bookings.rules.slots import Reason
from rhivo.db.constraints import means
from rhivo.errors import Conflict, Forbidden, Gone, Invalid, NotFound, RhivoError, Throttled, VersionConflict


class SlotUnavailable(Conflict):
    """That time is taken: choose another.

    `alternatives` holds up to three of the nearest free starts.
    """

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


class OffGrid(Invalid):
    """Appointments do not start at that minute: take a start that the slots list."""

    code = "OFF_GRID"


class Past(Invalid):
    """That time is past."""

    code = "PAST"


class TooSoon(Invalid):
    """That is too soon: the business wants more notice."""

    code = "TOO_SOON"


class TooFar(Invalid):
    """That is further ahead than the business takes bookings."""

    code = "TOO_FAR"


class Closed(Invalid):
    """The business is closed that day."""

    code = "CLOSED"


class InBreak(Invalid):
    """The business has a break then."""

    code = "BREAK"


class OutsideHours(Invalid):
    """That is outside opening hours."""

    code = "OUTSIDE_HOURS"


class StaffUnavailable(Invalid):
    """Nobody who does this works at that time."""

    code = "STAFF_UNAVAILABLE"


class ServiceUnavailable(Invalid):
    """This service cannot be booked at present."""

    code = "SERVICE_UNAVAILABLE"


class AnswersInvalid(Invalid):
    """Some of the business's questions are not answered as asked."""

    code = "ANSWERS_INVALID"


class ContactRequired(Invalid):
    """The business needs to know how to reach you."""

    code = "CONTACT_REQUIRED"


REFUSALS: dict[Reason, type[RhivoError]] = {
    Reason.CLOSED: Closed,
    Reason.BREAK: InBreak,
    Reason.OUTSIDE_HOURS: OutsideHours,
    Reason.OFF_GRID: OffGrid,
    Reason.PAST: Past,
    Reason.TOO_SOON: TooSoon,
    Reason.TOO_FAR: TooFar,
    Reason.STAFF_UNAVAILABLE: StaffUnavailable,
    Reason.FULL: SlotUnavailable,
}

means("service_capacity", SlotUnavailable)
means("one_staff_one_place", TakenMeanwhile)
means("one_staff_a_class", TakenMeanwhile)
means("hold_is_live", HoldExpired)
means("hold_only_ends", HoldExpired)
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
