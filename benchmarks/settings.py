"""Rhivo's own settings, and one more address: the floor."""

from rhivo.settings import *  # noqa: F403

ROOT_URLCONF = "benchmarks.urls"
