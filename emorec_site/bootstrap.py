"""Builds the project's own environment from a fresh clone; run by the system's Python, so standard library only.

    python3 emorec_site/bootstrap.py [--dev]

Steps: virtual environment, locked packages (by hash), torch, packages whose declared dependencies no resolver
accepts, the Spleeter model, the speech encoder, the translations, the front-end files. A finished step leaves a stamp
holding the hash of what it was made from, so a second call does nothing, a changed lock repeats what depends on it, and
a call after a failure goes on where it broke.
"""

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
REQUIREMENTS = ROOT / "requirements"
STAMPS = VENV / "emorec-stamps"
LOG = ROOT / "var" / "log" / "setup.log"
SUPPORTED = ((3, 11), (3, 14))


@dataclass(frozen=True)
class Step:
    """One step: its title, what it is made from, how it is made, and how to see that its result is still there."""

    title: str
    inputs: tuple[Path, ...]
    commands: tuple[tuple[str, ...], ...]
    intact: Callable[[], bool] = lambda: True

    @property
    def stamp(self) -> Path:
        return STAMPS / self.title.replace(" ", "-")

    def fingerprint(self) -> str:
        """SHA-256 over the Python version, the commands and the inputs' content."""
        digest = hashlib.sha256(repr((sys.version_info[:2], self.commands)).encode())
        for path in self.inputs:
            digest.update(path.read_bytes())
        return digest.hexdigest()

    def done(self) -> bool:
        return self.stamp.exists() and self.stamp.read_text() == self.fingerprint() and self.intact()


def pip(*arguments: str) -> tuple[str, ...]:
    """A pip call in the project's environment."""
    return (str(PYTHON), "-m", "pip", "--disable-pip-version-check", "install", *arguments)


def module(*arguments: str) -> tuple[str, ...]:
    """One of the project's own modules, run in its environment."""
    return (str(PYTHON), "-m", *arguments)


def steps(dev: bool) -> list[Step]:
    """The steps in their order."""
    base, torch, nodeps = (REQUIREMENTS / name for name in ("base.lock", "torch.txt", "nodeps.lock"))
    index = os.environ.get("EMOREC_TORCH_INDEX")
    torch_index = ("--index-url", index) if index else ()
    planned = [
        # The lock first: it already holds what torch needs, so torch itself brings nothing more.
        Step("packages", (base,), (pip("--require-hashes", "--no-deps", "-r", str(base)),)),
        # The CUDA build brings triton, whose import crashes a process that has loaded TensorFlow; nothing here uses it.
        Step(
            "torch",
            (torch,),
            (
                pip(*torch_index, "-r", str(torch)),
                module("pip", "--disable-pip-version-check", "uninstall", "-yq", "triton"),
            ),
        ),
        # Spleeter declares Python below 3.12, from before that was out; its code runs on 3.13 (tests/ml/voice).
        Step(
            "packages without dependencies",
            (nodeps,),
            (pip("--require-hashes", "--no-deps", "--ignore-requires-python", "-r", str(nodeps)),),
        ),
    ]
    if dev:
        lock = REQUIREMENTS / "dev.lock"
        planned.append(Step("packages for tests", (lock,), (pip("--require-hashes", "--no-deps", "-r", str(lock)),)))
    catalogues = tuple(sorted((ROOT / "locale").glob("*/LC_MESSAGES/*.po")))
    planned += [
        Step("separation model", (), (module("ml", "fetch-separator"),), separator_present),
        Step("speech encoder", (), (module("ml", "fetch-encoder"),), encoder_present),
        Step(
            "translations", catalogues, ((str(PYTHON), "-m", "emorec_site.messages"),), lambda: all_compiled(catalogues)
        ),
        Step("front-end files", (), (module("emorec_site.assets"),), lambda: False),
    ]
    return planned


def separator_present() -> bool:
    """Whether the model's largest file lies there; its hash is verified before every load anyway."""
    folder = Path(os.environ.get("EMOREC_SPLEETER_MODEL", ROOT / "var" / "models" / "spleeter" / "2stems"))
    return any(folder.glob("model.data*"))


def encoder_present() -> bool:
    """Whether the speech encoder lies there; its hash is verified before every load anyway."""
    folder = Path(os.environ.get("EMOREC_WHISPER_MODEL", ROOT / "var" / "models" / "whisper" / "base"))
    return (folder / "model.bin").is_file()


def all_compiled(catalogues: Sequence[Path]) -> bool:
    """Whether every translation catalogue has its compiled twin."""
    return all(path.with_suffix(".mo").exists() for path in catalogues)


def make_venv() -> None:
    """The virtual environment; made anew if there is none or its Python no longer runs or is another version."""
    if PYTHON.exists():
        probe = subprocess.run(
            [PYTHON, "-c", "import sys, pip; print(*sys.version_info[:2])"], capture_output=True, text=True, check=False
        )
        if probe.returncode == 0 and probe.stdout.split() == [str(part) for part in sys.version_info[:2]]:
            return
        shutil.rmtree(VENV)
    run_visibly("virtual environment", [sys.executable, "-m", "venv", str(VENV)])


def run_visibly(title: str, command: Sequence[str]) -> None:
    """Runs a command with its output in the log, and shows on the terminal that and how long it is at work.

    Raises:
        SystemExit: the command failed; the end of its output is shown.
    """
    LOG.parent.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    terminal = sys.stderr.isatty()
    with LOG.open("ab") as log:
        start_of_output = log.tell()
        process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, cwd=ROOT)
        shown = 0.0
        while True:
            try:
                code = process.wait(timeout=0.5)
                break
            except subprocess.TimeoutExpired:
                elapsed = time.monotonic() - started
                if terminal:
                    say(f"\r  {title} ... {elapsed:4.0f} s", end="")
                elif elapsed - shown >= 15:
                    shown = elapsed
                    say(f"  {title} ... {elapsed:4.0f} s")
            except KeyboardInterrupt:
                process.terminate()
                process.wait()
                raise
    if code:
        say(f"\n  {title} failed. The end of {LOG.relative_to(ROOT)}:\n")
        with LOG.open("rb") as log:
            log.seek(start_of_output)
            say("\n".join(log.read().decode(errors="replace").splitlines()[-25:]))
        raise SystemExit(
            f"\nSet-up stopped at: {title}. Mend the cause and run the same command again; it goes on from here."
        )
    say(f"{chr(13) if terminal else ''}  {title} ... done in {time.monotonic() - started:.0f} s")


def say(text: str, end: str = "\n") -> None:
    """Progress goes to standard error."""
    sys.stderr.write(text + end)
    sys.stderr.flush()


def main() -> None:
    """Runs what is not done yet."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dev", action="store_true", help="also what tests and linters need")
    arguments = parser.parse_args()
    if not SUPPORTED[0] <= sys.version_info[:2] < SUPPORTED[1]:
        raise SystemExit(
            f"EmoRec needs Python 3.11 to 3.13; this is {sys.version.split()[0]}. Name one: make PYTHON=python3.12 ..."
        )
    make_venv()
    planned = steps(arguments.dev)
    pending = [step for step in planned if not step.done()]
    if any(step.title != "front-end files" for step in pending):
        say(f"Setting up EmoRec in {VENV.name} (first time: about five minutes and 4.5 GB)")
    for step in pending:
        for command in step.commands:
            run_visibly(step.title, command)
        STAMPS.mkdir(parents=True, exist_ok=True)
        step.stamp.write_text(step.fingerprint())


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        raise SystemExit("\nSet-up interrupted; run the same command again to go on.") from None
