"""What the audit trail's codes of ``analysis`` are called."""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from analysis.models.alert import RuleKind
from analysis.models.review import Decision
from analysis.models.speaker import Who
from students import trail

trail.vocabulary.add(
    actions={
        "report.export": _("Took out a report"),
        "recording.upload": _("Uploaded a recording"),
        "recording.play": _("Played a recording"),
        "recording.delete": _("Recording deleted"),
        "upload.reject": _("Upload refused"),
        "upload.duplicate": _("Upload was there already"),
        "run.request": _("Asked for an analysis"),
        "run.cancel": _("Asked to cancel an analysis"),
        "run.succeeded": _("Analysis succeeded"),
        "run.failed": _("Analysis failed"),
        "run.cancelled": _("Analysis cancelled"),
        "results.delete": _("Results deleted"),
        "results.reread": _("Results compared anew with the student's other sessions"),
        "label.correct": _("Corrected a moment"),
        "stretch.mark": _("Said whose a stretch is"),
        "stretch.remove": _("Took back whose a stretch is"),
        "alert.raise": _("Alert raised"),
        "alert.acknowledged": _("Acknowledged an alert"),
        "alert.dismissed": _("Dismissed an alert"),
        "alert.escalated": _("Escalated an alert"),
        "alert.closed": _("Closed an alert by review"),
        "alert.revise": _("Alerts revised after results were removed"),
        "review.open": _("Review opened"),
        "review.claim": _("Took a review in hand"),
        "review.release": _("Put a review back"),
        "review.decide": _("Decided a review"),
        "review.lapse": _("Review no longer needed"),
        "rule.update": _("Changed an alert rule"),
        "trend_settings.update": _("Changed how the students’ curves are drawn"),
    },
    names={
        "alerts": _("alerts"),
        "attempt": _("attempt"),
        "baseline_sessions": _("sessions that make the baseline"),
        "code": _("code"),
        "container": _("container format"),
        "decision": _("decision"),
        "deleted": _("deleted"),
        "enabled": _("in use"),
        "end_s": _("to second"),
        "format": _("format"),
        "index": _("moment"),
        "kind": _("kind"),
        "min_coverage": _("least judged part"),
        "min_evidence_s": _("least judged seconds"),
        "modality": _("of the"),
        "number": _("analysis number"),
        "reason": _("reason"),
        "rewritten": _("written anew"),
        "runs": _("analyses"),
        "segments": _("moments"),
        "sessions": _("sessions"),
        "size_bytes": _("size in bytes"),
        "start_s": _("from second"),
        "smoothing": _("weight of the newest session"),
        "threshold": _("threshold"),
        "track": _("face"),
        "who": _("whose"),
        "width": _("width of the limits"),
    },
    values={
        "kind": trail.choices(RuleKind),
        "decision": trail.choices(Decision),
        "who": trail.choices(Who),
        "reason": {
            "requested": _("asked for"),
            "withdrawn": _("consent withdrawn"),
            "expired": _("consent expired"),
            "erased": _("student erased"),
        },
        "modality": {
            "voice": pgettext_lazy("results of the", "voice"),
            "face": pgettext_lazy("results of the", "face"),
        },
    },
)
