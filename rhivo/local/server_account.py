"""The user who runs PostgreSQL, which refuses to run as root, and what that user can reach."""

import os
import pwd
import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Account:
    name: str
    uid: int
    gid: int

    def can_enter(self, folder: Path) -> bool:
        """Return whether this user can change into a folder. Must be called as root."""
        # By trying, because the modes of all parents, ACLs and mount options decide together.
        answer = subprocess.run(
            ["/bin/sh", "-c", 'cd "$1"', "sh", folder],
            user=self.uid,
            group=self.gid,
            extra_groups=[],  # or it would enter as a member of root's groups
            stderr=subprocess.DEVNULL,
            check=False,
        )
        return answer.returncode == 0


def unprivileged_account() -> Account | None:
    """Return the account that runs PostgreSQL for root; None for an ordinary user, who runs it themself.

    Adds no account to the machine: raises LookupError if there is none to use.
    """
    if os.geteuid() != 0:
        return None
    # `nobody` is everywhere, but other programs may run as it and could read the data. So it comes second.
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(name, entry.pw_uid, entry.pw_gid)
    raise LookupError("neither a user postgres nor a user nobody exists")
