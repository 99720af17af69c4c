"""Whether a face is a picture of a face: a portrait, an avatar, a frozen call.

A living face is never the same two seconds later, even where it only listens; a picture is, but for the coding's noise,
however it is moved or enlarged meanwhile. So the upright face is laid over itself two seconds earlier as well as an
affine motion can, and what then differs decides.
"""

from collections.abc import Sequence

import cv2
import numpy as np

from ml.face.persons import Passage

LAG_S = 2.0
"""Seconds between the two faces compared, at least; they may lie up to twice as far apart."""
STILL_BELOW = 0.0009
"""Difference below which two faces are the same picture (``docs/experiments-face.md``)."""
LEAST_S = 4.0
"""A stretch shorter than this is no still picture."""

_STEPS = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 15, 1e-4)
_EVERYWHERE = np.ones((48, 48), np.uint8)
_BLUR = 1.0
_EDGE = 4

Comparison = tuple[float, float, float]
"""Times of the earlier and the later face in seconds, and their ``difference``."""


def difference(earlier: np.ndarray, later: np.ndarray) -> float:
    """How much two upright faces differ, 0 (one picture) to 2, whatever their brightness and contrast.

    Args:
        earlier, later: uint8, shape (48, 48), as ``likeness.upright`` gives them.
    """
    first, second = earlier.astype(np.float32), later.astype(np.float32)
    try:
        _, motion = cv2.findTransformECC(
            first, second, np.eye(2, 3, dtype=np.float32), cv2.MOTION_AFFINE, _STEPS, _EVERYWHERE, 3
        )
    except cv2.error:  # it does not converge where the two have little in common
        return 2.0
    laid = cv2.warpAffine(
        second,
        motion,
        first.shape[::-1],
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    inner = slice(_EDGE, -_EDGE)
    one, other = (cv2.GaussianBlur(each, (0, 0), _BLUR)[inner, inner].ravel() for each in (first, laid))
    one, other = one - one.mean(), other - other.mean()
    size = float(np.linalg.norm(one) * np.linalg.norm(other))
    return 1 - float(one @ other) / size if size > 0 else 0.0


def still_stretches(comparisons: Sequence[Comparison], passages: Sequence[Passage]) -> tuple[Passage, ...]:
    """Where a face was the same picture for at least ``LEAST_S``, up to where it comes and goes if nothing gainsays.

    Args:
        comparisons: of one face, in order of time.
        passages: stretches in which it is in sight.

    Returns:
        Start and end of each stretch in seconds, rising, apart.
    """
    stretches: list[Passage] = []
    for start, end, differs in comparisons:
        if differs >= STILL_BELOW:
            continue
        if stretches and start <= stretches[-1][1]:
            stretches[-1] = (stretches[-1][0], end)
        else:
            stretches.append((start, end))
    lively = [(start, end) for start, end, differs in comparisons if differs >= STILL_BELOW]
    long_enough = [stretch for stretch in stretches if stretch[1] - stretch[0] >= LEAST_S]
    return tuple(_to_the_edges(stretch, passages, lively) for stretch in long_enough)


def _to_the_edges(stretch: Passage, passages: Sequence[Passage], lively: Sequence[Passage]) -> Passage:
    start, end = stretch
    for first, last in passages:
        if first <= start <= last and not any(first <= moved[0] < start for moved in lively):
            start = first
        if first <= end <= last and not any(end < moved[1] <= last for moved in lively):
            end = last
    return start, end


def inside(times: np.ndarray, stretches: Sequence[Passage]) -> np.ndarray:
    """Which times, in seconds, shape (n,), lie in one of the stretches: bool, shape (n,)."""
    within = np.zeros(len(times), dtype=bool)
    for start, end in stretches:
        within |= (times >= start) & (times <= end)
    return within
