"""Run all of Rhivo on this machine, for trying it out."""

import argparse
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from rhivo.local import demo_launcher


class Command(BaseCommand):
    help = (
        "Start everything on this machine: PostgreSQL and Valkey (or those of DATABASE_URL, an administrator's, and "
        "REDIS_URL), demo businesses, web, worker and beat. Prints 'ready http://...' when all of it answers."
    )
    # The launcher has no database yet, nor does it serve: the processes that it starts check themselves.
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        default = demo_launcher.Options()
        parser.add_argument("--port", type=_port, default=default.port, help="of the web server (default: 8000)")
        parser.add_argument(
            "--data-dir", type=Path, default=default.data_dir, help="kept between starts (default: .demo)"
        )
        parser.add_argument("--workers", type=_positive, default=default.workers, help="web processes (default: 2)")
        parser.add_argument("--reset", action="store_true", help="start from nothing")
        parser.add_argument("--no-seed", dest="seed", action="store_false", help="load no demo businesses")

    def handle(self, *args: Any, **options: Any) -> None:
        names = ("port", "data_dir", "workers", "reset", "seed")
        sys.exit(demo_launcher.run(demo_launcher.Options(**{name: options[name] for name in names})))


def _port(text: str) -> int:
    if not 1 <= (port := int(text)) <= 65535:
        raise argparse.ArgumentTypeError("a port is a number from 1 to 65535")
    return port


def _positive(text: str) -> int:
    if (number := int(text)) < 1:
        raise argparse.ArgumentTypeError("at least one is needed")
    return number
