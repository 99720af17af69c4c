"""A student's trend on paper (PDF) and as a table (CSV). Every export is recorded in the audit trail."""

import io
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext

from analysis import wording
from analysis.alerts.explanation import explain
from analysis.alerts.rules import rule_name
from analysis.emotions import EMOTIONS, LABELS, NEGATIVE, UNCLEAR_MARGIN
from analysis.flow import ReviewStatus
from analysis.models import Alert, Review
from analysis.models.alert import RuleKind
from analysis.presentation import talk_words
from analysis.references import contributions as references
from analysis.trends.series import Point, Trend
from analysis.trends.sessions import student_trend
from analysis.trends.shares import SessionIndex
from students import audit
from students.access import Action, allowed
from students.models import Student, User
from students.spreadsheet import BYTE_ORDER_MARK, csv_line, guarded

if TYPE_CHECKING:
    from reportlab.platypus import Flowable

CSV_COLUMNS = (
    "session", "student_number", "student_name", "recorded_at", "duration_s", "judged_s", "undecided_s", "coverage",
    "voice_coverage", "face_coverage", "negative_share", *(f"share_{name}" for name in EMOTIONS), "enough_evidence",
    "in_baseline", "ewma", "lower_limit", "upper_limit", "over_limit", "labels_corrected", "alerts",
    "model_version", "synthetic", "compared_sessions", "general_negative_share",
)  # fmt: skip


# --- CSV --------------------------------------------------------------------------------------------------------------


def student_csv(student: Student, *, by: User) -> Iterator[str]:
    """The sessions as CSV lines, oldest first; shares are fractions of 1, column names are fixed English.

    Starts with a byte order mark, by which spreadsheet programs know UTF-8. Text that a spreadsheet would take for a
    formula gets an apostrophe in front. The audit event is written at the call, before the first line is read.
    """
    trend = student_trend(student)
    _exported(student, by, "csv", trend)
    return _csv_lines(student, trend)


def _csv_lines(student: Student, trend: Trend) -> Iterator[str]:
    yield BYTE_ORDER_MARK + csv_line(CSV_COLUMNS)
    for number, point in enumerate(trend.points, start=1):
        yield csv_line(_csv_row(student, trend, number, point))


def _csv_row(student: Student, trend: Trend, number: int, point: Point) -> list[Any]:
    session = point.session
    alerts = [alert.kind for alert in trend.alerts if alert.recording_id == session.recording_id]
    return [
        number,
        guarded(student.number),
        guarded(student.name),
        timezone.localtime(session.recorded_at).isoformat(timespec="minutes"),
        round(session.duration_s, 1),
        round(session.judged_s, 1),
        round(session.undecided_s, 1),
        *(round(share, 4) for share in (session.coverage, session.voice_coverage, session.face_coverage)),
        _number(session.negative_share),
        *(_number(session.shares[name] if session.judged_s else None) for name in EMOTIONS),
        int(point.enough),
        int(point.in_baseline),
        *(_number(value) for value in (point.ewma, point.lower, point.upper)),
        int(point.over),
        session.corrected,
        " ".join(alerts),
        guarded(session.model_version),
        int(session.synthetic),
        session.compared_sessions,
        _number(session.general_negative_share),
    ]


def _number(value: float | None) -> float | str:
    return "" if value is None else round(value, 4)


# --- JSON -------------------------------------------------------------------------------------------------------------


def student_reference(student: Student, *, by: User) -> dict[str, Any]:
    """What the student's sessions add up to, by which each of them is compared with the others.

    The form is that of ``python -m ml recognise --reference``. Biometric data: who takes it out is written down.
    """
    audit.record("report.export", actor=by, student=student, format="reference")
    return references.student_reference(student)


# --- PDF --------------------------------------------------------------------------------------------------------------


def student_pdf(student: Student, *, by: User) -> bytes:
    """The report in the reader's language: chart, sessions, alerts and decisions, method and limits.

    Notes of reviews are in it only for those who may see reviews.
    """
    from reportlab.lib.pagesizes import A4
    from reportlab.lib.units import mm
    from reportlab.platypus import SimpleDocTemplate

    from analysis.presentation.pdf import font_note, footer

    trend = student_trend(student)
    _exported(student, by, "pdf", trend)
    stamp = date_format(timezone.localtime(), "Y-m-d H:i")
    parts = [
        *_head(student, by, stamp),
        *_trend_part(trend),
        *_conversation_part(trend),
        *_alerts_part(student),
        *_reviews_part(student, by),
        *_method_part(trend),
    ]
    parts += font_note(parts)
    buffer = io.BytesIO()
    document = SimpleDocTemplate(
        buffer,
        pagesize=A4,
        leftMargin=18 * mm,
        rightMargin=18 * mm,
        topMargin=16 * mm,
        bottomMargin=20 * mm,
        title=gettext("Emotion trend report"),
        author="EmoRec",
    )
    foot = footer(stamp)
    document.build(parts, onFirstPage=foot, onLaterPages=foot)
    return buffer.getvalue()


def _exported(student: Student, by: User, form: str, trend: Trend) -> None:
    audit.record("report.export", actor=by, student=student, format=form, sessions=len(trend.points))


def _head(student: Student, by: User, stamp: str) -> "list[Flowable]":
    from analysis.presentation.pdf import words

    about = [
        (gettext("Student"), f"{student.name}, {student.number}"),
        (gettext("Programme"), ", ".join(filter(None, [student.programme, _year(student)]))),
        (gettext("Made"), gettext("%(when)s by %(who)s") % {"when": stamp, "who": by}),
    ]
    parts = [words(gettext("Emotion trend report"), "title")]
    parts += [words(f"{name}: {value}") for name, value in about if value]
    if student.synthetic:
        parts.append(words(gettext("Synthetic demo data: these numbers did not come from a recording."), "warning"))
    parts.append(
        words(
            gettext(
                "This report supports a counsellor's judgement and does not replace it. It is not a diagnosis, and no "
                "decision about a student may rest on it alone."
            ),
            "warning",
        )
    )
    return parts


def _year(student: Student) -> str:
    return gettext("year %(year)d") % {"year": student.year} if student.year else ""


def _trend_part(trend: Trend) -> "list[Flowable]":
    from analysis.presentation.pdf import chart, table, words

    parts: list[Flowable] = [words(gettext("Sessions"), "heading")]
    if not trend.points:
        return [*parts, words(gettext("No session has been analysed yet."))]
    drawing = chart(trend)
    if drawing is not None:
        parts.append(drawing)
    head = [
        gettext("No."),
        gettext("Session"),
        gettext("Judged"),
        gettext("Negative"),
        gettext("Average"),
        gettext("Limit"),
        gettext("Commonest emotions"),
        gettext("Remark"),
    ]
    rows = [_session_row(number, point) for number, point in enumerate(trend.points, start=1)]
    return [*parts, table(head, rows, [0.6, 2.2, 2, 1.3, 1.3, 1.1, 3.6, 2.6])]


def _conversation_part(trend: Trend) -> "list[Flowable]":
    """How the student spoke in each session; nothing where nobody was told apart in any."""
    from analysis.presentation.pdf import table, words

    described = [(number, s) for number, s in enumerate(trend.sessions, start=1) if s.conversation]
    if not described:
        return []
    names = talk_words.IN_TRENDS
    head = [gettext("No."), gettext("Session"), *(talk_words.LABELS[name] for name in names)]
    rows = [
        [number, wording.day(session.recorded_at), *(_described(session, name) for name in names)]
        for number, session in described
    ]
    return [
        words(gettext("The conversation"), "heading"),
        table([str(each) for each in head], rows, [0.6, 2.2, *[1.6] * len(names)]),
        words(
            gettext(
                "How the student spoke, counted and measured from the sound. Descriptions and no signs of a state of "
                "mind; topic, counsellor and microphone change them too. A dash: too little to say."
            ),
            "small",
        ),
    ]


def _described(session: SessionIndex, name: str) -> str:
    """A description's value, with a hyphen for a minus: Helvetica has no other."""
    number = session.conversation.get(name)
    return "–" if number is None else talk_words.value(name, number.value).replace("−", "-")


def _session_row(number: int, point: Point) -> list[object]:
    session = point.session
    common = sorted((name for name in EMOTIONS if session.shares[name] >= 0.05), key=lambda name: -session.shares[name])
    return [
        number,
        wording.day(session.recorded_at),
        f"{wording.duration(session.judged_s)} ({wording.percent(session.coverage)})",
        _percent(session.negative_share),
        _percent(point.ewma),
        _percent(point.upper),
        ", ".join(f"{LABELS[name]} {wording.percent(session.shares[name])}" for name in common[:3]),
        _remark(point),
    ]


def _percent(share: float | None) -> str:
    return "–" if share is None else wording.percent(share)


def _remark(point: Point) -> str:
    remarks = [
        *([gettext("too little evidence, not counted")] if not point.enough else []),
        *([gettext("part of the baseline")] if point.in_baseline else []),
        *([gettext("average above the limit")] if point.over else []),
        *([gettext("labels corrected by a person")] if point.session.corrected else []),
    ]
    return ", ".join(remarks)


def _alerts_part(student: Student) -> "list[Flowable]":
    from analysis.presentation.pdf import words

    parts: list[Flowable] = [words(gettext("Alerts"), "heading")]
    alerts = Alert.objects.filter(student=student).select_related("rule").prefetch_related("events__actor")
    for alert in alerts.order_by("raised_at"):
        name = rule_name(alert.rule) if alert.rule else str(RuleKind(alert.kind).label)
        status = alert.get_status_display()
        parts.append(words(f"{wording.day(alert.raised_at)}: {name} ({status})"))
        parts.extend(words(f"• {sentence}", "small") for sentence in explain(alert))
        for event in alert.events.all():
            actor = str(event.actor) if event.actor else gettext("the system")
            line = f"{wording.day(event.at)}, {actor}: {event.get_status_display()}"
            parts.append(words(f"{line}. {event.reason}" if event.reason else line, "small"))
    return parts if len(parts) > 1 else [*parts, words(gettext("No alert has been raised."))]


def _reviews_part(student: Student, by: User) -> "list[Flowable]":
    from analysis.presentation.pdf import words

    reviews = Review.objects.filter(student=student).select_related("reviewer").order_by("opened_at")
    parts: list[Flowable] = [words(gettext("Reviews"), "heading")]
    for review in reviews:
        line = f"{wording.day(review.opened_at)}: {review.get_status_display()}"
        if review.status == ReviewStatus.DECIDED and review.settled_at:
            line = gettext("%(opened)s: decided on %(settled)s: %(decision)s") % {
                "opened": wording.day(review.opened_at),
                "settled": wording.day(review.settled_at),
                "decision": review.get_decision_display(),
            }
        parts.append(words(line))
        if review.note and allowed(by, Action.REVIEW_VIEW):
            parts.append(words(f"{review.reviewer or ''}: {review.note}", "small"))
    return parts if len(parts) > 1 else []


def _method_part(trend: Trend) -> "list[Flowable]":
    from analysis.presentation.pdf import words

    settings = trend.settings
    negative = ", ".join(str(LABELS[name]) for name in EMOTIONS if name in NEGATIVE)
    versions = sorted({session.model_version for session in trend.sessions if session.model_version})
    sentences = [
        gettext(
            "Every few seconds of a recording the voice and the face are judged by two trained models and brought "
            "together; each moment gets the likeliest of seven emotions. Where neither could be judged there is a gap."
        ),
        gettext(
            "The negative share is the part of the judged time labelled %(negative)s; every instant counts once. "
            "Where a person corrected a label, the person's counts."
        )
        % {"negative": negative},
        gettext(
            "Where emotions lie less than %(points)d percentage points below the likeliest one, the moment's time is "
            "divided among them; if some of them are negative and some are not, it does not count as judged."
        )
        % {"points": round(100 * UNCLEAR_MARGIN)},
        gettext(
            "The baseline is the median of the student's own first %(count)d sessions with enough evidence (at least "
            "%(seconds)d seconds and %(coverage)s of the recording judged). The average gives the newest session a "
            "weight of %(weight)s; the limit lies %(width)s standard deviations of the average above the baseline."
        )
        % {
            "count": settings.baseline_sessions,
            "seconds": settings.min_evidence_s,
            "coverage": wording.percent(settings.min_coverage),
            "weight": f"{settings.smoothing:g}",
            "width": f"{settings.width:g}",
        },
        gettext(
            "Limits: the models are often wrong about a single moment, and more often for some people, languages, "
            "cameras and rooms than for others. Shown emotion is not felt emotion. A baseline of few sessions is "
            "uncertain, and a student who was unwell from the beginning has an unwell baseline. Compare a student with "
            "themselves only, never with others."
        ),
        *_comparison_words(trend),
        gettext("Model version: %(versions)s.") % {"versions": ", ".join(versions) or "–"},
    ]
    return [words(gettext("How to read this"), "heading"), *(words(sentence, "small") for sentence in sentences)]


def _comparison_words(trend: Trend) -> list[str]:
    """What the sessions would show if they were not compared with one another; nothing where they are not."""
    compared = [point.session for point in trend.points if point.session.general_negative_share is not None]
    if not compared:
        return []
    shares = ", ".join(
        f"{wording.day(session.recorded_at)} {_percent(session.general_negative_share)}" for session in compared
    )
    return [
        gettext(
            "Each session is read by what is known of people in general and of the student's other sessions. By people "
            "in general alone the negative shares would be: %(shares)s."
        )
        % {"shares": shares}
    ]
