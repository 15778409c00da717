"""The fields of the faces of a set as typed arrays, one row per face; predicates are evaluated over them."""

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
    """Types of custom fields."""

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
    FieldType.FLOAT: np.float64,  # as in the database: a float keeps the precision it was sent with
    FieldType.DOUBLE: np.float64,
    FieldType.BOOLEAN: np.bool_,
}

_SPARE_STRINGS: Final = 1024


def field_type(definitions: FieldDefinitions, name: str) -> FieldType:
    """Return the declared type of a field; a field declared without a type is a string."""
    return FieldType(definitions[name].get("type", FieldType.STRING).lower())


class _Column:
    """The values of one field, and in ``present`` which rows have a value."""

    def __init__(self, kind: FieldType) -> None:
        self.values: npt.NDArray[Any] = np.zeros(0, _ARRAY_TYPES[kind])
        self.present: Mask = np.zeros(0, np.bool_)

    def write(self, rows: Rows, values: Sequence[FieldValue | None]) -> None:
        self.present[rows] = [value is not None for value in values]
        self.values[rows] = [0 if value is None else value for value in values]

    def equal(self, value: FieldValue, rows: slice) -> Mask:
        mask: Mask = self.values[rows] == value
        mask &= self.present[rows]
        return mask

    def between(self, condition: Between, rows: slice) -> Mask:
        values, mask = self.values[rows], self.present[rows].copy()
        if condition.low is not None:
            mask &= values >= condition.low if condition.includes_low else values > condition.low
        if condition.high is not None:
            mask &= values <= condition.high if condition.includes_high else values < condition.high
        return mask

    def sort_keys(self, rows: Rows) -> npt.NDArray[Any]:
        """Return numbers in the same order as the values of the rows."""
        return self.values[rows]

    def truncate(self, count: int) -> None:
        """Release memory that only rows from ``count`` on used. Values in the array itself use none."""

    @property
    def nbytes(self) -> int:
        return self.values.nbytes + self.present.nbytes


class _StringColumn(_Column):
    """Interned strings: the array holds codes, numbered in the order of the dictionary."""

    def __init__(self) -> None:
        super().__init__(FieldType.STRING)
        self._codes: dict[str, int] = {}

    def write(self, rows: Rows, values: Sequence[FieldValue | None]) -> None:
        codes = self._codes
        super().write(rows, [None if value is None else codes.setdefault(str(value), len(codes)) for value in values])

    def equal(self, value: FieldValue, rows: slice) -> Mask:
        return super().equal(self._codes.get(str(value), -1), rows)

    def sort_keys(self, rows: Rows) -> npt.NDArray[Any]:
        used, inverse = np.unique(self.values[rows], return_inverse=True)
        strings = list(self._codes)
        texts = [strings[code] if code < len(strings) else "" for code in used.tolist()]
        ranks = np.empty(len(texts), np.int64)
        ranks[sorted(range(len(texts)), key=texts.__getitem__)] = np.arange(len(texts))
        return np.asarray(ranks[inverse])

    def truncate(self, count: int) -> None:
        """Remove strings that no row uses, once they are the majority."""
        if len(self._codes) <= 2 * count + _SPARE_STRINGS:
            return
        used, self.values[:count] = np.unique(self.values[:count] * self.present[:count], return_inverse=True)
        strings = list(self._codes)
        self._codes = {strings[code]: new for new, code in enumerate(used.tolist())}

    @property
    def nbytes(self) -> int:
        # a string of 20 characters, its code and its dictionary entry
        return super().nbytes + 160 * len(self._codes)


class Columns:
    """All fields of the faces of a set."""

    def __init__(self, definitions: FieldDefinitions) -> None:
        kinds = {name: field_type(definitions, name) for name in definitions}
        self._columns = {
            name: _StringColumn() if kind is FieldType.STRING else _Column(kind)
            for name, kind in [*kinds.items(), (EXTERNAL_IMAGE_ID, FieldType.STRING)]
        }

    def resize(self, capacity: int) -> None:
        """Allocate this many rows."""
        for column in self._columns.values():
            column.values, column.present = resized(column.values, capacity), resized(column.present, capacity)

    def write(self, rows: Rows, external_image_ids: Sequence[str], fields: Sequence[Mapping[str, FieldValue]]) -> None:
        """Write all fields of the rows."""
        for name, column in self._columns.items():
            column.write(
                rows, external_image_ids if name == EXTERNAL_IMAGE_ID else [values.get(name) for values in fields]
            )

    def move(self, sources: Rows, targets: Rows) -> None:
        """Copy rows to other positions."""
        for column in self._columns.values():
            column.values[targets], column.present[targets] = column.values[sources], column.present[sources]

    def truncate(self, count: int) -> None:
        """Release memory that only rows from ``count`` on used."""
        for column in self._columns.values():
            column.truncate(count)

    def matching(self, predicate: Predicate, rows: slice) -> Mask:
        """Return a mask of the rows that match a predicate, shape (rows,)."""
        match predicate:
            case Equal(field, value):
                return self._columns[field].equal(value, rows)
            case Between(field):
                return self._columns[field].between(predicate, rows)
            case Not(part):
                return ~self.matching(part, rows)
            case And(parts):
                mask = self.matching(parts[0], rows)
                for part in parts[1:]:
                    mask &= self.matching(part, rows)
            case Or(parts):
                mask = self.matching(parts[0], rows)
                for part in parts[1:]:
                    mask |= self.matching(part, rows)
        return mask

    def first_of_each(self, field: str, rows: Rows) -> Rows:
        """Return one of the rows for each distinct value of a field."""
        column = self._columns[field]
        with_value = rows[column.present[rows]]
        return with_value[np.unique(column.values[with_value], return_index=True)[1]]

    def sorted_rows(self, field: str, rows: Rows, *, descending: bool) -> Rows:
        """Return the rows sorted by a field, those without a value last; the sort is stable."""
        column = self._columns[field]
        present = column.present[rows]
        with_value = rows[present]
        keys = column.sort_keys(with_value)
        order = np.argsort(keys, kind="stable")
        if descending:
            order = len(keys) - 1 - np.argsort(keys[::-1], kind="stable")[::-1]
        return np.concatenate([with_value[order], rows[~present]])

    @property
    def nbytes(self) -> int:
        """Approximate size in bytes: strings count as 20 characters long."""
        return sum(column.nbytes for column in self._columns.values())


def resized(values: npt.NDArray[Any], capacity: int) -> npt.NDArray[Any]:
    """Return the rows in an array of another length; new rows are zero."""
    result = np.zeros((capacity, *values.shape[1:]), values.dtype)
    kept = min(capacity, len(values))
    result[:kept] = values[:kept]
    return result
