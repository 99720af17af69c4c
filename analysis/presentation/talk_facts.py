"""How one recording's conversation went, as its page shows it."""

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext

from analysis import wording
from analysis.models import Run, Speaker, Turn
from analysis.presentation import talk_charts
from analysis.presentation.talk_charts import Listed, Part
from analysis.presentation.talk_words import Line, lines, voice_name
from analysis.talk.figures import conversation_read
from analysis.talk.sessions import own_usual
from analysis.talk.usual import LEAST_SESSIONS


@dataclass(frozen=True)
class TalkFacts:
    """What the page says of a conversation.

    Attributes:
        parts: how the recording's time divides; ``parts_words`` says it in a sentence.
        lines: the descriptions; ``others`` are the names of the columns behind the student's.
        knows_student: whether one of the voices is the student's.
        certainty: how sure it is who speaks, per voice, in words.
        has_usual: whether there are enough other sessions to say what is usual.
        figure: who spoke when; None where no stretches are stored, as in results of another version.
        turns: the stretches that are listed; ``more`` how many are not.
    """

    parts: list[Part]
    parts_words: str
    lines: list[Line]
    others: list[str]
    knows_student: bool
    certainty: str
    has_usual: bool
    least_sessions: int
    figure: dict[str, Any] | None
    turns: list[Listed]
    more: int


def talk_facts(run: Run) -> TalkFacts | None:
    """The conversation of a run; None where nobody was told apart. Three queries, none for a run without one."""
    conversation = conversation_read(run.conversation)
    if conversation is None:
        return None
    enrolled = frozenset(Speaker.objects.filter(run=run, enrolled=True).values_list("number", flat=True))
    turns = list(Turn.objects.filter(run=run).select_related("speaker"))
    usual = own_usual(run.recording)
    parts = talk_charts.speaking_parts(conversation, enrolled)
    return TalkFacts(
        parts=parts,
        parts_words=", ".join(f"{part.name} {wording.percent(part.share)}" for part in parts),
        lines=lines(conversation, usual, enrolled),
        others=[voice_name(voice.id, conversation, enrolled) for voice in conversation.others],
        knows_student=conversation.own is not None,
        certainty=", ".join(
            gettext("%(voice)s %(share)s")
            % {"voice": voice_name(voice.id, conversation, enrolled), "share": wording.percent(voice.certainty)}
            for voice in conversation.voices
        ),
        has_usual=bool(usual),
        least_sessions=LEAST_SESSIONS,
        figure=talk_charts.turns_figure(run, turns, conversation, enrolled) if turns else None,
        turns=talk_charts.listed(turns, conversation, enrolled),
        more=max(0, len(turns) - talk_charts.LISTED),
    )
