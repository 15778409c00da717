"""Unusual and malicious files from public collections."""

import csv
from pathlib import Path

import numpy as np
import pytest

from openfrs.core.errors import ServiceError
from openfrs.media.decoding.image import EncodedImage
from tests.support.decoding_process import Outcome, decode_in_subprocess

DECODED = "uint8 3 3"


@pytest.fixture(scope="module")
def hard(shared_data: Path) -> Path:
    if not (shared_data / "hard" / "manifest.csv").is_file():
        pytest.skip("the odd and hostile files are not here")
    return shared_data / "hard"


@pytest.fixture(scope="module")
def outcomes(hard: Path) -> dict[str, Outcome]:
    with (hard / "manifest.csv").open() as manifest:
        names = [row["path"] for row in csv.DictReader(manifest)]
    return dict(zip(names, decode_in_subprocess(hard / name for name in names), strict=True))


def test_every_file_is_decoded_or_rejected_with_a_catalogue_error(outcomes: dict[str, Outcome]) -> None:
    results = {outcome.result for outcome in outcomes.values()}
    assert results == {DECODED, "FRS.0013", "FRS.0015", "FRS.0016"}


def test_no_file_uses_more_memory_than_the_largest_image(outcomes: dict[str, Outcome]) -> None:
    assert sum(outcome.megabytes for outcome in outcomes.values()) < 250


@pytest.mark.parametrize(
    ("pattern", "result"),
    [
        ("derived/trunc_*", "FRS.0015"),
        ("derived/bad_crc.png", "FRS.0015"),
        ("derived/bitrot40.jpg", "FRS.0015"),
        ("derived/bomb_*0x*.png", "FRS.0013"),
        ("derived/bomb_header_only_65535.png", "FRS.0013"),
        ("derived/bomb_jpeg_sof_65500.jpg", "FRS.0013"),
        ("derived/face_4097px.jpg", "FRS.0013"),
        ("derived/face_4096px.jpg", DECODED),
        ("derived/face_*bit*.png", DECODED),
        ("derived/face_*.bmp", DECODED),
        ("derived/face_exif*.jpg", DECODED),
        ("derived/jpg_plus_zip_tail.jpg", DECODED),
        ("derived/*_named.*", DECODED),
        ("derived/face.webp", "FRS.0016"),
        ("derived/face.avif", "FRS.0016"),
        ("derived/face.gif", "FRS.0016"),
        ("derived/face.jp2", "FRS.0016"),
        ("derived/face.tif", "FRS.0016"),
        ("heif/**/heif/*.heic", "FRS.0016"),
        ("pillow/Tests/images/truncated_app14.jpg", DECODED),
        ("pillow/Tests/images/photoshop-200dpi-broken.jpg", DECODED),
        ("pillow/Tests/images/truncated_jpeg.jpg", DECODED),  # only the last byte of its end marker is missing
    ],
)
def test_known_files_have_the_expected_result(
    hard: Path, outcomes: dict[str, Outcome], pattern: str, result: str
) -> None:
    files = {str(file.relative_to(hard)) for file in hard.glob(pattern)} & outcomes.keys()
    assert files
    assert {name: outcomes[name].result for name in files} == dict.fromkeys(files, result)


def test_eight_orientations_decode_to_the_same_image(hard: Path) -> None:
    upright, *others = (EncodedImage.from_file(hard / f"derived/face_exif{turn}.jpg").decode() for turn in range(1, 9))
    for other in others:
        assert other.shape == upright.shape
        assert np.abs(other.astype(int) - upright).mean() < 3


def test_all_encodings_decode_to_the_same_image(hard: Path) -> None:
    face = EncodedImage.from_file(hard / "derived/png_named.jpg").decode().astype(int)
    colour = ["24.bmp", "16bit_rgb.png", "rgba.png", "progressive.jpg", "alpha_gradient.png"]
    for name in colour:
        other = EncodedImage.from_file(hard / f"derived/face_{name}").decode()
        assert np.abs(other - face).mean() < 6, name
    gray = EncodedImage.from_file(hard / "derived/face_16bit_gray.png").decode()
    for name in ("la.png", "gray.jpg"):
        other = EncodedImage.from_file(hard / f"derived/face_{name}").decode().astype(int)
        assert np.abs(other - gray).mean() < 6, name


def test_decoding_emits_no_warnings(hard: Path) -> None:
    """Warnings are errors in tests."""
    for name in ("apng/chunk_multi_actl.png", "broken_exif_dpi.jpg", "truncated_exif_dpi.jpg", "no-dpi-in-exif.jpg"):
        file = hard / "pillow/Tests/images" / name
        if file.is_file():
            try:
                EncodedImage.from_file(file).decode()
            except ServiceError as error:
                pytest.fail(f"{name}: {error}")
