"""Images of a CompreFace dump made with pg_dump."""

from pathlib import Path

import pytest

from openfrs.core.errors import OperatorError
from openfrs.core.settings import Settings
from openfrs.faces.external_ids import external_id_of
from openfrs.faces.imports.report import Line, Outcome
from openfrs.operations.transfer.compreface import compreface_items
from openfrs.operations.transfer.images import Importing, import_images
from tests.support.data_directories import colour, enrolled, new_data
from tests.support.fake_models import load, photo

PEOPLE = {"s1": ("k1", "Anna\\tB\\\\C"), "s2": ("k1", "bert"), "s3": ("k2", "carl")}
IMAGES = {"i1": photo(colour(1)), "i2": photo(colour(2)), "i3": photo(colour(3))}
ANNA = "Anna_B_C-" + external_id_of("Anna\tB\\C")[-10:]
OWNERS = {"e1": ("s1", "i1"), "e2": ("s2", "i2"), "e3": ("s3", "i3"), "e4": ("s3", r"\N")}


def dump(path: Path, images: dict[str, bytes] = IMAGES, people: dict[str, tuple[str, str]] = PEOPLE) -> Path:
    """A plain dump: comments, other statements, and the three tables in the order of their names."""
    lines = ["--", "-- PostgreSQL database dump", "--", "", "SET client_encoding = 'UTF8';", ""]
    lines += ["COPY public.embedding (id, subject_id, embedding, calculator, img_id) FROM stdin;"]
    lines += [f"{key}\t{subject}\t{{0.1,-2e-05}}\tarcface\t{image}" for key, (subject, image) in OWNERS.items()]
    lines += ["\\.", "", "", "COPY public.img (id, content) FROM stdin;"]
    lines += [f"{key}\t\\\\x{content.hex()}" for key, content in images.items()]
    lines += ["\\.", "", "", "COPY public.subject (id, api_key, subject_name) FROM stdin;"]
    lines += [f"{key}\t{service}\t{name}" for key, (service, name) in people.items()]
    path.write_text("\n".join([*lines, "\\.", ""]), "utf-8")
    return path


def test_stored_images_are_enrolled_under_their_subjects(tmp_path: Path) -> None:
    data, lines = new_data(tmp_path / "data", "s"), list[Line]()
    items = compreface_items(dump(tmp_path / "frs.sql"), "k1")
    import_images(Settings(data=data), items, Importing("s"), lines.append, load_pipeline=load)
    assert {line.file: (line.outcome, line.external_image_id) for line in lines} == {
        "i1": (Outcome.ADDED, ANNA),
        "i2": (Outcome.ADDED, "bert"),
    }
    assert sorted(image for _, _, image, _ in enrolled(data)) == [ANNA, "bert"]


def test_each_service_has_its_own_faces(tmp_path: Path) -> None:
    path = dump(tmp_path / "frs.sql")
    assert [item.read() for item in compreface_items(path, "k2")] == [IMAGES["i3"]]
    with pytest.raises(OperatorError, match="2 services; select one"):
        list(compreface_items(path, None))
    with pytest.raises(OperatorError, match="no images of these subjects"):
        list(compreface_items(path, "k3"))


def test_invalid_dumps_are_rejected(tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match="no subjects"):
        list(compreface_items(dump(tmp_path / "a.sql", people={}), None))
    (tmp_path / "custom").write_bytes(b"PGDMP\1\2")
    with pytest.raises(OperatorError, match="pg_restore"):
        list(compreface_items(tmp_path / "custom", None))
    with pytest.raises(OperatorError, match="cannot read"):
        list(compreface_items(tmp_path / "none", None))
