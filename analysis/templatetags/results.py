"""What was recognised, in words: for the pages behind ``results.view``."""

from django import template
from django.utils.functional import Promise
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from analysis import wording
from analysis.alerts.explanation import explain
from analysis.alerts.rules import rule_name
from analysis.emotions import contenders, is_unclear
from analysis.errors import problem
from analysis.models import Alert, AlertRule, Recording, Segment, StoredTrendSettings, Stretch
from analysis.models.alert import RuleKind
from analysis.presentation.face_words import face_notes
from analysis.presentation.sound_words import sound_notes
from analysis.presentation.stretch_words import taken_words
from analysis.templatetags.display import percent
from analysis.transcripts.content import Sentence, Word
from analysis.trends.series import Trend
from analysis.trends.shares import SessionIndex

register = template.Library()

MOMENT_FILTERS: tuple[tuple[str, Promise], ...] = (
    ("all", _("All")),
    ("negative", _("Negative")),
    ("unclear", _("Unclear")),
    ("corrected", _("Corrected")),
    ("gaps", _("Not judged")),
)


@register.simple_tag
def moment_filters() -> tuple[tuple[str, Promise], ...]:
    """The ways to narrow the list of moments down."""
    return MOMENT_FILTERS


@register.filter
def spoken(sentence: Sentence) -> SafeString:
    """The words of a sentence, each with its second; those that the program is unsure of are marked."""
    return format_html_join(
        "",
        '{}<span data-at="{}"{}>{}</span>',
        (
            (
                " " if word.text[:1].isspace() and number else "",
                f"{word.start_s:g}",
                _unsure(word) if word.is_uncertain else "",
                word.text.strip(),
            )
            for number, word in enumerate(sentence.words)
        ),
    )


def _unsure(word: Word) -> SafeString:
    return format_html(' class="word-uncertain" title="{}"', gettext("unsure: %s") % percent(word.probability))


@register.simple_tag
def trend_summary(trend: Trend) -> str:
    """The trend in a sentence or two: what a chart shows, for those who do not see it."""
    judged = [point for point in trend.points if point.session.negative_share is not None]
    if not judged:
        return gettext("In none of the sessions there was enough voice and face to judge.")
    last = judged[-1]
    words = [
        ngettext(
            "%(count)d session. In the newest, of %(day)s, %(share)s of the judged time was negative.",
            "%(count)d sessions. In the newest, of %(day)s, %(share)s of the judged time was negative.",
            len(trend.points),
        )
        % {
            "count": len(trend.points),
            "day": wording.day(last.session.recorded_at),
            "share": percent(last.session.negative_share),
        }
    ]
    if not last.enough:
        words.append(gettext("That session has too little voice and face to count in the trend."))
    if trend.baseline is None:
        words.append(gettext("The student’s own baseline is still being built."))
        return " ".join(words)
    words.append(gettext("The student’s own baseline is %(share)s.") % {"share": percent(trend.baseline.centre)})
    monitored = [point for point in trend.points if point.ewma is not None]
    if monitored and monitored[-1].over:
        words.append(gettext("The running average stands above the usual range."))
    elif monitored:
        words.append(gettext("The running average is within the usual range."))
    return " ".join(words)


@register.simple_tag
def session_of(trend: Trend, recording: Recording) -> SessionIndex | None:
    """The session index of a recording in an already computed trend; None without a result."""
    return next((session for session in trend.sessions if session.recording_id == recording.pk), None)


@register.filter
def taken_by(stretch: Stretch) -> str:
    """Why a moment is not the student's."""
    return taken_words(stretch)


@register.filter
def sound_note(segment: Segment) -> str:
    """What is to be said of a moment's sound and face; empty for most."""
    flags = segment.quality.get("flags", [])
    return "; ".join(note for note in (sound_notes(flags), face_notes(flags)) if note)


@register.filter
def commonest(session: SessionIndex | None, count: int = 2) -> list[str]:
    """The emotions that took most of a session's judged time, each at least a twentieth of it."""
    if session is None:
        return []
    ranked = sorted(session.shares, key=lambda name: -session.shares[name])
    return [name for name in ranked[:count] if session.shares[name] >= 0.05]


@register.simple_tag
def explanation_of(alert: Alert) -> list[str]:
    """Why the alert was raised, sentence by sentence."""
    return explain(alert)


@register.filter
def judgement_words(probabilities: dict[str, float]) -> str:
    """What the model made of a moment: an emotion, or the two likeliest if it is unclear."""
    return wording.judgement(probabilities)


@register.filter
def unclear(probabilities: dict[str, float]) -> bool:
    """Whether several emotions are about equally likely in a moment."""
    return is_unclear(probabilities)


@register.filter
def sureness(probabilities: dict[str, float]) -> str:
    """The label's probability; for an unclear moment that of the runner-up beside it."""
    return " / ".join(percent(probabilities[name]) for name in contenders(probabilities)[:2])


@register.filter
def problem_sentence(code: str) -> str:
    """What went wrong, for a list; the recording's page has the next step too."""
    return str(problem(code).sentence)


@register.filter
def alert_title(alert: Alert) -> str:
    """What an alert is called: its rule's name, or what the rule looked at if the rule is gone."""
    return rule_name(alert.rule) if alert.rule else alert.get_kind_display()


@register.filter
def rule_title(rule: AlertRule) -> str:
    """A rule's name in the reader's language."""
    return rule_name(rule)


@register.filter
def rule_words(rule: AlertRule) -> str:
    """A rule in a sentence."""
    match rule.kind:
        case RuleKind.SHARE:
            text = gettext("When more than %(share)s of the judged time of one session is negative.")
        case RuleKind.SUSTAINED:
            text = gettext("When more than %(share)s of the judged time is negative in %(count)d sessions in a row.")
        case _:
            return gettext("When the running average rises above the limits of the student’s own curve.")
    return text % {"share": wording.percent(rule.threshold or 0.0), "count": rule.sessions or 1}


@register.filter
def trend_settings_words(stored: StoredTrendSettings) -> str:
    """How every curve is drawn, in a sentence."""
    text = gettext(
        "Each student’s first %(count)d sessions make the baseline. The running average (weight of the newest session "
        "%(weight)s) is compared with limits %(width)s standard deviations from it."
    )
    return text % {
        "count": stored.baseline_sessions,
        "width": f"{stored.width:g}",
        "weight": f"{stored.smoothing:g}",
    }
