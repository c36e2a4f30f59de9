"""`make prove`: attack a running installation and print what held.

Exit code 0: everything held. 1: something broke, or no server could be had. 2: bad arguments. 130: stopped.
"""

import argparse
import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from importlib import import_module
from typing import Any

import django
import psycopg

from rhivo.local.console import Stopped, say, stop_signals
from rhivo.local.server_programs import NoServer
from rhivo.testing.attacks.attack_list import ATTACKS, NAMES
from rhivo.testing.attacks.attacked_installation import Installation, borrowed, own_installation

NEEDED = ("DATABASE_URL", "WORKER_DATABASE_URL")
TAKEN = (*NEEDED, "MIGRATION_DATABASE_URL", "REDIS_URL")


def main(arguments: Sequence[str] | None = None) -> int:
    options = _options(arguments)
    say(f'Seed {options.seed}; repeat with ARGS="--minutes {options.minutes:g} --seed {options.seed}"')
    rounds: Any = None
    stopped = False
    try:
        with ExitStack() as stack:
            stack.enter_context(stop_signals(at_second=lambda: None))
            installation = stack.enter_context(_installation(options))
            rounds = _planned(options, installation)
            rounds.run()
    except Stopped:
        stopped = True
        say("\nStopped; this is what was tried until then.")
    except (NoServer, psycopg.OperationalError, RuntimeError) as problem:
        say(f"\n{problem}")
        return 1
    # Stopped before Django was set up: there is no tally to show. 130 is what a shell gives for Ctrl-C.
    if rounds is None:
        return 130
    say("\n" + rounds.tally.table())
    if rounds.tally.broken:
        say(f"{rounds.tally.broken} BROKEN")
        return 1
    say("Stopped early." if stopped else "Everything held.")
    return 130 if stopped else 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make prove", description="Attack a running installation; print what held.")
    parser.add_argument("--minutes", type=_minutes, default=10, help="how long, in rounds of one minute (10)")
    parser.add_argument("--seed", type=int, default=int(time.time()) % 1_000_000, help="of the first round")
    parser.add_argument("--only", nargs="+", metavar="NAME", choices=NAMES, default=NAMES, help=", ".join(NAMES))
    parser.add_argument("--database", action="store_true", help="attack the installation that DATABASE_URL names")
    options = parser.parse_args(arguments)
    if missing := [name for name in NEEDED if options.database and not os.environ.get(name)]:
        parser.error(f"--database needs {' and '.join(missing)} in the environment")
    return options


def _minutes(text: str) -> float:
    minutes = float(text)
    if not 0 < minutes <= 24 * 60:
        raise argparse.ArgumentTypeError("must be more than 0, and a day at most")
    return minutes


@contextmanager
def _installation(options: argparse.Namespace) -> Iterator[Installation]:
    if options.database:
        say("It makes businesses of its own here, unlisted, and switches them off at the end; no other is touched.")
        with borrowed({name: os.environ[name] for name in TAKEN if os.environ.get(name)}) as found:
            yield found
        return
    say("Starting PostgreSQL and Valkey")
    with own_installation() as made:
        yield made


def _planned(options: argparse.Namespace, installation: Installation) -> Any:
    """Set Django up in the installation, and return the rounds to be run: nothing of Rhivo's loads before."""
    os.environ.update(installation.environment)
    os.environ["DJANGO_SETTINGS_MODULE"] = "rhivo.settings"
    django.setup()
    chosen = [planned for planned in ATTACKS if planned.name in options.only]
    # Only now: it imports models, and these need the settings, which read the installation's environment.
    rounds = import_module("rhivo.testing.attacks.rounds")
    return rounds.Rounds(installation, chosen, options.seed, options.minutes)


if __name__ == "__main__":
    sys.exit(main())
