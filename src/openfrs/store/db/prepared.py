"""SELECT statements of the hot path, compiled once and run on the driver's own connection.

For each execution SQLAlchemy looks up the compiled form, and builds an execution context and a result, which takes ten times as
long as SQLite takes for a row. Both drivers keep the statements prepared on each connection, by their text.
"""

from collections import namedtuple
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, Dialect, Double, Select, bindparam

Record = Any
"""A named tuple with the columns of a row."""


@dataclass(frozen=True, slots=True)
class _Form:
    """A statement in the SQL of one dialect."""

    sql: str
    positions: Sequence[str] | None
    """Names of the parameters in the order of their placeholders; None if the placeholders have names."""

    record: Callable[[Sequence[Any]], Record]
    processors: Sequence[tuple[int, Callable[[Any], Any]]]
    """Conversions of columns that the driver does not return as the values of their types."""

    def arguments(self, parameters: Mapping[str, Any]) -> Sequence[Any] | Mapping[str, Any]:
        return parameters if self.positions is None else [parameters[name] for name in self.positions]

    def convert(self, row: Sequence[Any]) -> Record:
        if self.processors:
            values = list(row)
            for index, process in self.processors:
                values[index] = process(values[index])
            row = values
        return self.record(row)


class Prepared:
    """A SELECT whose parameters are strings and numbers, each a ``bindparam``."""

    def __init__(self, statement: "Select[Any]") -> None:
        self._statement = statement
        self._forms: dict[str, _Form] = {}

    def all(self, connection: Connection, parameters: Mapping[str, Any]) -> list[Record]:
        """Return all rows within the transaction of a connection, which begins if there is none."""
        if not connection.in_transaction():
            connection.begin()
        form = self._forms.get(connection.dialect.name) or self._compile(connection.dialect)
        driver: Any = connection.connection.driver_connection
        rows = driver.execute(form.sql, form.arguments(parameters)).fetchall()
        return [form.convert(row) for row in rows]

    def first(self, connection: Connection, parameters: Mapping[str, Any]) -> Record | None:
        """Return the first row, or None."""
        return next(iter(self.all(connection, parameters)), None)

    def _compile(self, dialect: Dialect) -> _Form:
        compiled = self._statement.compile(dialect=dialect)
        columns = self._statement.selected_columns
        record = namedtuple("Record", [column.key or "" for column in columns], rename=True)  # type: ignore[misc]
        processors = [
            (index, process)
            for index, column in enumerate(columns)
            # Both drivers return a double as a float. Its processor depends on a type code of the driver, which is not known here.
            if not isinstance(column.type, Double)
            and (process := column.type.dialect_impl(dialect).result_processor(dialect, None))
        ]
        form = _Form(str(compiled), getattr(compiled, "positiontup", None), record._make, processors)
        self._forms[dialect.name] = form
        return form


def in_list(column: "Column[Any]", name: str, size: int) -> "ColumnElement[bool]":
    """Return the condition that a column is one of ``size`` values; :func:`list_parameters` returns its parameters."""
    return column.in_([bindparam(f"{name}_{index}") for index in range(size)])


def list_size(count: int) -> int:
    """Return the size of the list for a number of values, so that few statements serve all numbers: a power of two."""
    return 1 << max(0, count - 1).bit_length()


def list_parameters(name: str, values: Sequence[Any]) -> dict[str, Any]:
    """Return the parameters of a list of :func:`list_size`. The last of the values, of which there is at least one, is repeated."""
    padding = [values[-1]] * (list_size(len(values)) - len(values))
    return {f"{name}_{index}": value for index, value in enumerate([*values, *padding])}
