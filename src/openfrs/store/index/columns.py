"""The fields of a set's faces as typed arrays, one row a face, over which filters are evaluated."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from openfrs.store.faces.predicate import (
    EXTERNAL_IMAGE_ID,
    And,
    Between,
    Equal,
    FieldDefinitions,
    FieldValue,
    Not,
    Or,
    Predicate,
)

Mask = npt.NDArray[np.bool_]
Rows = npt.NDArray[np.int64]


class FieldType(StrEnum):
    """The types a custom field can have."""

    STRING = "string"
    INTEGER = "integer"
    LONG = "long"
    FLOAT = "float"
    DOUBLE = "double"
    BOOLEAN = "boolean"


NUMERIC: Final = frozenset([FieldType.INTEGER, FieldType.LONG, FieldType.FLOAT, FieldType.DOUBLE])

_ARRAY_TYPES: Final[Mapping[FieldType, npt.DTypeLike]] = {
    FieldType.STRING: np.int32,  # codes of interned strings
    FieldType.INTEGER: np.int32,
    FieldType.LONG: np.int64,
    FieldType.FLOAT: np.float64,  # as in the database: a float is as precise as it was sent
    FieldType.DOUBLE: np.float64,
    FieldType.BOOLEAN: np.bool_,
}

_SPARE_STRINGS: Final = 1024


def field_type(definitions: FieldDefinitions, name: str) -> FieldType:
    """The declared type of a field; a field declared without one is a string."""
    return FieldType(definitions[name].get("type", FieldType.STRING).lower())


class _Column:
    """The values of one field. ``present`` says which rows have one."""

    def __init__(self, kind: FieldType) -> None:
        self.values: npt.NDArray[Any] = np.zeros(0, _ARRAY_TYPES[kind])
        self.present: Mask = np.zeros(0, np.bool_)

    def write(self, rows: Rows, values: Sequence[FieldValue | None]) -> None:
        self.present[rows] = [value is not None for value in values]
        self.values[rows] = [0 if value is None else value for value in values]

    def equal(self, value: FieldValue, rows: slice) -> Mask:
        found: Mask = self.values[rows] == value
        found &= self.present[rows]
        return found

    def between(self, condition: Between, rows: slice) -> Mask:
        values, found = self.values[rows], self.present[rows].copy()
        if condition.low is not None:
            found &= values >= condition.low if condition.includes_low else values > condition.low
        if condition.high is not None:
            found &= values <= condition.high if condition.includes_high else values < condition.high
        return found

    def sortable(self, rows: Rows) -> npt.NDArray[Any]:
        """Numbers that lie as the rows' values do."""
        return self.values[rows]

    def tidy(self, count: int) -> None:
        """Nothing to do for values that lie in the array itself."""

    @property
    def nbytes(self) -> int:
        return self.values.nbytes + self.present.nbytes


class _StringColumn(_Column):
    """Strings are interned: the array holds codes, numbered in the order of the dictionary."""

    def __init__(self) -> None:
        super().__init__(FieldType.STRING)
        self._codes: dict[str, int] = {}

    def write(self, rows: Rows, values: Sequence[FieldValue | None]) -> None:
        codes = self._codes
        super().write(rows, [None if each is None else codes.setdefault(str(each), len(codes)) for each in values])

    def equal(self, value: FieldValue, rows: slice) -> Mask:
        return super().equal(self._codes.get(str(value), -1), rows)

    def sortable(self, rows: Rows) -> npt.NDArray[Any]:
        used, places = np.unique(self.values[rows], return_inverse=True)
        strings = list(self._codes)
        words = [strings[code] if code < len(strings) else "" for code in used.tolist()]
        ranks = np.empty(len(words), np.int64)
        ranks[sorted(range(len(words)), key=words.__getitem__)] = np.arange(len(words))
        return np.asarray(ranks[places])

    def tidy(self, count: int) -> None:
        """Forget strings that no row has any more, once they are the larger part."""
        if len(self._codes) <= 2 * count + _SPARE_STRINGS:
            return
        used, self.values[:count] = np.unique(self.values[:count] * self.present[:count], return_inverse=True)
        strings = list(self._codes)
        self._codes = {strings[code]: place for place, code in enumerate(used.tolist())}

    @property
    def nbytes(self) -> int:
        # a string of 20 characters, its code, their place in the dictionary
        return super().nbytes + 160 * len(self._codes)


class Columns:
    """All fields of a set's faces."""

    def __init__(self, definitions: FieldDefinitions) -> None:
        kinds = {name: field_type(definitions, name) for name in definitions}
        self._columns = {
            name: _StringColumn() if kind is FieldType.STRING else _Column(kind)
            for name, kind in [*kinds.items(), (EXTERNAL_IMAGE_ID, FieldType.STRING)]
        }

    def resize(self, capacity: int) -> None:
        """Make room for this many rows."""
        for column in self._columns.values():
            column.values, column.present = resized(column.values, capacity), resized(column.present, capacity)

    def write(self, rows: Rows, external_image_ids: Sequence[str], fields: Sequence[Mapping[str, FieldValue]]) -> None:
        """Set whole rows."""
        for name, column in self._columns.items():
            column.write(
                rows, external_image_ids if name == EXTERNAL_IMAGE_ID else [values.get(name) for values in fields]
            )

    def move(self, sources: Rows, targets: Rows) -> None:
        """Copy rows over others."""
        for column in self._columns.values():
            column.values[targets], column.present[targets] = column.values[sources], column.present[sources]

    def tidy(self, count: int) -> None:
        """Let go of what only rows from ``count`` on needed."""
        for column in self._columns.values():
            column.tidy(count)

    def matching(self, predicate: Predicate, rows: slice) -> Mask:
        """Which of the rows a condition holds for, shape (rows,)."""
        match predicate:
            case Equal(field, value):
                return self._columns[field].equal(value, rows)
            case Between(field):
                return self._columns[field].between(predicate, rows)
            case Not(part):
                return ~self.matching(part, rows)
            case And(parts):
                found = self.matching(parts[0], rows)
                for part in parts[1:]:
                    found &= self.matching(part, rows)
            case Or(parts):
                found = self.matching(parts[0], rows)
                for part in parts[1:]:
                    found |= self.matching(part, rows)
        return found

    def arranged(self, field: str, rows: Rows, *, descends: bool) -> Rows:
        """The rows in the order of a field's values, those without one last; equal ones keep their order."""
        column = self._columns[field]
        present = column.present[rows]
        having = rows[present]
        values = column.sortable(having)
        order = np.argsort(values, kind="stable")
        if descends:
            order = len(values) - 1 - np.argsort(values[::-1], kind="stable")[::-1]
        return np.concatenate([having[order], rows[~present]])

    @property
    def nbytes(self) -> int:
        """Bytes held, roughly: strings are taken as 20 characters long."""
        return sum(column.nbytes for column in self._columns.values())


def resized(values: npt.NDArray[Any], capacity: int) -> npt.NDArray[Any]:
    """The same rows in an array of another length; rows that are new are zero."""
    result = np.zeros((capacity, *values.shape[1:]), values.dtype)
    kept = min(capacity, len(values))
    result[:kept] = values[:kept]
    return result
