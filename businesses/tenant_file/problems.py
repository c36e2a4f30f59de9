"""What is wrong with a tenant file: each complaint under the path of the value that it is about."""

from rhivo.errors import Conflict, Invalid

WHOLE_FILE = "(file)"


class TenantFileRefused(Invalid):
    """The file is refused, and nothing was written.

    `errors` maps a path such as `staff[0].hours.monday[1]` to its complaints.
    """

    code = "TENANT_FILE_REFUSED"

    @property
    def lines(self) -> list[str]:
        """Every complaint as `path: complaint`, in the order found."""
        return [f"{path}: {complaint}" for path, complaints in self.errors.items() for complaint in complaints]


class ChangedMeanwhile(Conflict):
    """Someone else created or changed this business at the same moment, so nothing was written: run it again."""

    code = "CHANGED_MEANWHILE"


class Problems:
    """Complaints collected while a file is read: the person who wrote it corrects them all at once."""

    def __init__(self) -> None:
        self._found: dict[str, list[str]] = {}

    def add(self, path: str, complaint: str) -> None:
        # The root's path is '', which would print as nothing before the colon.
        self._found.setdefault(path or WHOLE_FILE, []).append(complaint)

    def refuse_if_any(self) -> None:
        """Raise TenantFileRefused with what was collected, if anything was."""
        if self._found:
            raise TenantFileRefused(errors=self._found)


def refused(complaint: str) -> TenantFileRefused:
    """Return the refusal of a file that cannot be read at all."""
    return TenantFileRefused(errors={WHOLE_FILE: [complaint]})


def child_path(path: str, key: str) -> str:
    """Return the path of a key of the mapping at a path."""
    return f"{path}.{key}" if path else key
