"""EmoRec's recognition engine: voice and face emotion recognition from one recording.

Pure Python, no Django and no Celery; usable from a notebook. Importing this package is cheap:
torch, TensorFlow and OpenCV are imported by the modules that need them, when they need them.
"""
