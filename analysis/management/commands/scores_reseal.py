"""Seals every stored score anew under the first key, so that an old key can be taken out of ``EMOREC_SEAL_KEYS``."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from analysis.models import RunScores
from analysis.references.sealing import SealBrokenError, reseal


class Command(BaseCommand):
    """Each run in a transaction of its own; safe to stop and to repeat."""

    help = "Seals the stored scores anew under the first key of EMOREC_SEAL_KEYS."

    def handle(self, *args: Any, **options: Any) -> None:
        anew = broken = 0
        for run_id in RunScores.objects.values_list("run_id", flat=True).iterator():
            with transaction.atomic():
                scores = RunScores.objects.select_for_update().filter(run_id=run_id).first()
                if scores is None:
                    continue
                try:
                    scores.contribution, scores.segments = reseal(scores.contribution), reseal(scores.segments)
                except SealBrokenError:
                    broken += 1
                    continue
                scores.save()
                anew += 1
        self.stdout.write(f"sealed anew: {anew}")
        if broken:
            raise CommandError(f"{broken} could not be opened by any key in EMOREC_SEAL_KEYS and stay as they are.")
