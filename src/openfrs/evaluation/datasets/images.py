"""Labelled images in folders and CSV files."""

import csv
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from openfrs.core.errors import OperatorError
from openfrs.core.geometry import Edges

SUFFIXES: Final = frozenset({".jpg", ".jpeg", ".png", ".bmp"})


@dataclass(frozen=True, slots=True)
class People:
    """Images and the names of the people they show."""

    paths: list[Path]
    names: list[str]

    def without(self, paths: Collection[Path]) -> "People":
        """Leave out all images of the people on some of these images."""
        left_out = {name for path, name in zip(self.paths, self.names, strict=True) if path in paths}
        kept = [(path, name) for path, name in zip(self.paths, self.names, strict=True) if name not in left_out]
        return People([path for path, _ in kept], [name for _, name in kept])

    def merged(self, same: Mapping[str, str]) -> "People":
        """Replace the names that are keys of ``same``, which merges people with two names."""
        return People(self.paths, [same.get(name, name) for name in self.names])


@dataclass(frozen=True, slots=True, eq=False)
class NamedPairs:
    """Pairs of images; ``split`` is "" and ``folds`` is None if the list has no such column."""

    first: list[Path]
    second: list[Path]
    names: list[tuple[str, str]]
    same: npt.NDArray[np.bool_]
    split: list[str]
    folds: npt.NDArray[np.intp] | None


def people(source: Path) -> People:
    """Read images from a folder with one folder per person, or from a CSV with the columns ``path`` and ``person``.

    Paths in a CSV are relative to it.

    Raises:
        OperatorError: the source is missing or invalid, or has no images.
    """
    if source.is_dir():
        paths = sorted(path for path in source.glob("*/**/*") if path.suffix.lower() in SUFFIXES and path.is_file())
        labelled = People(paths, [path.relative_to(source).parts[0] for path in paths])
    else:
        rows = read_csv(source, "path", "person")
        labelled = People(
            existing_files(source.parent, [row["path"] for row in rows], source), [row["person"] for row in rows]
        )
    if not labelled.paths:
        raise OperatorError(f"{source} has no images; expected one folder of images per person")
    return labelled


def same_names(file: Path | None) -> dict[str, str]:
    """Read the person of each alternative name from a CSV with the columns ``name`` and ``person``; empty without a file.

    Raises:
        OperatorError: the file is invalid.
    """
    return {} if file is None else {row["name"]: row["person"] for row in read_csv(file, "name", "person")}


def named_pairs(file: Path, folder: Path) -> NamedPairs:
    """Read pairs from a CSV with the columns ``a``, ``b`` and ``same`` (1 or 0), and optionally ``split`` and ``fold``.

    Paths are relative to ``folder``.

    Raises:
        OperatorError: the file is invalid, an image is missing, or all pairs are of the same kind.
    """
    rows = read_csv(file, "a", "b", "same")
    if {row["same"] for row in rows} != {"0", "1"}:
        raise OperatorError(f"{file} must have mated pairs (same = 1) and impostor pairs (same = 0)")
    try:
        folds = np.array([int(row["fold"]) for row in rows], np.intp) if "fold" in rows[0] else None
    except ValueError:
        raise OperatorError(f"{file}: each fold must be a number") from None
    return NamedPairs(
        first=existing_files(folder, [row["a"] for row in rows], file),
        second=existing_files(folder, [row["b"] for row in rows], file),
        names=[(row["a"], row["b"]) for row in rows],
        same=np.array([row["same"] == "1" for row in rows], np.bool_),
        split=[row.get("split", "") for row in rows],
        folds=folds,
    )


def labelled_boxes(file: Path) -> tuple[list[Path], list[Edges]]:
    """Read images and boxes of faces from JSON lines: ``{"file": ..., "faces": [{"box": [left, top, right, bottom]}]}``.

    Paths are relative to the file.

    Raises:
        OperatorError: the file is invalid, or an image is missing.
    """
    try:
        rows = [json.loads(line) for line in file.read_text("utf-8").splitlines() if line.strip()]
        names = [str(row["file"]) for row in rows]
        boxes = [np.array([face["box"] for face in row["faces"]], np.float64).reshape(-1, 4) for row in rows]
    except OSError as error:
        raise OperatorError(f"{file} cannot be read: {error.strerror}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise OperatorError(
            f"{file}: expected lines of JSON with a file and the boxes of its faces: {error!r}"
        ) from error
    if not rows:
        raise OperatorError(f"{file} has no images")
    return existing_files(file.parent, names, file), boxes


def read_csv(file: Path, *columns: str) -> list[dict[str, str]]:
    """Read a CSV with at least these columns and one row.

    Raises:
        OperatorError: the file is invalid.
    """
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            reader = csv.DictReader(lines, restval="")
            rows = list(reader)
    except OSError as error:
        raise OperatorError(f"{file} cannot be read: {error.strerror}") from error
    except (csv.Error, UnicodeDecodeError) as error:
        raise OperatorError(f"{file} is not a CSV file: {error}") from error
    missing = [column for column in columns if column not in (reader.fieldnames or ())]
    if missing:
        raise OperatorError(f"{file}: missing column {', '.join(missing)}")
    if not rows:
        raise OperatorError(f"{file} has no rows")
    return rows


def existing_files(folder: Path, names: Sequence[str], source: Path) -> list[Path]:
    """Return the paths of files in a folder.

    Raises:
        OperatorError: a file is missing.
    """
    paths = [folder / name for name in names]
    for path in paths:
        if not path.is_file():
            raise OperatorError(f"{source}: {path} does not exist")
    return paths
