"""Compiles the translations: ``locale/*/LC_MESSAGES/django.po`` -> ``django.mo``, without GNU gettext's tools.

Run by set-up. Collecting strings into the ``.po`` files is a developer's task and uses ``manage.py makemessages``.
"""

import sys
from pathlib import Path

import polib

LOCALE = Path(__file__).resolve().parent.parent / "locale"


def compile_all(folder: Path = LOCALE) -> int:
    """Compiles every catalogue below ``folder``, each put in place whole; returns how many."""
    catalogues = sorted(folder.glob("*/LC_MESSAGES/django*.po"))
    for path in catalogues:
        draft = path.with_suffix(".mo.new")
        polib.pofile(str(path)).save_as_mofile(str(draft))
        draft.replace(path.with_suffix(".mo"))
    return len(catalogues)


if __name__ == "__main__":
    sys.stderr.write(f"{compile_all()} translation catalogues compiled\n")
