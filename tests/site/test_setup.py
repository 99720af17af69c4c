"""Set-up makes each thing once, goes on after a failure, and makes anew what its inputs changed.

The rules are the project's own (``setup.mk``) and so is the display of the steps; only the Python that they start is a
stand-in, which writes down what it was asked to do and leaves the files that the real one would.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
STAND_IN = """#!/bin/sh
# Stands for the system's Python, and for that of .venv, whose uv it also is.
case "$*" in
  -c*) cat version; exit ;;
  emorec_site/step.py*) exec {python} "$@" ;;
esac
echo "$*" | sed 's/ --no-deps --require-hashes//' >> asked
if [ -e broken ] && echo "$*" | grep -qF -e "$(cat broken)"; then echo "no room on the disk"; exit 1; fi
if [ -e slow ] && echo "$*" | grep -qF -e "$(cat slow)"; then touch waiting; sleep 60; fi
case "$*" in
  "-m venv .venv") mkdir -p .venv/bin; cp "$0" .venv/bin/python; cp "$0" .venv/bin/uv ;;
  *fetch-separator) mkdir -p var/models/spleeter/2stems; touch var/models/spleeter/2stems/model.data-00000-of-00001 ;;
  *fetch-encoder) mkdir -p var/models/whisper/base; touch var/models/whisper/base/vocabulary.txt ;;
  *fetch-landmarks) mkdir -p var/models/mediapipe; touch var/models/mediapipe/face_landmark.tflite ;;
  *emorec_site.messages) touch locale/zh/LC_MESSAGES/django.mo ;;
  *" npm ci"*--omit=dev) rm -rf node_modules; mkdir node_modules; touch node_modules/.package-lock.json ;;
  *" npm ci"*) mkdir -p node_modules/@biomejs/biome; touch -d @0 node_modules/@biomejs/biome/package.json
    touch node_modules/.package-lock.json ;;
  *build.mjs) rm -rf emorec_site/static/built; mkdir -p emorec_site/static/built ;;
esac
"""
INSTALL = "emorec_site/install.py"
PACKAGES = f"{INSTALL} -r requirements/base.lock"
TORCH = f"{INSTALL} -r requirements/torch.txt"
NO_TRITON = "pip uninstall --quiet --python .venv/bin/python triton"
NODEPS = f"{INSTALL} -r requirements/nodeps.lock"
DEV = f"{INSTALL} -r requirements/dev.lock"
MODELS = ["-m ml fetch-separator", "-m ml fetch-encoder", "-m ml fetch-landmarks"]
TRANSLATIONS = "-m emorec_site.messages"
NPM_WITH_TOOLS = "emorec_site/node.py npm ci --ignore-scripts --no-audit --no-fund --loglevel=error"
NPM = f"{NPM_WITH_TOOLS} --omit=dev"
BUNDLE = "emorec_site/node.py node emorec_site/static_src/build.mjs"
ENVIRONMENT = ["-m venv .venv", "-m pip --disable-pip-version-check install -r requirements/uv.lock"]
PYTHON_PART = [*ENVIRONMENT, PACKAGES, TORCH, NO_TRITON, NODEPS]
EVERYTHING = [*PYTHON_PART, *MODELS, TRANSLATIONS, NPM, BUNDLE]


class Clone:
    """A fresh clone, as far as set-up looks at it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        for name in ("Makefile", "setup.mk", "emorec_site/step.py"):
            (root / name).parent.mkdir(exist_ok=True)
            shutil.copy(PROJECT / name, root / name)
        for name in ("uv.lock", "base.lock", "torch.txt", "nodeps.lock", "dev.lock"):
            self.write(f"requirements/{name}", "one")
        for name in ("package.json", "package-lock.json", "locale/zh/LC_MESSAGES/django.po"):
            self.write(name, "one")
        for name in ("upload.js", "old.js"):
            self.write(f"emorec_site/static_src/{name}", "one")
        self.write("version", "3.11\n")
        self.write("python", STAND_IN.format(python=sys.executable))
        (root / "python").chmod(0o755)

    def write(self, name: str, text: str) -> None:
        (self.root / name).parent.mkdir(parents=True, exist_ok=True)
        (self.root / name).write_text(text)

    def command(self, *arguments: str) -> list[str]:
        return ["make", "--no-print-directory", *(arguments or ["setup"]), "PYTHON=./python"]

    def make(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Runs make; what it asked of Python stands in ``asked()`` afterwards."""
        (self.root / "asked").unlink(missing_ok=True)
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("EMOREC_", "MAKE", "MFLAGS"))}
        return subprocess.run(
            self.command(*arguments),
            cwd=self.root,
            env=kept | environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    def asked(self) -> list[str]:
        asked = self.root / "asked"
        return asked.read_text().splitlines() if asked.exists() else []


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    return Clone(tmp_path)


@pytest.fixture
def ready(clone: Clone) -> Clone:
    """A clone that is set up."""
    assert clone.make().returncode == 0
    return clone


def test_everything_is_made_once_and_in_order(clone):
    done = clone.make()
    assert done.returncode == 0, done.stderr
    assert clone.asked() == EVERYTHING
    assert "packages ... done in" in done.stderr
    again = clone.make()
    assert clone.asked() == []
    assert again.stderr == ""


def test_the_packages_for_tests_come_on_top(ready):
    ready.make("setup-dev")
    assert ready.asked() == [DEV]
    ready.make("setup-dev")
    assert ready.asked() == []


@pytest.mark.parametrize(
    ("changed", "anew"),
    [
        ("requirements/base.lock", [PACKAGES, TORCH, NO_TRITON, NODEPS]),
        ("requirements/torch.txt", [TORCH, NO_TRITON, NODEPS]),
        ("requirements/nodeps.lock", [NODEPS]),
        ("requirements/dev.lock", []),
        ("requirements/uv.lock", PYTHON_PART[1:]),
        ("locale/zh/LC_MESSAGES/django.po", [TRANSLATIONS]),
        ("package-lock.json", [NPM, BUNDLE]),
        ("emorec_site/static_src/upload.js", [BUNDLE]),
        ("emorec_site/static_src/more/new.js", [BUNDLE]),
    ],
)
def test_what_changed_is_made_anew_with_what_rests_on_it(ready, changed, anew):
    ready.write(changed, "two")
    ready.make()
    assert ready.asked() == anew
    ready.make()
    assert ready.asked() == []


BIOME = "node_modules/@biomejs/biome/package.json"


def test_biome_comes_when_it_is_asked_for_and_again_after_the_packages_changed(ready):
    ready.make(BIOME)
    assert ready.asked() == [NPM_WITH_TOOLS]
    ready.make(BIOME)
    assert ready.asked() == []
    ready.write("package-lock.json", "two")
    ready.make("setup", BIOME)
    assert ready.asked() == [NPM, BUNDLE, NPM_WITH_TOOLS]


def test_a_source_that_was_removed_is_a_change(ready):
    (ready.root / "emorec_site/static_src/old.js").unlink()
    ready.make()
    assert ready.asked() == [BUNDLE]


@pytest.mark.parametrize(
    ("gone", "anew"),
    [
        ("var/models/spleeter/2stems/model.data-00000-of-00001", MODELS[:1]),
        ("var/models/whisper/base/vocabulary.txt", MODELS[1:2]),
        ("var/models/mediapipe/face_landmark.tflite", MODELS[2:]),
        ("locale/zh/LC_MESSAGES/django.mo", [TRANSLATIONS]),
        ("emorec_site/static/built", [BUNDLE]),
        ("node_modules", [NPM, BUNDLE]),
        (".venv", PYTHON_PART),
    ],
)
def test_what_was_removed_is_made_again(ready, gone, anew):
    path = ready.root / gone
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    ready.make()
    assert ready.asked() == anew


@pytest.mark.parametrize("step", EVERYTHING)
def test_a_step_that_fails_says_so_and_the_next_call_goes_on_there(clone, step):
    clone.write("broken", step.split()[-1])
    failed = clone.make()
    assert failed.returncode != 0
    assert clone.asked()[-1] == step
    if step != NO_TRITON:
        assert "no room on the disk" in failed.stderr
        assert "Set-up stopped at: " in failed.stderr
        assert "run the same command again" in failed.stderr
    (clone.root / "broken").unlink()
    assert clone.make().returncode == 0
    at = EVERYTHING.index(step) - (step == NO_TRITON)
    assert [asked.replace(" --reinstall", "") for asked in clone.asked()] == EVERYTHING[at:]


@pytest.mark.parametrize("step", [PACKAGES, TORCH, NODEPS])
def test_packages_that_were_killed_half_way_are_installed_from_their_first_file(clone, step):
    clone.write("slow", step.split()[-1])
    with subprocess.Popen(
        clone.command(), cwd=clone.root, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as killed:
        deadline = time.monotonic() + 60
        while not (clone.root / "waiting").exists() and time.monotonic() < deadline:
            time.sleep(0.02)
        os.killpg(killed.pid, signal.SIGKILL)
    assert clone.asked()[-1] == step
    (clone.root / "slow").unlink()
    clone.make()
    assert clone.asked()[0] == step.replace("install.py", "install.py --reinstall")
    assert "--reinstall" not in " ".join(clone.asked()[1:])
    clone.make()
    assert clone.asked() == []


def test_another_python_makes_the_environment_anew(ready):
    ready.write("version", "3.12\n")
    # The environment's own Python is still the old one.
    (ready.root / ".venv/bin/python").write_text("#!/bin/sh\necho 3.11\n")
    ready.make()
    assert ready.asked() == PYTHON_PART


def test_a_python_that_no_longer_runs_makes_the_environment_anew(ready):
    (ready.root / ".venv/bin/python").unlink()
    (ready.root / ".venv/bin/python").symlink_to("/nowhere/python3")
    ready.make()
    assert ready.asked() == PYTHON_PART


def test_an_unsupported_python_is_refused_with_the_next_step(clone):
    clone.write("version", "3.9\n")
    refused = clone.make()
    assert refused.returncode != 0
    assert "EmoRec needs Python 3.11, 3.12 or 3.13; ./python is none of them." in refused.stderr
    assert "make PYTHON=" in refused.stderr
    assert clone.asked() == []


def test_no_python_at_all_is_said(clone):
    tools = clone.root / "tools"
    tools.mkdir()
    for tool in ("make", "sh", "test", "find", "echo"):
        (tools / tool).symlink_to(shutil.which(tool))
    command = ["make", "setup"]
    environment = {"PATH": str(tools)}
    refused = subprocess.run(command, cwd=clone.root, env=environment, capture_output=True, text=True, check=False)
    assert refused.returncode != 0
    assert "there is none on the PATH" in refused.stderr


def test_torch_comes_from_the_index_that_is_named(clone):
    clone.make(EMOREC_TORCH_INDEX="https://example.org/cpu")
    (torch,) = (asked for asked in clone.asked() if "torch.txt" in asked)
    assert torch == f"{INSTALL} --default-index https://example.org/cpu -r requirements/torch.txt"


def test_a_model_folder_elsewhere_is_used(clone):
    folder = clone.root / "my models"
    folder.mkdir()
    (folder / "vocabulary.txt").touch()
    clone.make(EMOREC_WHISPER_MODEL=str(folder))
    assert "-m ml fetch-encoder" not in clone.asked()
    assert "-m ml fetch-separator" in clone.asked()


@pytest.mark.parametrize("name", ["uv", "base", "nodeps", "dev"])
def test_every_locked_package_has_its_version_and_hashes(name):
    text = (PROJECT / "requirements" / f"{name}.lock").read_text()
    packages = [entry for entry in re.split(r"\n(?=\S)", text.strip()) if not entry.startswith("#")]
    assert packages
    assert [entry for entry in packages if "==" not in entry or "--hash=sha256:" not in entry] == []
