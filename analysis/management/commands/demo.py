"""``manage.py demo``: demo accounts, demo students and, with ``--sample FILE``, a real recording of one of them."""

import argparse
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from analysis.demo.students import accounts_ensure, accounts_path, sample_receive, students_ensure
from analysis.errors import Refused


class Command(BaseCommand):
    """Writes what is missing and prints the accounts; may be run as often as one likes."""

    help = "Creates demo accounts for the three roles and demo students with synthetic histories."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--sample", type=Path, help="a recording for the demo student that has none")
        parser.add_argument("--quiet", action="store_true", help="do not print the accounts")

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.PRODUCTION:
            raise CommandError(
                "Demo accounts do not belong into a production site. Set EMOREC_MODE=local to try it out."
            )
        accounts = accounts_ensure()
        students_ensure()
        if options["sample"]:
            self._sample(options["sample"])
        if not options["quiet"]:
            self.stdout.write(f"Demo accounts (also in {accounts_path()}):")
            for account in accounts:
                self.stdout.write(
                    f"  {account.role:<10} {account.username:<16} {account.password:<18} token {account.token}"
                )

    def _sample(self, path: Path) -> None:
        """The site is worth starting without the sample, so a file that is not accepted is only reported."""
        try:
            sample_receive(path)
        except FileNotFoundError:
            self.stderr.write("The sample recording is not there; the demo goes on without it.")
        except Refused as refusal:
            self.stderr.write(f"The sample recording was not accepted: {refusal.problem.sentence}")
