"""Who runs PostgreSQL, which refuses to run as root, and what that user can reach."""

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
        """Ask as that user: modes, ACLs and mounts all count, so nothing short of trying tells."""
        answer = subprocess.run(
            ["/bin/sh", "-c", 'cd "$1"', "sh", folder],
            user=self.uid,
            group=self.gid,
            extra_groups=[],
            stderr=subprocess.DEVNULL,
            check=False,
        )
        return answer.returncode == 0


def unprivileged_account() -> Account | None:
    """None for an ordinary user, who needs no other; raises LookupError if root finds nobody to be.

    No account is ever added to the machine.
    """
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(name, entry.pw_uid, entry.pw_gid)
    raise LookupError("neither a user postgres nor a user nobody exists")
