"""What ``students`` announces. Receivers run inside the sender's transaction: if one fails, nothing happened.

``consent_ended``: ``student``, ``purpose`` (a ``Purpose`` value), ``reason`` ("withdrawn" or "expired") and ``by``, the
user who withdrew it (None when it expired).
``student_erased``: ``student`` and ``by``, sent before the row is anonymised.
"""

from django.dispatch import Signal

consent_ended = Signal()
student_erased = Signal()
