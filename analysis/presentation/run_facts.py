"""A run in words: how far it is, how good the recording was, and how the result came about."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from analysis import wording
from analysis.flow import RunStatus
from analysis.models import FaceThumbnail, Run
from analysis.presentation.face_words import face_remarks
from analysis.presentation.file_words import file_notes
from analysis.presentation.sound_words import sound_remarks
from analysis.trends.sessions import session_index

STAGES: dict[str, str | Promise] = {
    "": gettext_lazy("Starting"),
    "probe": gettext_lazy("Reading the recording"),
    "separation": gettext_lazy("Separating the voice from music and noise"),
    "speech": gettext_lazy("Finding where someone speaks"),
    "frames": gettext_lazy("Looking for faces"),
    "speakers": gettext_lazy("Telling the speakers apart"),
    "voice": gettext_lazy("Listening to the voice"),
    "face": gettext_lazy("Reading the face"),
    "fusion": gettext_lazy("Bringing voice and face together"),
}
"""The engine's stages as people read them; a test holds the keys to ``ml.results.STAGES``."""


FLAGS: dict[str, Promise] = {
    "truncated": gettext_lazy("The file ends before it should; what is there was analysed."),
    "audio_damaged": gettext_lazy("The sound is damaged, so only the face was judged."),
    "video_damaged": gettext_lazy("The pictures are damaged, so only the voice was judged."),
}
"""What the engine notes about a recording, in words."""


@dataclass(frozen=True)
class Fact:
    """One line of a table: what, how much, and what that means."""

    name: str
    value: str
    meaning: str = ""


@dataclass(frozen=True)
class Face:
    """One person seen in the recording; ``number`` is the engine's.

    Attributes:
        passages: stretches in sight, start and end in seconds; empty for runs that did not record them.
        pictures: ``data:`` addresses of its thumbnails, the best first, each with its time in seconds.
    """

    number: int
    seconds: float | None
    start_s: float | None
    end_s: float | None
    chosen: bool
    still: bool = False
    passages: tuple[tuple[float, float], ...] = ()
    pictures: tuple[tuple[str, float], ...] = ()


def stage(run: Run) -> str:
    """The current stage, in words."""
    if run.status == RunStatus.QUEUED:
        return _("Waiting for another try") if run.attempt else _("Waiting for its turn")
    return str(STAGES.get(run.stage, STAGES[""]))


def quality(run: Run) -> list[Fact]:
    """How usable the recording was. It says nothing about what was recognised, so staff may see it."""
    facts = [fact for fact in (_speech(run), _face(run), _level(run)) if fact]
    facts += [Fact(_("Note"), str(FLAGS[flag])) for flag in run.quality.get("flags", []) if flag in FLAGS]
    facts += [Fact(_("Note"), note) for note in file_notes(run.quality, voice=run.voice, face=run.face)]
    facts += [Fact(_("Note"), sentence) for sentence in sound_remarks(run.quality)] if run.voice else []
    facts += [Fact(_("Note"), sentence) for sentence in face_remarks(run.quality)] if run.face else []
    return facts


def _share(run: Run, key: str) -> float | None:
    value = run.quality.get(key)
    return float(value) if isinstance(value, int | float) else None


def _speech(run: Run) -> Fact | None:
    share = _share(run, "speech_share")
    if not run.voice or share is None:
        return None
    meaning = _("Enough to judge the voice.") if share >= 0.2 else _("Little speech: the voice could seldom be judged.")
    return Fact(_("Time with speech"), wording.percent(share), meaning)


def _face(run: Run) -> Fact | None:
    share = _share(run, "face_share")
    if not run.face or share is None:
        return None
    judged = _share(run, "face_judged_share")
    if judged is not None and judged < 0.2 <= share:
        return Fact(_("Time with the face in view"), wording.percent(share), _("But it could seldom be judged."))
    meaning = (
        _("Enough to judge the face.")
        if share >= 0.2
        else _("The face was seldom in view. Camera at eye level and light from the front help.")
    )
    return Fact(_("Time with the face in view"), wording.percent(share), meaning)


def _level(run: Run) -> Fact | None:
    level = _share(run, "level_dbfs")
    if not run.voice or level is None:
        return None
    if level < -40:
        meaning = _("Very quiet: put the microphone closer.")
    elif level > -6:
        meaning = _("Very loud: the sound may be distorted.")
    else:
        meaning = _("A good level.")
    return Fact(_("Loudness"), _("%(level).0f dB below full scale") % {"level": max(0.0, -level)}, meaning)


def summary(run: Run) -> dict[str, Any]:
    """What the page says first about a result: judged time, share of negative time, the commonest emotions."""
    index = session_index(run.recording) if run.recording.result_run_id == run.pk else None
    if index is None:
        return {}
    common = sorted(((name, share) for name, share in index.shares.items() if share >= 0.01), key=lambda item: -item[1])
    return {"index": index, "common": common}


def _compared_with(run: Run, general: Mapping[int, dict[str, float] | None]) -> list[Fact]:
    """What the student was compared with, in a sentence; nothing for runs from before this was recorded.

    Args:
        general: what the segments say by people in general, by number, where that is another reading.
    """
    kinds = {name: each for name, each in run.reference.items() if getattr(run, name, False)}
    if not kinds:
        return []
    own = [each for each in kinds.values() if each.get("kind") == "own"]
    if not own:
        meaning = _("Nothing that is known of this student changes how their voice and face are read.")
        return [Fact(_("Compared with"), _("people in general"), meaning)]
    sessions = max(int(each.get("sessions", 0)) for each in own)
    words = ngettext(
        "people in general and %(number)d other session", "people in general and %(number)d other sessions", sessions
    )
    meanings = [_("The more and the more varied those sessions are, the more they count.")]
    if general:
        meanings.append(_other_reading(run, general))
    if run.reread_at:
        meanings.append(
            _("Read anew on %(day)s, when the student’s sessions had changed; reading anew raises no alert.")
            % {"day": wording.day(run.reread_at)}
        )
    return [Fact(_("Compared with"), words % {"number": sessions}, " ".join(meanings))]


def _other_reading(run: Run, general: Mapping[int, dict[str, float] | None]) -> str:
    """How much the other sessions change, in a sentence."""
    labels = {each.index: each.label for each in run.segments.all() if each.label is not None}
    likeliest = {index: max(each, key=lambda name: each[name]) for index, each in general.items() if each}
    changed = sum(labels[index] != label for index, label in likeliest.items() if index in labels)
    if not changed:
        return _("By people in general alone, every moment would show the same emotion.")
    return ngettext(
        "By people in general alone, %(other)d of %(all)d moment would show another emotion; the chart has both.",
        "By people in general alone, %(other)d of %(all)d moments would show another emotion; the chart has both.",
        len(labels),
    ) % {"other": changed, "all": len(labels)}


def origin(run: Run, general: Mapping[int, dict[str, float] | None]) -> list[Fact]:
    """How a result came about: what was analysed with which models and settings, and how long it took.

    Args:
        general: what the segments say by people in general, by number, where that is another reading.
    """
    config, model = run.config, run.model
    facts = [Fact(_("Analysed"), _modalities(run)), *_compared_with(run, general)]
    if run.voice and config.get("voice_by") == "attention_lstm":
        facts.append(
            Fact(
                _("Voice judged by"),
                _("the paper’s network alone"),
                _("It is far more often wrong than the usual one. Your administrator has set it so."),
            )
        )
    if run.voice and run.face and config.get("fusion") == "product":
        facts.append(
            Fact(
                _("Face and voice together"),
                _("each counts by how sure it is"),
                _("Where one of the two is missing, the other decides alone."),
            )
        )
    elif run.voice and run.face and "alpha" in config:
        facts.append(
            Fact(
                _("Weight of face and voice"),
                f"{config['alpha']:g} : {config['beta']:g}",
                _("Where one of the two is missing, the other decides alone."),
            )
        )
    if "segment_s" in config:
        facts.append(
            Fact(
                _("Length of a moment"),
                _("%(length)g s, a new one every %(hop)g s") % {"length": config["segment_s"], "hop": config["hop_s"]},
            )
        )
    if run.face and "sample_fps" in config:
        facts.append(Fact(_("Pictures looked at"), _("%(number)g per second") % {"number": config["sample_fps"]}))
    facts += _models(model)
    if run.started_at and run.finished_at:
        took = wording.duration(max(1, (run.finished_at - run.started_at).total_seconds()))
        facts.append(Fact(_("Time taken"), took, _timings(run)))
    return facts


def _modalities(run: Run) -> str:
    if run.voice and run.face:
        return _("voice and face")
    return _("voice only") if run.voice else _("face only")


def _models(model: dict[str, Any]) -> list[Fact]:
    """Version and the beginning of the SHA-256 of each file, as the run recorded them."""
    names = {
        "face": _("Model of the face"),
        "voice": _("Model of the voice"),
        "speech_encoder": _("Speech encoder"),
        "speaker_encoder": _("Speaker encoder"),
        "speakers": _("Telling the speakers apart"),
        "landmarks": _("Face landmarks"),
        "separator": _("Voice separation"),
    }
    return [
        Fact(names[name], str(entry.get("version") or "–"), f"SHA-256 {str(entry.get('sha256') or '–')[:12]}…")
        for name, entry in model.items()
        if name in names and isinstance(entry, dict)
    ]


def _timings(run: Run) -> str:
    parts = [
        f"{STAGES[name]} {seconds:.1f} s"
        for name, seconds in run.timings.items()
        if name in STAGES and isinstance(seconds, int | float)
    ]
    return " · ".join(parts)


def tracks(run: Run, *, pictured: bool = False) -> list[Face]:
    """The people that were seen, the chosen one included; empty where no face was analysed.

    Args:
        pictured: with their pictures, for those who may see the video.
    """
    chosen_number = run.summary.get("track")
    pictures: dict[int, list[tuple[str, float]]] = {}
    for picture in FaceThumbnail.objects.filter(run=run) if pictured else ():
        address = f"data:image/jpeg;base64,{base64.b64encode(picture.jpeg).decode()}"
        pictures.setdefault(picture.track, []).append((address, picture.time_s))
    return [
        Face(
            number=int(track["track"]),
            seconds=track.get("seconds"),
            start_s=track.get("start_s"),
            end_s=track.get("end_s"),
            chosen=track["track"] == chosen_number,
            still=bool(track.get("seconds")) and track.get("still_s", 0) > track["seconds"] / 2,
            passages=tuple((float(start), float(end)) for start, end in track.get("passages", [])),
            pictures=tuple(pictures.get(int(track["track"]), [])),
        )
        for track in run.summary.get("tracks", [])
    ]
