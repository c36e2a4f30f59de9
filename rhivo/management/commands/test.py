"""Refuses Django's command: the tests are pytest's. Django's runner would find none and say that all is well."""

from rhivo.management.refused_command import RefusedCommand


class Command(RefusedCommand):
    help = "Refused: the tests are pytest's."
    instead = "The tests are pytest's. Run all of them with `make test`, some with `.venv/bin/python -m pytest PATH`."
