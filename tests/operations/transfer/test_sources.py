"""Sources with files that cannot be imported: each is refused with a reason, and the rest is imported."""

import json
import os
import socket
from pathlib import Path

import pytest

from openfrs.core import limits
from openfrs.faces.imports.items import Item, SourceError
from openfrs.operations.transfer.files import MAX_FILE_BYTES
from openfrs.operations.transfer.sources import Naming, Skipped, folder_items
from openfrs.operations.transfer.tables import mapped_items
from tests.support.fake_models import photo


def outcomes(items: list[Item]) -> dict[str, str]:
    """Read all items; return the reason of each that is refused, and an empty one for others."""
    reasons = {}
    for item in items:
        try:
            item.read()
            reasons[item.name] = ""
        except SourceError as error:
            reasons[item.name] = str(error)
        except OSError as error:
            reasons[item.name] = str(error.strerror)
    return reasons


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "images"
    folder.mkdir()
    (folder / "good.png").write_bytes(photo())
    return folder


def test_special_files_and_links_out_of_the_tree_are_refused(folder: Path) -> None:
    os.mkfifo(folder / "fifo.jpg")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(folder / "socket.jpg"))
    (folder / "device.jpg").symlink_to("/dev/zero")
    outside = folder.parent / "outside.png"
    outside.write_bytes(photo())
    (folder / "outside.jpg").symlink_to(outside)
    (folder / "inside.jpg").symlink_to("good.png")
    (folder / "loop.jpg").symlink_to("loop.jpg")
    reasons = outcomes(list(folder_items(folder, Naming.FILE)))
    assert reasons == {
        "good.png": "",
        "inside.jpg": "",
        "fifo.jpg": "not a file but a FIFO",
        "socket.jpg": "not a file but a socket",
        "device.jpg": "the link leaves the folder of the source",
        "outside.jpg": "the link leaves the folder of the source",
        "loop.jpg": "Too many levels of symbolic links",
    }


def test_a_table_may_name_files_elsewhere_but_no_links_to_them_and_no_devices(folder: Path) -> None:
    outside = folder.parent / "outside.png"
    outside.write_bytes(photo())
    (folder / "link.png").symlink_to(outside)
    (folder / "t.csv").write_text(f"file\n{outside}\nlink.png\n/dev/zero\n{folder}\n")
    assert list(outcomes(list(mapped_items(folder / "t.csv"))).values()) == [
        "",
        "the link leaves the folder of the source",
        "not a file but a device",
        "not a file but a folder",
    ]


def test_the_size_is_checked_before_the_file_is_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with (folder / "sparse.jpg").open("wb") as file:
        file.truncate(1024 * limits.MEGABYTE)
    (item,) = (item for item in folder_items(folder, Naming.FILE) if item.name == "sparse.jpg")
    with pytest.raises(SourceError, match=f"{1024 * limits.MEGABYTE} bytes; at most 64 MiB"):
        item.read()
    assert MAX_FILE_BYTES == 64 * limits.MEGABYTE


def test_names_that_are_not_utf8_are_refused_and_printable(folder: Path) -> None:
    (folder / os.fsdecode(b"\xff\xfe.png")).write_bytes(photo())
    (folder / os.fsdecode(b"\xc3")).mkdir()
    (folder / os.fsdecode(b"\xc3") / "1.png").write_bytes(photo())
    reasons = outcomes(list(folder_items(folder, Naming.FOLDER)))
    assert set(reasons) == {"good.png", r"\xff\xfe.png", r"\xc3/1.png"}
    assert "not UTF-8" in reasons[r"\xff\xfe.png"]
    assert all(name.isprintable() for name in reasons)


def test_names_in_a_table_that_no_file_can_have_are_refused(folder: Path) -> None:
    (folder / "t.csv").write_bytes(b"file,external_image_id\ngood.png,anna\n\xff.png,b\nn\0.png,c\n")
    rows = [{"file": "good.png", "external_image_id": "anna"}, {"file": "\ud800.png"}, {"file": "n\0.png"}]
    (folder / "t.jsonl").write_text("\n".join(map(json.dumps, rows)))
    for name, second in (("t.csv", r"\xff.png"), ("t.jsonl", r"\ud800.png")):
        reasons = outcomes(list(mapped_items(folder / name)))
        assert list(reasons) == ["good.png", second, r"n\x00.png"]
        assert reasons["good.png"] == ""
        assert "not UTF-8" in reasons[second]
        assert "NUL" in reasons[r"n\x00.png"]


def test_an_unreadable_folder_is_refused_and_the_rest_is_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "closed").mkdir()
    scandir = os.scandir

    def deny(path: str) -> object:
        if str(path).endswith("closed"):
            raise PermissionError(13, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", deny)
    assert outcomes(list(folder_items(folder, Naming.FILE))) == {"good.png": "", "closed": "Permission denied"}


def test_two_rows_for_one_file_are_a_conflict(folder: Path) -> None:
    (folder / "other.png").write_bytes(photo())
    (folder / "t.csv").write_text(
        f"file,external_image_id\ngood.png,anna\nother.png,carl\n./good.png,bert\n{folder}/good.png,dora\n"
    )
    items = list(mapped_items(folder / "t.csv"))
    reasons = [outcomes([item]).popitem()[1] for item in items]
    assert reasons == [each and "the table lists it more than once, as image 1, 3, 4" for each in ("x", "", "x", "x")]


def test_jpegs_of_all_suffixes_are_read_and_the_rest_is_counted(folder: Path) -> None:
    for name in ("a.jfif", "b.JPE", "c.JPG", ".hidden.jpg", "notes.txt", "b.txt", "clip.mov", "README"):
        (folder / name).write_bytes(photo(suffix=".jpg"))
    for name in ("@eaDir", ".thumbnails"):
        (folder / "anna" / name).mkdir(parents=True)
        (folder / "anna" / name / "1.jpg").write_bytes(photo())
    skipped = Skipped()
    assert {item.name for item in folder_items(folder, Naming.FILE, skipped)} == {
        "good.png",
        "a.jfif",
        "b.JPE",
        "c.JPG",
    }
    assert str(skipped) == (
        "files of other types: 2 .txt, 1 .mov, 1 without suffix; hidden files: 1; "
        "hidden, thumbnail or linked folders: anna/.thumbnails, anna/@eaDir"
    )


@pytest.mark.parametrize(
    ("name", "content", "format_name"),
    [
        ("a.heic", b"\0\0\0\x18ftypheic\0", "HEIC"),
        ("a.jpg", b"\0\0\0\x18ftypheic\0", "HEIC"),
        ("a.webp", b"RIFF\0\0\0\0WEBPVP8 ", "WebP"),
        ("a.png", b"RIFF\0\0\0\0WEBPVP8 ", "WebP"),
    ],
)
def test_images_of_other_formats_are_refused_with_a_hint(
    folder: Path, name: str, content: bytes, format_name: str
) -> None:
    (folder / name).write_bytes(content)
    reasons = outcomes(list(folder_items(folder, Naming.FILE)))
    assert f"the format is {format_name}" in reasons[name]
    assert "convert the image to JPEG or PNG" in reasons[name]
