"""Why the domain refuses. `rhivo.api.errors` alone gives these an HTTP status."""

from typing import Any, ClassVar


class RhivoError(Exception):
    """A refusal that a face can show as it is: a stable `code` and a sentence that names the cure.

    `errors` maps a field to its complaints. `extra` holds further facts for the caller, such as `alternatives`.
    """

    code: ClassVar[str] = "ERROR"

    def __init__(
        self,
        detail: str | None = None,
        *,
        errors: dict[str, list[str]] | None = None,
        **extra: Any,
    ) -> None:
        # The first line of a class's docstring is the sentence that users read. Under `python -OO` there are none, and
        # users would read the code.
        self.detail = detail or (self.__doc__ or self.code).strip().splitlines()[0]
        self.errors = errors or {}
        self.extra = extra
        super().__init__(self.detail)


class NotFound(RhivoError):
    """There is no such thing here."""

    code = "NOT_FOUND"


class NotAuthenticated(RhivoError):
    """Log in first: send a valid access token."""

    code = "NOT_AUTHENTICATED"


class TokenExpired(NotAuthenticated):
    """The token has expired: get a new one."""

    code = "TOKEN_EXPIRED"


class Forbidden(RhivoError):
    """You may not do this."""

    code = "FORBIDDEN"


class EmailNotVerified(Forbidden):
    """Confirm your email address first: follow the link that was mailed to you."""

    code = "EMAIL_NOT_VERIFIED"


class Conflict(RhivoError):
    """The present state of things does not allow this."""

    code = "CONFLICT"


class Gone(RhivoError):
    """This was here and is no more."""

    code = "GONE"


class RequestInProgress(Conflict):
    """The same request is still being worked on: ask again in a moment."""

    code = "REQUEST_IN_PROGRESS"


class Invalid(RhivoError):
    """The request is understood, but a rule refuses it."""

    code = "INVALID"


class IdempotencyMismatch(Invalid):
    """This Idempotency-Key was used for a different request: send a new key."""

    code = "IDEMPOTENCY_MISMATCH"


class Malformed(RhivoError):
    """The request could not be read."""

    code = "MALFORMED"


class TooLarge(Malformed):
    """A request carries at most 256 KiB."""

    code = "TOO_LARGE"


class TooLong(Malformed):
    """This address is too long: path and query have at most 4096 characters."""

    code = "TOO_LONG"


class LengthRequired(Malformed):
    """Say how long the body is: send a Content-Length, and no Transfer-Encoding."""

    code = "LENGTH_REQUIRED"


class VersionConflict(RhivoError):
    """Someone else changed this meanwhile: read it again, then decide."""

    code = "VERSION_CONFLICT"


class VersionRequired(RhivoError):
    """Say which version you read: send its ETag in If-Match."""

    code = "VERSION_REQUIRED"


class Throttled(RhivoError):
    """Too many requests: wait a little."""

    code = "THROTTLED"


class Unavailable(RhivoError):
    """The service is busy just now and nothing was changed: try again in a moment."""

    code = "BUSY"


# Not a plain Unavailable, which says that nothing was changed: the connection broke between COMMIT and its answer. The
# Idempotency-Key makes the repeated request safe, and tells what became of the first.
class OutcomeUnknown(Unavailable):
    """The database went away while it was saving this: send the very same request again to learn whether it did."""

    code = "OUTCOME_UNKNOWN"
