"""What a student's other sessions say, from the rows."""

from analysis.models import Recording
from analysis.talk.figures import descriptions_read
from analysis.talk.usual import Usual, usuals_of


def own_usual(recording: Recording) -> dict[str, Usual]:
    """What is usual for the student over all sessions but this one, earlier and later; one query."""
    others = Recording.objects.filter(student_id=recording.student_id, result_run__isnull=False).exclude(
        pk=recording.pk
    )
    stored = others.values_list("result_run__conversation", flat=True)
    return usuals_of([descriptions_read(each or {}) for each in stored])
