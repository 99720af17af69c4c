"""Where the research data are."""

import os
from pathlib import Path


def data_folder() -> Path:
    """The research data: EMOREC_DATA, by default ``../shared/data`` beside the project."""
    default = Path(__file__).resolve().parents[2].parent / "shared" / "data"
    return Path(os.environ.get("EMOREC_DATA") or default)
