"""The images of a folder tree as items to import."""

import os
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial
from pathlib import Path, PurePath
from typing import Final

from openfrs.core.errors import OperatorError
from openfrs.core.text import escaped
from openfrs.faces.imports.items import Item, SourceError, check_name

from .files import FOREIGN_SUFFIXES, SUFFIXES, read_image_file

_THUMBNAIL_FOLDERS: Final = frozenset(["@eadir", "thumbnails", "#recycle", "__macosx"])
"""Folders, in lower case, that photo stations and systems fill with thumbnails or deleted files. Hidden ones are skipped anyway."""


class Naming(StrEnum):
    """The part of an image's path that names the person."""

    FOLDER = "folder"
    FILE = "file"


@dataclass
class Skipped:
    """Everything in a folder tree but its images: files of other types by suffix, hidden files, and folders that are not read."""

    suffixes: Counter[str] = field(default_factory=Counter)
    hidden: int = 0
    folders: list[str] = field(default_factory=list)

    def admits(self, name: str) -> bool:
        """Return whether a file is an image by its name, and count it if it is not."""
        suffix = PurePath(name).suffix.lower()
        if name.startswith("."):
            self.hidden += 1
        elif suffix in SUFFIXES or suffix in FOREIGN_SUFFIXES:
            return True
        else:
            self.suffixes[suffix or "without suffix"] += 1
        return False

    def __str__(self) -> str:
        parts = []
        if self.suffixes:
            most_first = sorted(self.suffixes.items(), key=lambda item: (-item[1], item[0]))
            parts.append("files of other types: " + ", ".join(f"{count} {escaped(each)}" for each, count in most_first))
        if self.hidden:
            parts.append(f"hidden files: {self.hidden}")
        if self.folders:
            names = ", ".join(map(escaped, self.folders[:_NAMED_FOLDERS]))
            more = f" and {len(self.folders) - _NAMED_FOLDERS} more" if len(self.folders) > _NAMED_FOLDERS else ""
            parts.append(f"hidden, thumbnail or linked folders: {names}{more}")
        return "; ".join(parts)


_NAMED_FOLDERS: Final = 10


def folder_items(folder: Path, naming: Naming, skipped: Skipped | None = None) -> Iterator[Item]:
    """Yield the images of a folder tree in the order of their paths, and count the rest in ``skipped``.

    With ``Naming.FOLDER`` the folder at the first level names the person (``anna/1.jpg`` is ``anna``); an image at the top level is
    named by its file. A folder that cannot be read is an item that cannot be read either.

    Raises:
        OperatorError: The folder itself cannot be read.
    """
    for path, error in _images(folder, Skipped() if skipped is None else skipped):
        relative = path.relative_to(folder)
        name = relative.as_posix()
        if error is not None:
            yield Item(escaped(name), None, failing(error.strerror or "the folder cannot be read"))
            continue
        try:
            check_name(name)
        except SourceError as refusal:
            yield Item(escaped(name), None, failing(str(refusal)))
            continue
        yield Item(name, person_of(relative, naming), partial(read_image_file, path, folder))


def person_of(path: PurePath, naming: Naming) -> str:
    """Return the name of the person for the path of an image in its source."""
    return path.parts[0] if naming is Naming.FOLDER and len(path.parts) > 1 else path.stem


def is_skipped(folder: str) -> bool:
    """Return whether a folder of this name is hidden or has thumbnails."""
    return folder.startswith(".") or folder.lower() in _THUMBNAIL_FOLDERS


def failing(reason: str) -> Callable[[], bytes]:
    """Return a function for :attr:`Item.read` that raises ``SourceError``."""

    def read() -> bytes:
        raise SourceError(reason)

    return read


def _images(folder: Path, skipped: Skipped) -> list[tuple[Path, OSError | None]]:
    """Return all images below a folder, and folders that cannot be read with their error.

    Links to folders are not followed, as they can form a cycle.
    """
    found: list[tuple[Path, OSError | None]] = []

    def fail(error: OSError) -> None:
        if Path(error.filename) == folder:
            raise OperatorError(f"cannot read {error.filename}: {error.strerror}") from error
        found.append((Path(error.filename), error))

    for parent, folders, files in os.walk(folder, onerror=fail):
        read = []
        for name in sorted(folders):
            path = Path(parent, name)
            if is_skipped(name) or path.is_symlink():
                skipped.folders.append(path.relative_to(folder).as_posix())
            else:
                read.append(name)
        folders[:] = read
        found += [(Path(parent, name), None) for name in files if skipped.admits(name)]
    return sorted(found, key=lambda each: each[0])
