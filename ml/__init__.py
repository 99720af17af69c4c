"""EmoRec's recognition engine: voice and face emotion recognition from one recording.

Pure Python, no Django and no Celery; usable from a notebook. Importing this package is cheap:
torch, TensorFlow and OpenCV are imported by the modules that need them, when they need them.
"""

import os

# OpenMP threads that spin while they wait make face detection and torch up to a hundred times slower as soon as
# anything else uses the cores (8 ms became 870 ms a frame). The first OpenMP library reads this when it is loaded.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
