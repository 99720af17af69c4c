"""Celery's entry points: fetch, call, nothing else. Messages carry an id and nothing more."""

from celery import shared_task
from django.conf import settings


@shared_task(name="analysis.tasks.run_process", time_limit=settings.EMOREC_RUN_LIMIT_S)
def run_process(run_id: str) -> None:
    """Analyses the recording of the run with this id."""
    from analysis.runs import worker

    worker.run_process(run_id)


@shared_task(name="analysis.tasks.transcript_process", time_limit=settings.EMOREC_RUN_LIMIT_S)
def transcript_process(transcript_id: str) -> None:
    """Writes down what is said in the recording of the transcript with this id."""
    from analysis.transcripts import worker

    worker.transcript_process(transcript_id)


@shared_task(name="analysis.tasks.runs_sweep")
def runs_sweep() -> None:
    """Repairs what killed workers, lost connections and lost messages left behind, in analyses and transcripts."""
    from analysis.runs import lifecycle as runs
    from analysis.transcripts import lifecycle as transcripts

    runs.runs_sweep()
    transcripts.transcripts_sweep()


@shared_task(name="analysis.tasks.uploads_purge")
def uploads_purge() -> None:
    """Closes overdue uploads and compares the disk with the database."""
    from analysis.intake import uploads
    from students import consent_forms

    uploads.uploads_purge()
    consent_forms.signed_forms_purge()


@shared_task(name="analysis.tasks.consents_expire")
def consents_expire() -> None:
    """Ends consents whose last day is over."""
    from students import consent

    consent.consents_expire()


@shared_task(name="analysis.tasks.notices_send")
def notices_send() -> None:
    """Mails notices that have not been mailed yet."""
    from analysis.alerts import notices

    notices.notices_send()


@shared_task(name="analysis.tasks.sessions_clear")
def sessions_clear() -> None:
    """Removes sessions that have run out, and with them the roster previews they hold."""
    from django.core.management import call_command

    call_command("clearsessions")
