"""External image ids of names."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openfrs.faces.external_ids import external_id_of
from openfrs.faces.fields import EXTERNAL_IMAGE_ID_FORMAT


@pytest.mark.parametrize(
    ("name", "start"),
    [
        ("张三", "ZhangSan-"),
        ("王小明", "WangXiaoMing-"),
        ("Zoë Müller", "Zoe_Muller-"),
        ("علی رضایی", "ly_rdyy-"),
        ("Ann Marie", "Ann_Marie-"),
        ("../x", "x-"),
        ("a" * 37, "a" * 25 + "-"),
    ],
)
def test_a_name_is_transliterated_and_gets_a_hash(name: str, start: str) -> None:
    image_id = external_id_of(name)
    assert image_id.startswith(start)
    assert len(image_id) == len(start) + 10


@pytest.mark.parametrize("name", ["Ann_Marie", "anna", "-", "a" * 36, "7", external_id_of("张三")])
def test_a_name_that_is_an_id_is_kept(name: str) -> None:
    assert external_id_of(name) == name


def test_ids_do_not_change_between_releases() -> None:
    assert external_id_of("张三") == "ZhangSan-dwcbxqhota"
    assert external_id_of("é") == external_id_of(unicodedata.normalize("NFD", "é"))


@given(st.lists(st.text(), unique_by=lambda name: unicodedata.normalize("NFC", name)))
def test_different_names_have_different_valid_ids(names: list[str]) -> None:
    ids = {external_id_of(name) for name in names}
    assert len(ids) == len(names)
    assert all(EXTERNAL_IMAGE_ID_FORMAT.fullmatch(image_id) for image_id in ids)
