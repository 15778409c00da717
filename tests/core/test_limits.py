"""The documented limits."""

from typing import Any

import pytest

from openfrs.core import limits
from openfrs.core.settings import Settings


@pytest.mark.parametrize(
    ("name", "documented"),
    [
        ("MAX_BODY_BYTES", 12 * 2**20),
        ("MAX_IMAGE_BYTES", 8 * 2**20),
        ("MAX_IMAGE_SIDE", 4096),
        ("MAX_FACE_SET_NAME_LENGTH", 64),
        ("FACE_SETS_PER_PROJECT", 10),
        ("FACE_SET_CAPACITY", 100_000),
        ("FACE_SET_CAPACITY_STEP", 10_000),
        ("PUBLIC_ID_LENGTH", 8),
        ("MAX_CUSTOM_FIELDS", 10),
        ("MAX_CUSTOM_FIELD_NAME_LENGTH", 36),
        ("MAX_CUSTOM_FIELD_STRING_LENGTH", 256),
        ("MAX_EXTERNAL_IMAGE_ID_LENGTH", 36),
        ("RECOMMENDED_FACE_SIZE", 80),
        ("RECOMMENDED_QUALITY", 0.45),
        ("RECOMMENDED_FLAW", 0.3),
        ("DEFAULT_LIST_LIMIT", 5),
        ("MAX_LIST_WINDOW", 10_000),
        ("DEFAULT_TOP_N", 10),
        ("MAX_TOP_N", 1000),
        ("DEFAULT_TOKEN_HOURS", 24),
        ("SIGNATURE_WINDOW_MINUTES", 15),
    ],
)
def test_a_limit_has_its_documented_value(name: str, documented: Any) -> None:
    assert getattr(limits, name) == documented


def test_defaults_of_limits_in_the_settings_are_as_documented(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("OPENFRS_CONFIG", "OPENFRS_MAX_FACE_SETS", "OPENFRS_MAX_FACE_SET_CAPACITY", "OPENFRS_TOKEN_HOURS"):
        monkeypatch.delenv(variable, raising=False)
    settings = Settings()
    assert (settings.max_face_sets, settings.max_face_set_capacity, settings.token_hours) == (10, 100_000, 24)
