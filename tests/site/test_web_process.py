"""A web process stays small: of the engine it loads what reads stored scores anew, no network and no TensorFlow."""

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LOADED = """
import json, sys
from emorec_site.wsgi import application
from django.urls import get_resolver
def walk(patterns):
    for pattern in patterns:
        walk(pattern.url_patterns) if hasattr(pattern, "url_patterns") else pattern.callback
walk(get_resolver().url_patterns)
import analysis.tasks
print(json.dumps(sorted(sys.modules)))
"""


def test_serving_pages_and_queueing_tasks_never_loads_a_network():
    output = subprocess.run(
        [sys.executable, "-c", LOADED], cwd=ROOT, env=dict(os.environ), capture_output=True, text=True, check=True
    ).stdout
    loaded = set(json.loads(output.strip().splitlines()[-1]))
    assert "analysis.models" in loaded
    heavy = {"torch", "tensorflow", "spleeter", "librosa", "sklearn", "skimage", "cv2", "scipy", "analysis.runs.worker"}
    assert not heavy & loaded
    assert not {"ml.recognise", "ml.models", "ml.media", "ml.voice.recogniser", "ml.face.recogniser"} & loaded
