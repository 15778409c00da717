"""Spectrum of noise, of gratings, and at the edges of images."""

import cv2
import numpy as np
import pytest

from openfrs.vision.liveness.spectrum import BANDS, spectrum
from openfrs.vision.types import Detection, Image

SHARES, PEAKS = slice(0, None, 2), slice(1, None, 2)


def skin(side: int = 200) -> Image:
    """Return soft noise like that of skin in a photograph."""
    noise = np.random.default_rng(1).normal(128, 30, (side, side, 1))
    return np.asarray(np.repeat(cv2.GaussianBlur(noise, (0, 0), 1)[..., None], 3, 2), np.uint8)


def face(left: float, top: float, side: float) -> Detection:
    return Detection(left, top, side, side, np.zeros((5, 2), np.float32), 1.0)


FACE = face(20, 20, 160)


def test_a_pattern_raises_the_peak_of_its_band() -> None:
    plain = spectrum(skin(), FACE)
    for band, (low, high) in enumerate(BANDS):
        wave = 12 * np.sin(2 * np.pi * (low + high) / 2 * np.arange(200))
        with_pattern = np.clip(skin() + wave[:, None], 0, 255).astype(np.uint8)
        growth = spectrum(with_pattern, FACE)[PEAKS] - plain[PEAKS]
        assert growth.argmax() == band
        assert growth[band] > 0.4


def test_defocus_lowers_the_upper_bands() -> None:
    soft = np.asarray(cv2.GaussianBlur(skin(), (0, 0), 1.5), np.uint8)
    assert (spectrum(soft, FACE)[SHARES][2:] < spectrum(skin(), FACE)[SHARES][2:] - 0.5).all()


def test_a_large_face_is_reduced() -> None:
    image = skin(400)
    large = np.asarray(cv2.resize(image, (1600, 1600), interpolation=cv2.INTER_LINEAR), np.uint8)
    expected = spectrum(image, face(100, 100, 213))
    assert spectrum(large, face(400, 400, 853)) == pytest.approx(expected, abs=0.5)
    assert spectrum(large, face(693, 693, 213)) != pytest.approx(expected, abs=1)


@pytest.mark.parametrize(
    "where", [face(-50, -50, 100), face(180, 190, 300), face(500, 500, 10), face(100, 100, 0.1), face(-99, -99, 900)]
)
def test_the_spectrum_is_finite_at_and_beyond_the_edge(where: Detection) -> None:
    assert np.isfinite(spectrum(skin(), where)).all()
    assert np.isfinite(spectrum(np.zeros((200, 200, 3), np.uint8), where)).all()
