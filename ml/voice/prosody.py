"""Pitch, voice quality and loudness of every frame: what the paper's three feature families only imply.

The frames are those of ``ml.voice.features`` (10 ms apart, the same centres), looked at through a window of 40 ms,
since the period of a low voice fills most of a 25 ms frame. Everything comes from one power spectrum up to 5.5 kHz: the
inverse transform of what lies below 3.5 kHz is the autocorrelation that the pitch is read from, that of the logarithm
the cepstrum, and that of the whole, pre-emphasised, gives the linear prediction whose peaks are the formants.

Frequencies are in octaves (base 2), levels in decibels unless said; all but ``loudness`` do not depend on the gain.
Columns are named in ``COLUMNS``.
"""

from functools import cache

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from scipy.fft import irfft, rfft

from ml.voice.framing import FRAME_SAMPLES, HOP_SAMPLES, SAMPLE_RATE, frame_count

WINDOW_SAMPLES = 640
"""40 ms."""
N_FFT = 1024
BIN_HZ = SAMPLE_RATE / N_FFT
BINS = 353
"""Bins kept, up to 5.5 kHz, where the first five formants lie."""
LOW_BINS = N_FFT // 4 + 1
"""Bins up to 4 kHz, for pitch and cepstrum: as if the sound were sampled at ``RATE``."""
RATE = SAMPLE_RATE // 2
FIRST_BIN = 3
"""What lies below (47 Hz) is no voice."""
PITCH_HZ = (60.0, 600.0)
VOICED_FROM = 0.45
"""Normalised autocorrelation at the pitch period from which a frame counts as voiced."""
PREDICTION_ORDER = 11
"""Two poles for each of five formants and one for the source."""

_MARGIN = (WINDOW_SAMPLES - FRAME_SAMPLES) // 2
"""Samples before and after a frame that its window takes in."""
_REFERENCE_FRAMES = 25
"""Frames to each side whose pitch decides between octaves."""
CONTEXT_FRAMES = _REFERENCE_FRAMES + 5
"""Frames to each side that one frame's values depend on."""
_OCTAVE_COST = 0.02
"""Each octave downwards must be this much clearer: a period of two periods is one as well."""
_LEAP_COST = 0.25
"""Each octave away from the pitch around it must be this much clearer."""
_SURE = 0.6
_QUIET = 1e-4
"""Added to a frame's power (speech at the reference level has about 1): silence is unvoiced."""
_FLOOR = np.float32(1e-7)
_DECIBEL = np.float32(10 / np.log(10))
_BLOCK = 256
"""Frames whose spectra are looked at together."""

COLUMNS = (
    "pitch",  # logarithm of the fundamental frequency in Hz
    "voicing",  # normalised autocorrelation at its period, 0-1
    "jitter",  # distance of the pitch from the mean of both neighbours'
    "shimmer",  # the same of the loudness
    "harmonicity",  # harmonics-to-noise ratio
    "first_harmonics",  # level of the first harmonic above the second
    "tilt",  # level of the first harmonic above the strongest from 2 to 3.5 kHz
    "cepstral_peak",  # prominence of the cepstrum's peak
    "alpha_ratio",  # power of 50-1000 Hz above that of 1-5 kHz
    "hammarberg",  # strongest of 0-2 kHz above strongest of 2-5 kHz
    "slope_low",  # of the spectrum from 50 to 500 Hz, per kHz
    "slope_high",  # from 500 to 1500 Hz
    "loudness",  # natural logarithm of the power
    "formant_1",
    "formant_2",
    "formant_3",
    "centroid",
    "spread",  # deviation about the centroid
    "roll_off_25",  # frequency with a quarter of the power below
    "roll_off_85",
    "entropy",  # of the spectrum's amplitudes, natural
    "low_share",  # power of 50-400 Hz relative to all
    "flux",  # distance of the amplitudes, their sum set to 1, from the frame's before
    "glide",  # change of the smoothed pitch over 40 ms
    "voiced",  # 0 or 1
)
N_COLUMNS = len(COLUMNS)
VOICED = COLUMNS.index("voiced")

WHEN_VOICED = tuple(range(COLUMNS.index("formant_3") + 1))
WHEN_VOICED = tuple(column for column in WHEN_VOICED if COLUMNS[column] != "voicing")
"""Columns whose contours are taken over the voiced frames alone: elsewhere they mean nothing or something else."""
ALWAYS = tuple(
    COLUMNS.index(name)
    for name in (
        *("loudness", "voicing", "centroid", "roll_off_25", "roll_off_85", "flux", "alpha_ratio", "hammarberg"),
        *("entropy", "cepstral_peak", "spread", "low_share", "glide", "voiced"),
    )
)
"""Columns whose contours are taken over all frames. Those of ``voiced`` tell the rhythm: its mean is the voiced share,
its mean step how often the voice sets in."""
N_FEATURES = len(WHEN_VOICED) + len(ALWAYS)


def extract(samples: np.ndarray) -> np.ndarray:
    """The columns of every frame of a stretch of speech near the reference level.

    Args:
        samples: 16 kHz mono float32, shape (n,).

    Returns:
        float32, shape (frame_count(n), N_COLUMNS).
    """
    return extract_range(samples, 0, frame_count(len(samples)))


def extract_range(samples: np.ndarray, first: int, last: int, gain: float = 1.0) -> np.ndarray:
    """The columns of frames ``first`` to ``last`` (exclusive) of a long recording.

    Equal to ``extract(gain * samples)[first:last]`` up to rounding, without looking at the rest of the recording.

    Returns:
        float32, shape (last - first, N_COLUMNS).
    """
    start, stop = max(0, first - CONTEXT_FRAMES), min(frame_count(len(samples)), last + CONTEXT_FRAMES)
    begin, end = start * HOP_SAMPLES - _MARGIN, (stop - 1) * HOP_SAMPLES + FRAME_SAMPLES + _MARGIN
    section = np.asarray(samples[max(0, begin) : end], dtype=np.float32) * np.float32(gain)
    section = np.pad(section, (max(0, -begin), max(0, end - max(begin, 0) - len(section))))[: end - begin]
    return _columns(sliding_window_view(section, WINDOW_SAMPLES)[::HOP_SAMPLES])[first - start : last - start]


def power_spectrum(windows: np.ndarray) -> np.ndarray:
    """|FFT|^2 of Hann windows up to 5.5 kHz, nothing below 47 Hz.

    Args:
        windows: shape (T, WINDOW_SAMPLES).

    Returns:
        float32, shape (T, BINS).
    """
    spectrum = rfft(windows * _hann(), N_FFT, axis=1)[:, :BINS]
    power = spectrum.real**2
    power += spectrum.imag**2
    power[:, :FIRST_BIN] = 0
    return power


def _columns(windows: np.ndarray) -> np.ndarray:
    """All columns of successive frames. What needs the neighbours comes after what does not, which is done in small
    blocks: they stay in the processor's cache."""
    blocks = [_alone(power_spectrum(windows[at : at + _BLOCK])) for at in range(0, len(windows), _BLOCK)]
    by_name = {name: np.concatenate([block[name] for block in blocks]) for name in blocks[0]}
    loudness = by_name["loudness"]
    pitch, voicing = track(by_name.pop("autocorrelation"), np.exp(loudness / 2))
    voiced = voicing > VOICED_FROM
    neighbours = np.pad(voiced.astype(int), 1)
    voiced &= neighbours[:-2] + neighbours[2:] > 0  # no frame on its own
    amplitudes = by_name.pop("amplitudes")
    steps = np.sqrt(np.sum(np.diff(amplitudes, axis=0) ** 2, axis=1))
    by_name |= {
        "pitch": pitch,
        "voicing": voicing,
        "voiced": voiced,
        "jitter": _unsteadiness(pitch, voiced),
        "shimmer": _unsteadiness(loudness, voiced),
        "harmonicity": 10 * np.log10(np.maximum(voicing, 0.01) / (1 - voicing)),
        "glide": _glide(pitch, voiced),
        "flux": np.append(steps[:1] if len(steps) else np.zeros(1), steps),
        **_harmonics(by_name.pop("decibel"), pitch, by_name.pop("high_peak")),
    }
    columns = np.empty((len(windows), N_COLUMNS), dtype=np.float32)
    for place, name in enumerate(COLUMNS):
        columns[:, place] = by_name[name]
    return columns


def _alone(power: np.ndarray) -> dict[str, np.ndarray]:
    """What each frame tells without its neighbours: finished columns and what others are made of."""
    logarithm = np.log(power + _FLOOR)
    total = power.sum(axis=1) + np.float32(1e-9)
    names = ("formant_1", "formant_2", "formant_3")
    return {
        "loudness": np.log(total),
        "autocorrelation": autocorrelation(power),
        "cepstral_peak": _DECIBEL * cepstral_peak(logarithm),
        **dict(zip(names, formants(power), strict=True)),
        **_tilts(power, _DECIBEL * logarithm),
        **_shape(power, total),
    }


# pitch


def autocorrelation(power: np.ndarray) -> np.ndarray:
    """Of every frame, normalised: divided by its value at lag 0 and by the window's own (Boersma 1993).

    Args:
        power: as of ``power_spectrum``, shape (T, BINS).

    Returns:
        float32, shape (T, longest period searched + 2), lags at ``RATE``.
    """
    longest = _lags()[0][-1] + 2
    alike = irfft(power[:, :LOW_BINS] * _taper(), 2 * (LOW_BINS - 1), axis=1)[:, :longest]
    return alike / ((alike[:, :1] + np.float32(_QUIET)) * _window_autocorrelation()[:longest])


def track(alike: np.ndarray, amplitude: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Pitch by the normalised autocorrelation.

    Of its peaks that one is taken which is clearest after small costs for low octaves and for leaps away from the pitch
    a quarter of a second to each side.

    Args:
        alike: of ``autocorrelation``, shape (T, lags).
        amplitude: of every frame, shape (T,); louder frames have more of a say in the pitch around.

    Returns:
        (logarithm to base 2 of the fundamental frequency in Hz, autocorrelation there in 0-1), shapes (T,); where
        there is no peak at all the second is 0.
    """
    lags, octaves = _lags()
    before, middle, after = (alike[:, lags[0] + step : lags[-1] + 1 + step] for step in (-1, 0, 1))
    peak = (middle >= before) & (middle > after)
    # The top of the parabola through a peak and its neighbours: a period is rarely a whole number of samples.
    curve = np.minimum(before - 2 * middle + after, np.float32(-1e-6))
    height = middle - (before - after) ** 2 / (8 * curve)
    clear = np.where(peak, height + np.float32(_OCTAVE_COST) * octaves, np.float32(-1))
    rows = np.arange(len(alike))
    first = clear.argmax(axis=1)
    sure = amplitude.astype(np.float64) * (peak[rows, first] & (middle[rows, first] > _SURE))
    clear -= np.float32(_LEAP_COST) * np.abs(octaves - _around(octaves[first], sure)[:, None])
    best = np.where(peak, clear, np.float32(-9)).argmax(axis=1)
    shift = (before - after)[rows, best] / (2 * curve[rows, best].astype(np.float64))
    voicing = np.where(peak[rows, best], height[rows, best], 0)
    return np.log2(RATE / (lags[best] + np.clip(shift, -0.5, 0.5))), np.clip(voicing, 0, 0.999)


def _around(octaves: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Weighted mean over ``_REFERENCE_FRAMES`` to each side; a frame's own value where nothing weighs anything."""
    size = 2 * _REFERENCE_FRAMES + 1
    padded = np.pad(np.stack([weights * octaves, weights]), ((0, 0), (_REFERENCE_FRAMES, _REFERENCE_FRAMES)))
    total, weight = sliding_window_view(padded, size, axis=1).sum(axis=2)
    return np.where(weight > 0, total / np.where(weight > 0, weight, 1), octaves).astype(np.float32)


def _unsteadiness(values: np.ndarray, voiced: np.ndarray) -> np.ndarray:
    """Distance of a frame's value from the mean of its neighbours', 0 where one of the three is not voiced."""
    distances = np.zeros(len(values))
    inside = voiced[:-2] & voiced[1:-1] & voiced[2:]
    distances[1:-1] = np.where(inside, np.abs(values[1:-1] - (values[:-2] + values[2:]) / 2), 0)
    return distances


def _glide(pitch: np.ndarray, voiced: np.ndarray) -> np.ndarray:
    """Change over 40 ms of the mean pitch of the voiced among five frames, 0 where there are none."""
    padded = np.pad(np.stack([pitch * voiced, voiced]), ((0, 0), (4, 4)))
    total, count = sliding_window_view(padded, 5, axis=1).sum(axis=2)
    smooth = np.where(count > 0, total / np.maximum(count, 1), np.nan)
    change = smooth[4:] - smooth[:-4]
    return np.where(np.isnan(change) | ~voiced, 0, change)


# voice quality


def cepstral_peak(logarithm: np.ndarray) -> np.ndarray:
    """Height of the cepstrum's peak in the range of pitch periods above the cepstrum's regression line there."""
    cepstrum = irfft(logarithm[:, :LOW_BINS], 2 * (LOW_BINS - 1), axis=1)
    searched = cepstrum[:, int(RATE / PITCH_HZ[1]) : int(RATE / PITCH_HZ[0])]
    time = np.arange(searched.shape[1], dtype=np.float32)
    time -= time.mean()
    peak = searched.argmax(axis=1)
    rise = searched @ time / np.sum(time**2)
    line: np.ndarray = searched.mean(axis=1) + rise * time[peak]
    return searched[np.arange(len(peak)), peak] - line


def formants(power: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Logarithms to base 2 of the first three formants' frequencies in Hz, each of shape (T,).

    They are the lowest peaks of the linear prediction's spectrum in the ranges where formants lie; where there is no
    peak, the middle of the range stands.
    """
    lags_of, spectrum_of, frequency = _prediction_bases()
    polynomial = linear_prediction(power @ lags_of).astype(np.float32)
    inverse = np.square(polynomial @ spectrum_of[0]) + np.square(polynomial @ spectrum_of[1])
    peak = np.zeros(inverse.shape, dtype=bool)
    peak[:, 1:-1] = (inverse[:, 1:-1] <= inverse[:, :-2]) & (inverse[:, 1:-1] < inverse[:, 2:])
    above, logarithms = np.zeros(len(power)), []
    for low, high in ((200, 1100), (700, 3000), (1500, 4200)):
        inside = slice(*np.searchsorted(frequency, (low, high)))
        candidates = peak[:, inside] & (frequency[inside] > above[:, None] + 150)
        lowest = candidates.argmax(axis=1)
        has_peak = candidates[np.arange(len(lowest)), lowest]
        above = np.where(has_peak, frequency[inside][lowest], np.maximum((low + high) / 2, above + 200))
        logarithms.append(np.log2(above))
    return logarithms[0], logarithms[1], logarithms[2]


def linear_prediction(autocorrelation: np.ndarray) -> np.ndarray:
    """Levinson-Durbin recursion of all frames at once.

    Args:
        autocorrelation: lags 0 to the order, shape (T, order + 1).

    Returns:
        Coefficients 1, a_1 .. a_order of the prediction error filter, float64, shape (T, order + 1).
    """
    lags = autocorrelation.T.astype(np.float64)
    coefficients = np.zeros_like(lags)
    coefficients[0] = 1
    error = lags[0] * (1 + 1e-6) + 1e-12
    for order in range(1, len(lags)):
        # Of an exact autocorrelation it never leaves -1 to 1; the rounding of a nearly pure tone's may drive it out.
        reflection = np.clip(-np.sum(coefficients[:order] * lags[order:0:-1], axis=0) / error, -1, 1)
        coefficients[1 : order + 1] += reflection * coefficients[order - 1 :: -1][:order]
        error = error * np.maximum(1 - reflection**2, 1e-6)
    return coefficients.T


def _tilts(power: np.ndarray, decibel: np.ndarray) -> dict[str, np.ndarray]:
    """How the level falls with frequency; and what ``_harmonics`` needs."""

    def slope(low: float, high: float) -> np.ndarray:
        inside = _band(low, high)
        frequency = np.arange(inside.start, inside.stop, dtype=np.float32) * np.float32(BIN_HZ / 1000)
        frequency -= frequency.mean()
        per_khz: np.ndarray = decibel[:, inside] @ frequency / np.sum(frequency**2)
        return per_khz

    low, high = power[:, _band(50, 1000)].sum(axis=1), power[:, _band(1000, 5000)].sum(axis=1)
    return {
        "alpha_ratio": 10 * np.log10((low + _FLOOR) / (high + _FLOOR)),
        "hammarberg": decibel[:, _band(0, 2000)].max(axis=1) - decibel[:, _band(2000, 5000)].max(axis=1),
        "slope_low": slope(50, 500),
        "slope_high": slope(500, 1500),
        "high_peak": decibel[:, _band(2000, 3500)].max(axis=1),
        "decibel": decibel[:, _band(0, 2.5 * PITCH_HZ[1])],
    }


def _harmonics(decibel: np.ndarray, pitch: np.ndarray, high_peak: np.ndarray) -> dict[str, np.ndarray]:
    """Levels of the first two harmonics against each other and against the upper spectrum."""
    rows = np.arange(len(pitch))
    fundamental = 2**pitch / BIN_HZ

    def harmonic(number: int) -> np.ndarray:
        centre = np.clip(np.round(number * fundamental).astype(int), 1, decibel.shape[1] - 2)
        return np.maximum(np.maximum(decibel[rows, centre - 1], decibel[rows, centre]), decibel[rows, centre + 1])

    first = harmonic(1)
    return {"first_harmonics": first - harmonic(2), "tilt": first - high_peak}


def _shape(power: np.ndarray, total: np.ndarray) -> dict[str, np.ndarray]:
    """Where the spectrum lies; and its amplitudes, their sum set to 1."""
    frequency = (np.arange(BINS) * BIN_HZ).astype(np.float32)
    amplitudes = np.sqrt(power)
    amplitudes /= amplitudes.sum(axis=1, keepdims=True) + np.float32(1e-6)
    centroid = amplitudes @ frequency
    variance = amplitudes @ frequency**2 - centroid**2
    cumulated = np.cumsum(power, axis=1)

    def roll_off(share: float) -> np.ndarray:
        below = np.count_nonzero(cumulated < (np.float32(share) * total)[:, None], axis=1)
        return np.log2(below * BIN_HZ + 50)

    return {
        "centroid": np.log2(centroid + 50),
        "spread": np.log2(np.sqrt(np.maximum(variance, 1)) + 50),
        "roll_off_25": roll_off(0.25),
        "roll_off_85": roll_off(0.85),
        "entropy": -np.einsum("tf,tf->t", amplitudes, np.log(amplitudes + np.float32(1e-9))),
        "low_share": 10 * np.log10((power[:, _band(50, 400)].sum(axis=1) + _FLOOR) / total),
        "amplitudes": amplitudes,
    }


def _band(low: float, high: float) -> slice:
    """Bins between two frequencies in Hz."""
    return slice(round(low / BIN_HZ), round(high / BIN_HZ))


@cache
def _hann() -> np.ndarray:
    """Hann window over ``WINDOW_SAMPLES``, float32."""
    phase = 2 * np.pi * (np.arange(WINDOW_SAMPLES) + 0.5) / WINDOW_SAMPLES
    return (0.5 - 0.5 * np.cos(phase)).astype(np.float32)


@cache
def _window_autocorrelation() -> np.ndarray:
    """Autocorrelation of the window over lags at ``RATE``, 1 at lag 0."""
    autocorrelation = irfft(np.abs(rfft(_hann(), N_FFT))[:LOW_BINS] ** 2, 2 * (LOW_BINS - 1))
    return (autocorrelation / autocorrelation[0]).astype(np.float32)


@cache
def _prediction_bases() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """For the linear prediction, as products with few columns, which cost less than transforms.

    Returns:
        (from a power spectrum to the autocorrelation of the pre-emphasised frame at 11 kHz, shape (BINS, order + 1);
        from a polynomial to the real and the imaginary part of its spectrum, shape (2, order + 1, 129); the frequencies
        of that spectrum in Hz, shape (129,)).
    """
    bins, lags = np.arange(BINS)[:, None], np.arange(PREDICTION_ORDER + 1)
    lifted = 1 + 0.97**2 - 2 * 0.97 * np.cos(2 * np.pi * bins / N_FFT)
    ends = np.where((bins == 0) | (bins == BINS - 1), 1, 2)  # the others stand for their mirror image as well
    autocorrelation_of = ends * lifted * np.cos(np.pi * bins * lags / (BINS - 1)) / (2 * (BINS - 1))
    angle = np.pi * lags[:, None] * np.arange(129) / 128
    spectrum_of = np.stack([np.cos(angle), np.sin(angle)])
    frequency = np.linspace(0, (BINS - 1) * BIN_HZ, 129)
    return autocorrelation_of.astype(np.float32), spectrum_of.astype(np.float32), frequency


@cache
def _taper() -> np.ndarray:
    """Weights of the bins that the autocorrelation is taken of: 1 up to 2 kHz, 0 from 3.5 kHz.

    Without what lies above, its peaks are wide enough to be told from ``RATE`` samples a second.
    """
    place = np.clip((np.arange(LOW_BINS) * BIN_HZ - 2_000) / 1_500, 0, 1)
    return (0.5 + 0.5 * np.cos(np.pi * place)).astype(np.float32)


@cache
def _lags() -> tuple[np.ndarray, np.ndarray]:
    """Periods searched, in samples at ``RATE``, and the octave (base 2 of the frequency in Hz) of each, float32."""
    lags = np.arange(int(RATE / PITCH_HZ[1]) - 1, int(np.ceil(RATE / PITCH_HZ[0])) + 2)
    return lags, np.log2(RATE / lags).astype(np.float32)
