"""The model card: what the models learned from, how often they are right on people they never met, and their limits.

``ml.evaluation.measure`` takes the figures and keeps them beside the weights in ``evaluation.json``; ``write_card``
renders ``docs/model-card.md`` from that file, ``ablation.json`` and ``card.json``. No figure is written by hand.
"""

import json
from pathlib import Path
from textwrap import fill
from typing import Any

from ml import weights
from ml.atomic import replaced
from ml.data.folds import fold_hash
from ml.data.pairs import PAIRED, PAIRING_SEED
from ml.emotions import EMOTIONS
from ml.evaluation.measure import MEASURED
from ml.evaluation.tables import ABLATION, Table, of_conditions, of_groups, percent, shares, span, table_1, table_2
from ml.evaluation.voice_conditions import PER_CLASS, SPEAKERS_PER_CORPUS, advice, name_of

CARD_FILE = Path(__file__).resolve().parents[2] / "docs" / "model-card.md"

COMMANDS: dict[str, str] = {
    "face": "python -m ml evaluate face --split PublicTest --json",
    "voice": "python -m ml evaluate voice --json",
    "voice_own": "python -m ml evaluate voice --json",
    "fusion": f"python -m ml evaluate fusion --seed {PAIRING_SEED} --json",
}
TITLES: dict[str, str] = {
    "face": "Face: FER2013 PublicTest, official label",
    "voice": "Voice: speakers never heard, every recording (about 2-4 s) by itself",
    "voice_own": "Voice: the same, the speaker's other recordings as history",
    "fusion": "Fusion: label-matched pairs of PublicTest faces and out-of-fold voices",
}


def read_stored(name: str, directory: Path | None) -> dict[str, Any] | None:
    """A JSON file beside the weights; None where it is not there."""
    path = weights.folder(directory) / name
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None


def write_card(directory: Path | None = None, target: Path = CARD_FILE) -> Path:
    """Write the model card; says so in it when the figures were taken with other weights, or not at all."""
    text = render(weights.card(directory), read_stored(MEASURED, directory), read_stored(ABLATION, directory))
    with replaced(target) as file:
        file.write(text.encode())
    return target


def tables(directory: Path | None = None) -> list[Table]:
    """Tables 1 and 2 of the last measurement; none where nothing was measured."""
    measurement = read_stored(MEASURED, directory)
    if measurement is None:
        return []
    figures = measurement["figures"]
    return [table_1(figures, read_stored(ABLATION, directory)), table_2(figures["fusion"])]


def render(
    card: dict[str, dict[str, Any]], measurement: dict[str, Any] | None, ablation: dict[str, Any] | None = None
) -> str:
    """The model card as Markdown.

    Args:
        card: as ``ml.weights.card``.
        measurement: as ``measure`` stored it; None where nothing was measured.
        ablation: as ``train_ablation`` stored it; None where it was not run.
    """
    parts = [_HEAD, _models(card)]
    if measurement is None:
        parts.append("## Figures\n\nNone were taken with these weights. `make evaluate` takes them.\n")
    else:
        stale = [name for name, sha in measurement["weights"].items() if card.get(name, {}).get("sha256") != sha]
        parts += [_taken(measurement, stale), _sessions(measurement["figures"]["sessions"])]
        parts += [_tables(measurement, ablation), _ablation(card, ablation)]
        figures = dict(measurement["figures"])
        figures["voice_own"] = figures["voice"]["own"]
        parts += [_figures(name, figures[name]) for name in TITLES if name in figures]
        parts += [_errors(measurement), _disturbed(measurement), _same_voice(measurement["figures"].get("sound"))]
    return "\n".join([*parts, _speakers(card.get("speakers")), _baselines(card), _TAIL])


def _models(card: dict[str, dict[str, Any]]) -> str:
    lines = ["## Models\n", "| model | version | seed | size | SHA-256 |", "|---|---|---|---|---|"]
    for name in weights.NAMES:
        entry = card.get(name)
        if entry is None:
            lines.append(f"| {name} | not there | | | |")
        else:
            size = f"{entry['bytes'] / 1e6:.1f} MB"
            lines.append(
                f"| {name} | {entry.get('version', '')} | {entry.get('seed', '')} | {size} | `{entry['sha256']}` |"
            )
    return "\n".join(lines) + "\n"


def _speakers(entry: dict[str, Any] | None) -> str:
    """Who speaks when, on joined dialogues of people whom the projection never learned from."""
    if entry is None or "metrics" not in entry:
        return ""
    lines = [
        "### Who speaks when: joined dialogues of people unheard of, changing moods, sound only\n",
        _wrapped(
            "Prepared examples: a corpus's utterances in any mood joined to dialogues of 60 to 100 s, the sound not "
            "separated; for each the projection was fitted anew without its people (the command train speakers). Sure: "
            "share of the recordings in which it was sure that more than one person speaks. Wrong voice: share of the "
            "speech given to the wrong one of the voices; where it was not sure, of the two that were guessed. On real "
            "meetings: evaluate speakers."
        ),
        "| who speaks | recordings | sure that several speak | wrong voice |",
        "|---|---|---|---|",
    ]
    for name in ("one", "two", "three"):
        row = entry["metrics"][name]
        wrong = "" if name == "one" else f"{100 * row['confusion']:.1f} %"
        lines.append(f"| {name} | {row['n']} | {100 * row['several']:.0f} % | {wrong} |")
    return "\n".join(lines) + "\n"


def _taken(measurement: dict[str, Any], stale: list[str]) -> str:
    """When the figures were taken, and with which weights."""
    took = f" in {measurement['seconds'] / 60:.0f} minutes"
    if "processor_seconds" in measurement:
        took += f" ({measurement['processor_seconds'] / 60:.0f} minutes of processor time)"
    lines = ["## Figures\n", f"Taken on {measurement['taken']} by the commands of `make evaluate`{took}.\n"]
    if stale:
        lines.append(f"**Taken with other weights than the present ones ({', '.join(stale)}); take them anew.**\n")
    return "\n".join(lines)


def _sessions(sessions: dict[str, Any]) -> str:
    """Whole sessions of one person, which come first: the other figures are on prepared examples."""
    lines = [
        "### Whole sessions of one person, through the pipeline as it runs\n",
        _wrapped(
            "Ten utterances of one speaker whom the networks never heard, joined with pauses: all in one mood, or "
            "eight or five of them and others in between; the voice alone. Time right: the part of the speech with the "
            "right label, what got none counting as wrong. Sessions right: the commonest label is the session's mood. "
            "With history: one-mood sessions made of half of the utterances, judged alone (in brackets) and after five "
            "sessions of the other half, four fifths in the same mood, or neutral."
        ),
        _session_table(
            [(_SESSION_KINDS[kind], sessions[kind]) for kind in _SESSION_KINDS if kind in sessions]
        ).markdown(),
    ]
    for name, title in (("per_corpus", "corpus"), ("per_language", "language"), ("per_sex", "sex")):
        rows = [
            (f"{_SESSION_KINDS[kind]}, {title} {group}", row)
            for kind in ("uniform", "mixed80", "mixed50")
            for group, row in sessions[kind][name].items()
        ]
        lines.append(_session_table(rows).markdown())
    lines += ["What speech in one-mood sessions was called, per cent of the time; the last column got no label.\n"]
    confusion = zip(EMOTIONS, sessions["uniform"]["confusion"], strict=True)
    cells = tuple((name, *(f"{100 * share:.0f}" for share in row)) for name, row in confusion)
    lines += [Table("", ("", *EMOTIONS, "none"), cells).markdown()]
    lines.append(f"`python -m ml evaluate sessions --seed {sessions['seed']} --json`\n")
    return "\n".join(lines)


_SESSION_KINDS = {
    "uniform": "in one mood",
    "mixed80": "eight of ten in one mood",
    "mixed50": "five of ten in one mood",
    "history_same": "in one mood, after the same mood",
    "history_neutral": "in one mood, after neutral sessions",
}


def _session_table(rows: list[tuple[str, dict[str, Any]]]) -> Table:
    def cell(row: dict[str, Any], name: str) -> str:
        before = row.get("without_history")
        return percent(row[name]) + (f" ({percent(before[name])})" if before else "")

    names = ("time_right", "sessions_right", "negative_error", "judged")
    cells = tuple((title, str(row["n"]), *(cell(row, name) for name in names)) for title, row in rows)
    head = ("sessions", "n", "time right", "sessions right", "error of the negative share", "judged")
    return Table("", head, cells)


def _tables(measurement: dict[str, Any], ablation: dict[str, Any] | None) -> str:
    fusion = measurement["figures"]["fusion"]
    lines = []
    lines.append(
        _wrapped(
            "In the form of the paper's Tables 1 and 2. All rows are measured on the same label-matched pairs, so that "
            "they can be compared with each other. The paper's figures are for the CHEAVD2.0 test set, which cannot be "
            "had freely, and are not comparable."
        )
    )
    for table in (table_1(measurement["figures"], ablation), table_2(fusion)):
        lines += [f"{table.title}:\n", table.markdown()]
    lines.append(_wrapped(f"The pairs: {PAIRED}. Face and voice err independently in them, which flatters fusion."))
    if gain := fusion.get("gain"):
        points = f"{100 * gain['uar_gain']:.1f} ({span(gain['uar_gain_ci95'])})"
        lines.append(
            _wrapped(
                f"Fusion adds {100 * gain['accuracy_gain']:.1f} points of accuracy and {points} of mean recall to the "
                f"better of the two (n = {gain['n']}); in the paper 5.4 points of accuracy."
            )
        )
    return "\n".join(lines)


def _ablation(card: dict[str, dict[str, Any]], ablation: dict[str, Any] | None) -> str:
    """What the rows that do not ship were trained with."""
    if ablation is None:
        return "Two rows of Table 1 were not trained here. `python -m ml train ablation` trains them.\n"
    lstm, cnn = ablation["rows"]["mfcc_lstm"], ablation["rows"]["lbph_cnn"]
    shipped = card.get("voice", {}).get("speakers", {})
    folds = "the shipped voice's folds" if lstm["folds"] == fold_hash(shipped) else "speaker-independent folds"
    recalls = ", ".join(f"{name} {percent(row['uar'])}" for name, row in lstm["per_corpus"].items())
    return _wrapped(
        f"The two rows that do not ship were trained small, on {ablation['taken']} with seed {ablation['seed']}, by "
        f"`{ablation['command']}`. They differ from the shipped rows in more than features and model: the LSTM hears "
        "no copies at other speeds or with noise and is no ensemble; the CNN sees faces mirrored, but "
        "none moved or turned, and no FER+ votes. "
        f"LSTM: {folds}, n = {lstm['n']}, mean recall {recalls}; {_settings(lstm['config'])}. "
        f"CNN: {_settings(cnn['config'])}."
    )


def _wrapped(text: str) -> str:
    """A paragraph."""
    return fill(text, 120, break_long_words=False, break_on_hyphens=False) + "\n"


def _settings(config: dict[str, Any]) -> str:
    return ", ".join(f"{key.replace('_', ' ')} {value}" for key, value in sorted(config.items()))


def _figures(name: str, figures: dict[str, Any]) -> str:
    accuracy, recall = shares(figures)
    of = f" of {figures['speakers']} speakers" if "speakers" in figures else ""
    lines = [f"### {TITLES[name]}\n"]
    lines.append(
        f"n = {figures['n']}{of}, accuracy {accuracy}, mean recall {recall}, macro F1 {percent(figures['macro_f1'])}, "
        f"calibration error {percent(figures['ece'])}.\n"
    )
    lines += ["| class | n | recall (95 %) | precision | F1 |", "|---|---|---|---|---|"]
    for emotion in EMOTIONS:
        row = figures["per_class"][emotion]
        recall = f"{percent(row['recall'])} ({span(row['recall_ci95'])})" if row["n"] else "-"
        rest = " | ".join(percent(row[key]) if row["n"] else "-" for key in ("precision", "f1"))
        lines.append(f"| {emotion} | {row['n']} | {recall} | {rest} |")
    if len(figures["per_corpus"]) > 1:
        lines += ["", of_groups(figures["per_corpus"].items(), "corpus").markdown()]
    lines += ["", "How often confident answers are right:\n", _reliability(figures["reliability"])]
    lines += ["And by the lead of the likeliest class over the second:\n", _near_ties(figures["near_ties"])]
    if name != "voice_own":
        lines += ["Rows: the labelled class; columns: the recognised one; numbers of examples.\n", _confusion(figures)]
    lines.append(f"`{COMMANDS[name]}`\n")
    return "\n".join(lines)


def _reliability(bins: list[dict[str, float]]) -> str:
    rows = tuple(
        (
            f"{100 * row['from']:.0f}-{100 * row['to']:.0f} %",
            str(row["n"]),
            percent(row["confidence"]),
            percent(row["accuracy"]),
        )
        for row in bins
    )
    return Table("", ("confidence", "n", "mean confidence", "right"), rows).markdown()


def _near_ties(margins: list[dict[str, float]]) -> str:
    rows = tuple(
        (f"{100 * row['from']:.0f}-{100 * row['to']:.0f} points", str(row["n"]), percent(row["accuracy"]))
        for row in margins
    )
    return Table("", ("lead", "n", "right"), rows).markdown()


def _confusion(figures: dict[str, Any]) -> str:
    rows = ((name, *map(str, counts)) for name, counts in zip(EMOTIONS, figures["confusion"], strict=True))
    return Table("", ("", *EMOTIONS), tuple(rows)).markdown()


def _errors(measurement: dict[str, Any]) -> str:
    """The voice by language and sex, the face by size and quality of the picture."""
    lines = ["## Who and what is recognised less well\n"]
    if groups := measurement.get("groups"):
        lines += [
            _wrapped(
                "Voices, out of fold, every recording by itself. Each language is one corpus here, so "
                "language, recording, acting and number of speakers cannot be told apart. Intervals of the mean recall "
                "resample speakers; of three speakers they say little."
            )
        ]
        for head, rows in groups.items():
            lines.append(of_groups(((f"{head} {name}", row) for name, row in rows.items()), "voices").markdown())
    if rows := measurement.get("face_conditions"):
        lines += [
            _wrapped(
                f"Faces: {rows[0]['n']} of FER2013's PublicTest, official label, drawn with "
                f"seed {measurement['seed']}; the same in every row."
            ),
            of_conditions(rows, "faces").markdown(),
        ]
    return "\n".join(lines)


def _disturbed(measurement: dict[str, Any]) -> str:
    """The voice under noise and music, with and without separation."""
    rows = measurement.get("voice_conditions")
    if not rows:
        return ""
    corpora = list(rows[0]["per_corpus"])
    lines = [
        "## Noise, music and vocal separation\n",
        _wrapped(
            f"n = {rows[0]['n']} recordings of {rows[0]['speakers']} speakers, drawn with seed {measurement['seed']}: "
            f"at most {SPEAKERS_PER_CORPUS} speakers of each corpus, {PER_CLASS} recordings of each class and corpus. "
            f"A speaker's recordings are joined, and {measurement['interference']} are laid under them, the "
            "signal-to-noise ratio taken against the level of the speech. The corpora are 16 kHz, close and dry: "
            "nothing here speaks of echo or of a second voice."
        ),
    ]
    cells = tuple(
        (
            name_of(row),
            "separated" if row["separated"] else "as it is",
            *shares(row),
            *(percent(row["per_corpus"][corpus]["uar"]) for corpus in corpora),
            f"{100 * row['gain']:+.1f} ({span(row['gain_ci95'])})" if "gain" in row else "",
        )
        for row in rows
    )
    head = ("under the voice", "", "accuracy", "mean recall", *corpora, "gain by separation, points of mean recall")
    lines += [Table("", head, cells).markdown(), _wrapped(" ".join(advice(rows)))]
    return "\n".join(lines)


def _same_voice(sound: dict[str, Any] | None) -> str:
    """How many labels of sessions change with the file that they come in."""
    if sound is None:
        return ""
    lines = [
        "## The same voice in other files\n",
        _wrapped(
            f"n = {sound['n']} sessions of {sound['speakers']} speakers whom the networks never heard, ten utterances "
            "each, five of them in one mood, through the pipeline as it runs. Counted are segments that change their "
            f"label, lose it or gain one; the bar is one in twelve ({percent(sound['bar'])}). A telephone call is "
            "compared with the same session band-limited, and a segment that is not judged does not count as changed "
            "there. Intervals take segments for independent."
        ),
    ]
    cells = tuple(
        (
            row["name"],
            row["against"],
            str(row["segments"]),
            f"{percent(row['share'])} ({span(row['share_ci95'])})",
            str(row["unjudged"]),
        )
        for row in sound["variants"]
    )
    head = ("the file", "against", "segments", "changed (95 %)", "without a label")
    lines.append(Table("", head, cells).markdown())
    if sound["missing"]:
        lines.append(_wrapped(f"Not tried, for ffmpeg cannot write it: {', '.join(sound['missing'])}."))
    lines.append(f"`python -m ml evaluate sound --seed {sound['seed']} --json`\n")
    return "\n".join(lines)


def _baselines(card: dict[str, dict[str, Any]]) -> str:
    lines = ["## The simplest baselines on the same examples\n", "| input | baseline | n | accuracy | mean recall |"]
    lines.append("|---|---|---|---|---|")
    for name, row in card.get("face", {}).get("publictest_baselines", {}).items():
        lines.append(f"| face, PublicTest | {name} | {row['n']} | {percent(row['accuracy'])} | {percent(row['uar'])} |")
    for name, corpora in card.get("voice", {}).get("metrics", {}).get("baselines", {}).items():
        for corpus, row in corpora.items():
            shares = f"{percent(row['accuracy'])} | {percent(row['uar'])}"
            lines.append(f"| voice, {corpus} | {name} | {row['n']} | {shares} |")
    return "\n".join(lines) + "\n"


_HEAD = """# Model card

Generated by `python -m ml card` from the weights' card and the last measurement; do not edit it by hand.

EmoRec's models say which of seven emotions (anger, disgust, sad, happy, scared, surprised, normal) a voice or a face
*shows most likely*, for stretches of a few seconds. They do not know what a person feels. Accuracies are fractions of
examples for which the most likely class is the labelled one; mean recall weighs every class the same; with seven
classes, guessing is right in 14.3 %. In brackets 95 % intervals: Wilson's for shares, for mean recall the bootstrap,
over speakers where the speakers are known. Wilson's takes every example as independent, which recordings of one speaker
and faces drawn twice are not. n is the number of examples.
"""

_TAIL = """## Data and licences

| corpus | used for | terms |
|---|---|---|
| FER2013 (Kaggle / ICML 2013), 48x48 grey faces from the web | face: training and PublicTest | research use |
| FER+ (Barsoum et al. 2016), votes of ten people on each of these faces | face: training, beside the label | MIT |
| RAVDESS speech, English, 19 of its actors | voice | CC BY-NC-SA 4.0 |
| EmoDB, German, 8 speakers | voice | research, cite the authors |
| CASIA, Mandarin, public part, 3 speakers, no disgust | voice | research use |
| nEMO, Polish, 6 speakers, no disgust | voice | CC BY-NC-SA 4.0 |
| TESS, English, 2 speakers | voice | CC BY-NC-ND 4.0 |
| Spleeter 2 stems (Deezer) | vocal separation, as published | MIT |
| Whisper base (OpenAI) | states of its encoder, as published | MIT |
| silero-vad | speech activity, as published | MIT |

The trained weights are for research and other non-commercial use, as the corpora's terms ask. No recording, picture or
row of a corpus is part of this project.

Pictures that also stand in a later split of FER2013 were removed before training. FER2013's own label and the majority
of the ten FER+ annotators agree on 63 % of the pictures only: part of the errors is disagreement between people.
Voices are measured out of fold: everybody is judged only by networks that never heard them. RAVDESS has two sentences
only; words may help there more than they would in a conversation.

## Limits

- Acted emotions, read sentences and pictures from the web are not counselling interviews. Expect more mistakes there.
- Single segments are unreliable; only changes over time deserve attention.
- Chinese speech was learned from three speakers, Polish from six, German from eight. No figure is given by skin
  colour, age or disability.
- Glasses, masks, beards, side views, poor light, accents, hoarseness and medication can all change what is recognised.
- Probabilities are calibrated on the corpora above, not on your recordings.
- The separation removes music, not noise or a second speaker; every voice in a recording counts as the student's.

## What the models must not be used for

- Any diagnosis, any decision about a student, any ranking, discipline, admission or grading.
- Surveillance, lie detection, screening of people who have not consented, or use in class.
- Anything without a person who looks at the recording and talks to the student.

In the European Union inferring emotions in education is prohibited (Art. 5(1)(f) of the AI Act) except for medical or
safety reasons.
"""
