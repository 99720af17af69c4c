"""Why a moment is not the student's, in words."""

from django.utils.translation import gettext

from analysis.models import Stretch, Who


def taken_words(stretch: Stretch) -> str:
    """What is shown in place of a label, such as "not the student's but the counsellor's, says Li Wen"."""
    texts = {
        Who.COUNSELLOR: gettext("not the student’s but the counsellor’s, says %(name)s"),
        Who.OTHER: gettext("not the student’s but another person’s, says %(name)s"),
    }
    text = texts.get(Who(stretch.who)) or gettext("not the student’s, says %(name)s")
    return text % {"name": stretch.by or gettext("somebody whose account is gone")}
