"""How much of a face's surroundings a crop shows."""

FER2013_FRAMING = 1.14
"""Side of a crop over the geometric mean of its box's sides, as FER2013 has it: on its faces, set in a larger picture,
the detector's box has this median size and its middle is the picture's middle within 2 %."""

FRAMING = 0.84
"""The same as faces on video are cropped: closer than FER2013, which the network learned from, because it judges people
who talk better so (``docs/experiments-face.md``)."""
