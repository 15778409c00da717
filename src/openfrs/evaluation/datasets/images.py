"""An operator's own labelled pictures: folders and CSV files."""

import csv
import json
from collections.abc import Mapping, Sequence
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
    """Pictures and the name of the person each shows."""

    paths: list[Path]
    names: list[str]

    def merged(self, same: Mapping[str, str]) -> "People":
        """With the names that are keys of ``same`` replaced: people who stand under two names are one."""
        return People(self.paths, [same.get(name, name) for name in self.names])


@dataclass(frozen=True, slots=True, eq=False)
class NamedPairs:
    """Pairs of pictures; ``split`` is "" and ``folds`` None where the list says nothing of them."""

    first: list[Path]
    second: list[Path]
    names: list[tuple[str, str]]
    same: npt.NDArray[np.bool_]
    split: list[str]
    folds: npt.NDArray[np.intp] | None


def people(source: Path) -> People:
    """Pictures from a folder with one folder a person, or from a CSV with the columns ``path`` and ``person``.

    Paths in a CSV are relative to it.

    Raises:
        OperatorError: there is no such thing, or no picture in it.
    """
    if source.is_dir():
        paths = sorted(path for path in source.glob("*/**/*") if path.suffix.lower() in SUFFIXES and path.is_file())
        found = People(paths, [path.relative_to(source).parts[0] for path in paths])
    else:
        rows = read_csv(source, "path", "person")
        found = People(existing(source.parent, [row["path"] for row in rows], source), [row["person"] for row in rows])
    if not found.paths:
        raise OperatorError(f"{source} names no picture; it should hold one folder of pictures a person")
    return found


def same_names(file: Path | None) -> dict[str, str]:
    """From a CSV with the columns ``name`` and ``person``: who each name really is. No file, no such names.

    Raises:
        OperatorError: the file does not say that.
    """
    return {} if file is None else {row["name"]: row["person"] for row in read_csv(file, "name", "person")}


def named_pairs(file: Path, folder: Path) -> NamedPairs:
    """Pairs from a CSV with the columns ``a``, ``b`` and ``same`` (1 or 0), and ``split`` and ``fold`` if it has them.

    Paths are relative to ``folder``.

    Raises:
        OperatorError: the file does not say that, a picture is missing, or not both kinds of pairs are there.
    """
    rows = read_csv(file, "a", "b", "same")
    if {row["same"] for row in rows} != {"0", "1"}:
        raise OperatorError(f"{file} must hold pairs of one person (same = 1) and of two (same = 0)")
    try:
        folds = np.array([int(row["fold"]) for row in rows], np.intp) if "fold" in rows[0] else None
    except ValueError:
        raise OperatorError(f"{file} has a fold that is no number") from None
    return NamedPairs(
        first=existing(folder, [row["a"] for row in rows], file),
        second=existing(folder, [row["b"] for row in rows], file),
        names=[(row["a"], row["b"]) for row in rows],
        same=np.array([row["same"] == "1" for row in rows], np.bool_),
        split=[row.get("split", "") for row in rows],
        folds=folds,
    )


def labelled_boxes(file: Path) -> tuple[list[Path], list[Edges]]:
    """Pictures and the boxes of their faces, from lines of JSON: ``{"file": ..., "faces": [{"box": [left, top, right, bottom]}]}``.

    Paths are relative to the file.

    Raises:
        OperatorError: the file does not say that, or a picture is missing.
    """
    try:
        rows = [json.loads(line) for line in file.read_text("utf-8").splitlines() if line.strip()]
        names = [str(row["file"]) for row in rows]
        boxes = [np.array([face["box"] for face in row["faces"]], np.float64).reshape(-1, 4) for row in rows]
    except OSError as error:
        raise OperatorError(f"{file} cannot be read: {error.strerror}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise OperatorError(f"{file} is not lines of JSON with a file and its faces' boxes: {error!r}") from error
    if not rows:
        raise OperatorError(f"{file} names no picture")
    return existing(file.parent, names, file), boxes


def read_csv(file: Path, *columns: str) -> list[dict[str, str]]:
    """The rows of a CSV that has these columns, and at least one row.

    Raises:
        OperatorError: it has not.
    """
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            reader = csv.DictReader(lines, restval="")
            rows = list(reader)
    except OSError as error:
        raise OperatorError(f"{file} cannot be read: {error.strerror}") from error
    except (csv.Error, UnicodeDecodeError) as error:
        raise OperatorError(f"{file} is no CSV: {error}") from error
    missing = [column for column in columns if column not in (reader.fieldnames or ())]
    if missing:
        raise OperatorError(f"{file} lacks the column {', '.join(missing)}")
    if not rows:
        raise OperatorError(f"{file} has no rows")
    return rows


def existing(folder: Path, names: Sequence[str], source: Path) -> list[Path]:
    """Files of a folder, by name.

    Raises:
        OperatorError: one of them is not there.
    """
    paths = [folder / name for name in names]
    for path in paths:
        if not path.is_file():
            raise OperatorError(f"{source} names {path}, which is not there")
    return paths
