"""``uv pip install`` with this machine's pip settings: ``.venv/bin/python emorec_site/install.py ARGUMENTS``.

uv reads none of pip's settings. But pip's are the ones a machine has that reaches packages in a way of its own: a
mirror, a folder of wheels, a proxy with its certificate. They are asked of pip and handed on as uv's environment
variables; what is set for uv already stays. Standard library only: it installs the rest.
"""

import ast
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

UV_NAMES = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "find-links": "UV_FIND_LINKS",
    "no-index": "UV_NO_INDEX",
    "trusted-host": "UV_INSECURE_HOST",
    "cert": "SSL_CERT_FILE",
    "proxy": "ALL_PROXY",
}
"""A setting of pip to the variable that says the same to uv."""
COMMA_SEPARATED = {"find-links"}
SECTIONS = ("global", "install", ":env:")
"""Of pip's settings for the same thing the later counts."""


def pip_settings(lines: Iterable[str]) -> dict[str, str]:
    """Name to value of what ``pip config list`` printed, such as ``global.index-url='https://...'``."""
    by_section: dict[str, dict[str, str]] = {section: {} for section in SECTIONS}
    for line in lines:
        name, separator, value = line.partition("=")
        section, _, setting = name.strip().rpartition(".")
        if separator and section in by_section:
            by_section[section][setting] = str(ast.literal_eval(value.strip()))
    return {name: value for section in SECTIONS for name, value in by_section[section].items()}


def uv_environment(settings: Mapping[str, str], environment: Mapping[str, str]) -> dict[str, str]:
    """The environment with pip's settings in it under uv's names."""
    uv_settings = {
        UV_NAMES[name]: ("," if name in COMMA_SEPARATED else " ").join(value.split())
        for name, value in settings.items()
        if name in UV_NAMES and value.strip()
    }
    if "UV_INDEX" in uv_settings:
        # pip takes the best that any index has. Locked packages are held to their hashes, whoever serves them.
        uv_settings["UV_INDEX_STRATEGY"] = "unsafe-best-match"
    return uv_settings | {"UV_HTTP_TIMEOUT": "180"} | dict(environment)


def main() -> int:
    """Installs; the exit status is uv's."""
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "config", "list"]
    listed = subprocess.run(pip, capture_output=True, text=True, check=False).stdout
    uv = Path(sys.executable).with_name("uv")
    command = [str(uv), "pip", "install", "--python", sys.executable, "--compile-bytecode", *sys.argv[1:]]
    environment = uv_environment(pip_settings(listed.splitlines()), os.environ)
    return subprocess.run(command, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
