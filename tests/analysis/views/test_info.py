"""Help, model card, reports and what every page has in common."""

import json
import re
from pathlib import Path

import pytest
from django.conf import settings

from analysis import emotions
from analysis.presentation import model_card
from ml import emotions as engine
from ml.evaluation import face_conditions
from tests.factories import analysed

ROOT = Path(settings.BASE_DIR)


def test_the_classes_of_the_pages_are_those_of_the_engine():
    assert emotions.EMOTIONS == engine.EMOTIONS
    assert emotions.NEGATIVE == engine.NEGATIVE


def test_badges_have_the_colours_of_the_charts():
    css = (ROOT / "emorec_site/static_src/styles/emotions.css").read_text()
    shown = dict(re.findall(r"\.emotion-([a-z]+) \{\s*background: (#[0-9a-f]{6})", css))
    assert shown == emotions.COLOURS


def test_the_sprite_has_the_icons_that_the_pages_name_and_no_others():
    sources = [*(ROOT / "templates").rglob("*.html"), ROOT / "emorec_site/templatetags/chrome.py"]
    offered = set(re.findall(r'"([a-z-]+)",', (ROOT / "emorec_site/static_src/icons.mjs").read_text()))
    named = re.compile(
        r'\{% icon "([a-z-]+)" %\}|icon_name="([a-z-]+)"|icon_name\|default:"([a-z-]+)"'
        r'|(?:Plan|Entry)\(_\("[^"]+"\), "([a-z-]+)"'
    )
    used = {name for source in sources for found in named.findall(source.read_text()) for name in found if name}
    assert used
    assert used == offered


def test_no_template_has_a_script_a_handler_or_an_address_from_elsewhere():
    for source in (ROOT / "templates").rglob("*.html"):
        text = source.read_text()
        assert not re.search(r"<script(?![^>]*\bsrc=)", text), source
        assert not re.search(r"\son[a-z]+=", text), source
        assert not re.search(r"""(src|href)=["']?(https?:)?//""", text), source
        assert "style=" not in text, source


def test_the_lock_file_pins_exact_versions_and_names_no_registry():
    package = json.loads((ROOT / "package.json").read_text())
    versions = package["dependencies"] | package["devDependencies"]
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in versions.values())
    assert '"resolved"' not in (ROOT / "package-lock.json").read_text()


CARD = {
    "face": {
        "version": "face-3",
        "sha256": "ab" * 32,
        "data": {"corpus": "FER2013", "trained_on": 28709},
        "publictest": {"n": 3589, "accuracy": 0.61, "uar": 0.57, "per_class_recall": {"sad": 0.44}},
        "publictest_baselines": {"majority": {"n": 3589, "accuracy": 0.25}},
    }
}
EVALUATION = {
    "taken": "2026-11-22",
    "weights": {"face": "ab" * 32},
    "figures": {
        "fusion": {
            "n": 2000,
            "accuracy": 0.7,
            "accuracy_ci95": [0.68, 0.72],
            "per_class": {"anger": {"n": 100, "recall": 0.81}},
            "face": {"n": 2000, "accuracy": 0.6},
        }
    },
}


@pytest.fixture
def weights(tmp_path, monkeypatch):
    """``weights(card=..., evaluation=...)`` lays these files (texts) where the page looks for them."""

    def lay(**files: str) -> None:
        for name, text in files.items():
            (tmp_path / f"{name}.json").write_text(text)

    monkeypatch.setattr(model_card, "FOLDER", tmp_path)
    return lay


@pytest.mark.django_db
def test_the_model_card_shows_every_figure_with_its_number_of_examples(people, as_user, weights):
    weights(card=json.dumps(CARD), evaluation=json.dumps(EVALUATION))
    page = as_user(people.owner).get("/model-card/").content.decode()
    for text in ("face-3", "28709", "2000", "70\xa0%", "68\xa0%", "72\xa0%", "81\xa0%", "60\xa0%", "2026-11-22"):
        assert text in page, text
    assert "taken with other models" not in page
    assert "61\xa0%" not in page


@pytest.mark.django_db
def test_the_card_is_in_the_readers_language_and_what_is_not_says_so(people, as_user, weights):
    weights(card=json.dumps(CARD), evaluation=json.dumps(EVALUATION))
    people.owner.language = "zh-hans"
    people.owner.save()
    page = as_user(people.owner).get("/model-card/").content.decode()
    assert '<span lang="en">FER2013</span>' in page
    assert "trained on" not in page
    assert "28709" in page
    assert '<span lang="en">28709' not in page


@pytest.mark.django_db
def test_the_card_says_what_disturbs_the_models(people, as_user, weights):
    plain = {"n": 228, "accuracy": 0.31, "under": "noise", "snr_db": 10.0, "separated": False}
    measured = {
        "face_conditions": [{"condition": "shown at 16 pixels", "n": 1200, "accuracy": 0.63}, "not a row"],
        "voice_conditions": [
            {**plain, "under": "", "snr_db": None, "accuracy": 0.74, "per_corpus": {"A": {"n": 9, "accuracy": 0.99}}},
            plain,
            {**plain, "under": "music", "snr_db": 0.0, "separated": True, "accuracy": 0.53},
        ],
    }
    weights(card=json.dumps(CARD), evaluation=json.dumps(EVALUATION | measured))
    page = as_user(people.owner).get("/model-card/").content.decode()
    text = " ".join(re.sub("<[^>]+>", " ", page).split())
    assert "only 16 pixels high 1200 63 %" in text
    assert "nothing under the voice 228 74 %" in text
    assert "noise 10 dB below the voice 228 31 %" in text
    assert "music as loud as the voice · separated 228 53 %" in text
    assert "99 %" not in text
    assert page.count("Recognised, by emotion</th>") == 1


@pytest.mark.django_db
def test_the_card_says_what_the_models_learned_from_and_must_not_be_used_for(people, as_user):
    page = as_user(people.owner).get("/model-card/").content.decode()
    for text in ("Any diagnosis, any decision about a student", "Article 5(1)(f)", "non-commercial", "skin colour"):
        assert text in page, text
    told = (ROOT / "docs/model-card.md").read_text()
    installed = json.loads((ROOT / "ml/weights/card.json").read_text())
    names = [source.name for source in model_card.SOURCES]
    assert set(installed["voice"]["data"]) <= set(names)
    for name in names:
        assert f'<span lang="en">{name}</span>' in page
        assert re.search(rf"^\| {re.escape(name)}[ ,]", told, re.MULTILINE), name


@pytest.mark.django_db
def test_how_many_speakers_were_learned_from_comes_from_the_card(people, as_user, weights):
    speakers = {"casia_a": 0, "ravdess_01": 1, "ravdess_02": 2, "tess_x": 0, "tess_y": 1, "tess_z": 2}
    weights(card=json.dumps({"voice": {"speakers": speakers}}))
    page = " ".join(as_user(people.owner).get("/model-card/").content.decode().split())
    assert "Chinese 1, English 5." in page
    assert "voices of actors, Chinese, 1 speaker<" in page
    assert "voices of actors, English, 3 speakers<" in page
    assert "voices of actors, German<" in page


def test_every_kind_of_poor_picture_has_a_plain_name():
    assert [name for name in face_conditions.CONDITIONS if name not in model_card.NAMES] == []


@pytest.mark.django_db
def test_figures_of_other_models_say_so(people, as_user, weights):
    weights(card=json.dumps(CARD), evaluation=json.dumps(EVALUATION | {"weights": {"face": "cd" * 32}}))
    assert "taken with other models" in as_user(people.owner).get("/model-card/").content.decode()


@pytest.mark.django_db
def test_without_a_measurement_the_figures_of_the_training_are_shown(people, as_user, weights):
    weights(card=json.dumps(CARD))
    page = as_user(people.owner).get("/model-card/").content.decode()
    for text in ("FER2013 public test", "3589", "61\xa0%", "57\xa0%", "44\xa0%", "25\xa0%"):
        assert text in page, text


@pytest.mark.django_db
@pytest.mark.parametrize("content", ["", "not json", "[]", '{"face": 3}'])
def test_a_card_that_cannot_be_read_is_no_error(people, as_user, weights, content):
    weights(card=content, evaluation=content)
    page = as_user(people.owner).get("/model-card/")
    assert page.status_code == 200
    assert "There is no model card" in page.content.decode()


@pytest.mark.django_db
def test_help_says_what_the_system_is_not(people, as_user):
    page = as_user(people.staff).get("/help/").content.decode()
    assert "makes no diagnosis" in page
    assert "a person does" in page


@pytest.mark.django_db
@pytest.mark.parametrize(("name", "kind"), [("report.pdf", "application/pdf"), ("report.csv", "text/csv")])
def test_a_report_is_a_download_whose_name_says_nothing_about_the_student(people, as_user, name, kind):
    analysed(people.student, ["sad", "normal"] * 20)
    response = as_user(people.owner).get(f"/students/{people.student.pk}/{name}")
    assert response["Content-Type"].startswith(kind)
    assert response["Content-Disposition"].startswith("attachment")
    assert people.student.number not in response["Content-Disposition"]
    assert people.student.name not in response["Content-Disposition"]
    assert response["Cache-Control"] == "no-store"


@pytest.mark.django_db
@pytest.mark.parametrize("who", ["owner", "staff", "admin"])
def test_every_page_says_that_a_person_decides(people, as_user, who):
    page = as_user(getattr(people, who)).get("/").content.decode()
    assert "It makes no diagnosis and decides nothing about a student" in page
    assert 'href="#main"' in page
    assert '<html lang="en">' in page


@pytest.mark.django_db
def test_what_does_not_exist_is_told_kindly_with_a_number_to_quote(people, as_user):
    response = as_user(people.owner).get("/nothing-here/")
    assert response.status_code == 404
    page = response.content.decode()
    assert "There is nothing here" in page
    assert response["X-Request-ID"] in page


@pytest.mark.django_db
def test_an_unexpected_error_shows_the_number_that_is_in_the_log(people, as_user, monkeypatch):
    monkeypatch.setattr("analysis.views.info.limits", lambda: 1 / 0)
    client = as_user(people.owner)
    client.raise_request_exception = False
    response = client.get("/help/")
    page = response.content.decode()
    assert response.status_code == 500
    assert response["X-Request-ID"] in page
    assert "division" not in page


@pytest.mark.django_db
def test_a_form_that_was_open_too_long_says_that_nothing_was_saved(people):
    from django.test import Client

    client = Client(enforce_csrf_checks=True)
    client.force_login(people.owner)
    response = client.post("/notices/")
    assert response.status_code == 403
    assert "Nothing was saved" in response.content.decode()
