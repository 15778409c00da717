"""An archive restores a face set bit by bit, or nothing."""

import contextlib
import sqlite3
from datetime import UTC
from itertools import count
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("pyarrow", reason="archives need the extra openfrs[archive]")

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from openfrs.core.errors import OperatorError
from openfrs.core.geometry import BoundingBox
from openfrs.core.limits import MAX_CROP_BYTES
from openfrs.faces.fields import ALPHABET
from openfrs.media.decoding.header import JPEG_SIGNATURE
from openfrs.operations.transfer.archive import table
from openfrs.operations.transfer.archive.container import new_archive
from openfrs.operations.transfer.archive.keys import ArchiveKeys, public_key
from openfrs.operations.transfer.archive.table import Description, write_table
from openfrs.operations.transfer.backup import back_up, restore
from tests.support.archive_sets import (
    DIMENSION,
    MOMENT,
    dump,
    exported,
    imported,
    rows,
    stored,
    template_of,
    write_set,
)
from tests.support.data_directories import new_data
from tests.support.fuzzing import fuzz

FIELDS = {
    "text": {"type": "string"},
    "number": {"type": "integer"},
    "big": {"type": "long"},
    "share": {"type": "double"},
    "single": {"type": "float"},
    "yes": {"type": "boolean"},
    "bare": {},
}
KEY = b"k" * 32


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return new_data(tmp_path_factory.mktemp("first") / "data")


@pytest.fixture(scope="module")
def other_data(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Another data directory, which trusts the first."""
    other = new_data(tmp_path_factory.mktemp("other") / "data")
    ArchiveKeys(other).trust(public_key(ArchiveKeys(data).signing_key()), "first")
    return other


_words = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=256)
_doubles = st.floats(allow_nan=False, allow_infinity=False)
_values = st.fixed_dictionaries(
    {},
    optional={
        "text": _words,
        "number": st.integers(-(2**31), 2**31 - 1),
        "big": st.integers(-(2**63), 2**63 - 1),
        "share": _doubles,
        "single": _doubles,
        "yes": st.booleans(),
        "bare": _words,
    },
)
_sides = st.integers(0, 2**31 - 1)
_faces = st.lists(
    st.builds(
        lambda seed, **values: stored(0, template=template_of(seed), **values),
        st.integers(0, 2**32),
        face_id=st.text(ALPHABET, min_size=8, max_size=8),
        external_image_id=st.text(f"{ALPHABET}_-", min_size=1, max_size=36),
        box=st.builds(BoundingBox, _sides, _sides, _sides, _sides),
        fields=_values,
        created_at=st.datetimes(timezones=st.just(UTC)),
        crop=st.none() | st.binary(max_size=100).map(lambda data: JPEG_SIGNATURE + data),
    ),
    unique_by=lambda face: face.face_id,
    max_size=30,
)
_numbers = count()


@fuzz(10)
@given(faces=_faces, passphrase=st.sampled_from([None, None, "Pässe"]))
def test_every_bit_of_a_face_set_is_preserved(
    faces: list[Any], passphrase: str | None, data: Path, other_data: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    name, file = f"set{next(_numbers)}", tmp_path_factory.mktemp("archive") / "a.frs"
    policy = {"min_face_size": 80}
    write_set(
        data, name, faces, FIELDS, policy=policy, retention={"days": 30}, legal_hold="case 7", alignment=2, crops=True
    )
    assert exported(data, name, file, passphrase) == len(faces)
    description = imported(other_data, file, passphrase=passphrase)
    assert (description.name, description.faces) == (name, len(faces))
    before, after = rows(data, name), rows(other_data, name)
    assert before == after
    assert len(after[1]) == len(faces)


def test_a_set_without_crops_has_none_in_its_archive(data: Path, tmp_path: Path, other_data: Path) -> None:
    write_set(data, "bare", [stored(1)])
    exported(data, "bare", tmp_path / "a.frs")
    assert not imported(other_data, tmp_path / "a.frs").crops


@pytest.mark.parametrize("crop", [b"GIF89a", b"<svg>", JPEG_SIGNATURE + bytes(MAX_CROP_BYTES)])
def test_a_crop_that_is_not_a_small_jpeg_is_rejected(data: Path, other_data: Path, tmp_path: Path, crop: bytes) -> None:
    name = f"crop{next(_numbers)}"
    write_set(data, name, [stored(1, crop=crop)], crops=True)
    exported(data, name, tmp_path / "a.frs")
    with pytest.raises(OperatorError, match="invalid face"):
        imported(other_data, tmp_path / "a.frs")


def test_many_batches_keep_their_order(
    data: Path, other_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(table, "_ROWS_IN_GROUP", 1500)
    write_set(data, "many", [stored(number) for number in range(4_005)])
    exported(data, "many", tmp_path / "a.frs")
    imported(other_data, tmp_path / "a.frs", "many too")
    assert rows(data, "many")[1] == rows(other_data, "many too")[1]
    assert [row[0] for row in rows(other_data, "many too")[1]] == [f"{number:08d}" for number in range(4_005)]


def test_a_copy_beside_the_original_has_another_public_id(data: Path, tmp_path: Path) -> None:
    write_set(data, "original", [stored(1)])
    exported(data, "original", tmp_path / "a.frs")
    with pytest.raises(
        OperatorError, match="face set original already exists; import the archive under another name with --as"
    ):
        imported(data, tmp_path / "a.frs")
    imported(data, tmp_path / "a.frs", "copy")
    (original, faces), (copy, copied) = rows(data, "original"), rows(data, "copy")
    assert faces == copied
    assert original[0][0] != copy[0][0]
    assert original[0][1:] == copy[0][1:]


def test_templates_are_encrypted_with_the_keys_of_the_importing_server(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("a2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2s=")
    data, other = new_data(tmp_path / "data"), new_data(tmp_path / "other")
    write_set(data, "s", [stored(1)], master_key=KEY)
    exported(data, "s", tmp_path / "a.frs", "pass", master_key_file=tmp_path / "key")
    trusted = public_key(ArchiveKeys(data).signing_key())
    with pytest.raises(OperatorError, match="encrypted"):
        exported(data, "s", tmp_path / "b.frs")
    imported(other, tmp_path / "a.frs", None, "pass", trusted, master_key_file=tmp_path / "key")
    ((*values, sealed),) = rows(other, "s")[1]
    assert values == [*rows(data, "s")[1][0][:-1]]
    assert len(sealed) == 2 * DIMENSION + 28
    assert template_of(1) not in (other / "openfrs.db").read_bytes()


def test_an_untrusted_or_altered_archive_changes_nothing(data: Path, tmp_path: Path) -> None:
    stranger = new_data(tmp_path / "stranger", "s")
    write_set(data, "mine", [stored(1)])
    file = tmp_path / "a.frs"
    exported(data, "mine", file)
    key, before = public_key(ArchiveKeys(data).signing_key()), dump(stranger)
    with pytest.raises(OperatorError, match=r"which is not trusted.*--trust KEY"):
        imported(stranger, file)
    keys = ArchiveKeys(stranger)
    keys.trust(key, "friend")
    keys.distrust(key)
    with pytest.raises(OperatorError, match="not trusted"):
        imported(stranger, file)
    keys.trust(key, "friend")
    content = file.read_bytes()
    for changed in (content[:-100], content[:700] + b"x" + content[701:], b"x" * 5000):
        file.write_bytes(changed)
        with pytest.raises(OperatorError):
            imported(stranger, file)
    assert dump(stranger) == before
    file.write_bytes(content)
    imported(stranger, file)
    assert rows(stranger, "mine")[1] == rows(data, "mine")[1]


def test_another_embedder_or_smaller_limits_reject_an_archive(data: Path, other_data: Path, tmp_path: Path) -> None:
    write_set(data, "large", [stored(1)])
    file = tmp_path / "a.frs"
    exported(data, "large", file)
    before = dump(other_data)
    with pytest.raises(OperatorError, match="come from embedder sface, but this server uses fr_feature"):
        imported(other_data, file, embedder="fr_feature")
    with pytest.raises(OperatorError, match="raise OPENFRS_MAX_FACE_SET_CAPACITY"):
        imported(other_data, file, max_face_set_capacity=10_000)
    with pytest.raises(OperatorError, match="raise OPENFRS_MAX_FACE_SETS"):
        imported(other_data, file, max_face_sets=1)
    with pytest.raises(OperatorError, match="may have all but control characters and '/'"):
        imported(other_data, file, "a/b")
    assert dump(other_data) == before


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"template": bytes(2 * DIMENSION)}, "not a unit vector"),
        ({"template": b"\xff" * 2 * DIMENSION}, "not a unit vector"),
        ({"face_id": "../../.."}, "an invalid face"),
        ({"external_image_id": "a b"}, "an invalid face"),
        ({"fields": {"age": "old"}}, "an invalid face"),
        ({"fields": {"other": 1}}, "an invalid face"),
        ({"face_id": "00000001"}, "two faces with the same id"),
    ],
)
def test_an_invalid_face_is_rejected_despite_a_valid_signature(
    data: Path, tmp_path: Path, changes: dict[str, Any], message: str
) -> None:
    description = Description(
        name="bad",
        public_id="badbadba",
        capacity=10_000,
        fields={"age": {"type": "integer"}},
        created_at=MOMENT,
        policy=None,
        retention=None,
        legal_hold=None,
        embedder="sface",
        dimension=DIMENSION,
        faces=2001,
    )
    faces = [*(stored(number) for number in range(2000)), stored(2000, **changes)]
    with new_archive(tmp_path / "a.frs", ArchiveKeys(data).signing_key(), None) as file:
        write_table(file, description, [faces])
    before = dump(data)
    with pytest.raises(OperatorError, match=message):
        imported(data, tmp_path / "a.frs")
    assert dump(data) == before


def test_signed_bytes_that_are_not_faces_are_rejected(data: Path, tmp_path: Path) -> None:
    with new_archive(tmp_path / "a.frs", ArchiveKeys(data).signing_key(), None) as file:
        file.write(b"PAR1 no parquet PAR1")
    with pytest.raises(OperatorError, match="the schema of this release"):
        imported(data, tmp_path / "a.frs")


def test_invalid_exports_are_rejected(data: Path, tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match="has no face set none"):
        exported(data, "none", tmp_path / "a.frs")
    with pytest.raises(OperatorError, match="not an OpenFRS data directory"):
        exported(tmp_path, "s", tmp_path / "a.frs")
    write_set(data, "homeless", [stored(1)])
    with pytest.raises(OperatorError, match="No such file"):
        exported(data, "homeless", tmp_path / "none" / "a.frs")
    with contextlib.closing(sqlite3.connect(data / "openfrs.db")) as connection:
        connection.execute("update alembic_version set version_num = '0001'")
        connection.commit()
        with pytest.raises(OperatorError, match="schema 0001"):
            exported(data, "homeless", tmp_path / "a.frs")
        connection.execute("update alembic_version set version_num = '0007'")
        connection.commit()


def test_archive_keys_are_stored_and_backed_up(data: Path, tmp_path: Path) -> None:
    keys = ArchiveKeys(data)
    other = public_key(Ed25519PrivateKey.generate())
    keys.trust(other, "other")
    back_up(data, tmp_path / "backup")
    restore(tmp_path / "backup", tmp_path / "restored")
    restored = ArchiveKeys(tmp_path / "restored")
    assert public_key(restored.signing_key()) == public_key(keys.signing_key())
    assert restored.trusted() == {other: "other"}
    keys.distrust(other)
    with pytest.raises(OperatorError, match="the key is not trusted"):
        keys.distrust(other)
    with pytest.raises(OperatorError, match="is not a public key"):
        keys.trust("ed25519:short", "x")
    (data / "archive-keys.json").write_text("[]")
    with pytest.raises(OperatorError, match="is not a file of archive keys"):
        keys.signing_key()
    (data / "archive-keys.json").unlink()
