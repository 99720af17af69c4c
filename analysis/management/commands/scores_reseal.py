"""Seals stored scores and transcripts anew under the first key, so that an old key can leave ``EMOREC_SEAL_KEYS``."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.db.models import QuerySet

from analysis.models import RunScores, Transcript
from analysis.references.sealing import SealBrokenError, reseal


class Command(BaseCommand):
    """Each row in a transaction of its own; safe to stop and to repeat."""

    help = "Seals the stored scores and transcripts anew under the first key of EMOREC_SEAL_KEYS."

    def handle(self, *args: Any, **options: Any) -> None:
        anew = broken = 0
        for rows, fields in (
            (RunScores.objects.all(), ("contribution", "segments")),
            (Transcript.objects.filter(content__isnull=False), ("content",)),
        ):
            for pk in rows.values_list("pk", flat=True).iterator():
                match _reseal(rows, pk, fields):
                    case True:
                        anew += 1
                    case False:
                        broken += 1
        self.stdout.write(f"sealed anew: {anew}")
        if broken:
            raise CommandError(f"{broken} could not be opened by any key in EMOREC_SEAL_KEYS and stay as they are.")


@transaction.atomic
def _reseal(rows: QuerySet[Any], pk: Any, fields: tuple[str, ...]) -> bool | None:
    """True if the row's fields are sealed anew, False if no key opens them, None if it has gone meanwhile."""
    row = rows.select_for_update().filter(pk=pk).first()
    if row is None:
        return None
    try:
        for name in fields:
            setattr(row, name, reseal(getattr(row, name)))
    except SealBrokenError:
        return False
    row.save(update_fields=fields)
    return True
