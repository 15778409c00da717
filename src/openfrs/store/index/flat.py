"""Exact search: the templates of a face set in memory, scanned whole, with the faces' fields in columns beside them."""

from collections.abc import Sequence
from typing import Final

import faiss
import numpy as np
import numpy.typing as npt

from openfrs.store.faces.changes import TEMPLATE_TYPE, Changes
from openfrs.store.faces.predicate import FieldDefinitions, Predicate

from .columns import Columns, Mask, Rows, resized

Cosines = npt.NDArray[np.float32]

_SPARE: Final = 8
"""Rows grow by an eighth, so that adding is cheap and no more than that is held in vain."""

_FEW: Final = 10
"""Where less than one in so many rows is allowed, copying them out is cheaper than passing over the others."""

_WIDEST: Final = 256
"""The most neighbours asked for in the hope that enough of them are allowed; picking more costs more than a masked scan."""


class TemplateIndex:
    """Templates and fields of one face set's faces.

    Half precision as in the database, so the scan sees the very numbers that are stored; products are summed in single
    precision. Rows lie in no order: the last one takes the place of one that is deleted, so no deletion moves the others.
    """

    def __init__(self, definitions: FieldDefinitions) -> None:
        self.version = 0
        self._count = 0
        self._newest = -1
        self._seqs = np.zeros(0, np.int64)
        self._columns = Columns(definitions)
        self._scanner = _scanner(1)
        self._templates = np.zeros((0, 1), TEMPLATE_TYPE)

    def __len__(self) -> int:
        return self._count

    @property
    def nbytes(self) -> int:
        """Bytes held."""
        return self._templates.nbytes + self._seqs.nbytes + self._columns.nbytes

    def reserve(self, count: int, dimension: int) -> None:
        """Make room for this many faces in all, so that adding them copies nothing."""
        if count > len(self._seqs) or dimension != self._scanner.d:
            self._resize(count, dimension)

    def apply(self, changes: Changes) -> None:
        """Take changes in. They may have been applied before, in part or whole."""
        self._remove(self._places(changes.deleted))
        if not changes.seqs.size:
            return
        new = np.ones(changes.seqs.size, np.bool_)
        if changes.seqs.min() <= self._newest:
            places = self._places(changes.seqs)
            order = np.argsort(changes.seqs)
            rows = order[np.searchsorted(changes.seqs, self._seqs[places], sorter=order)]
            self._write(places, changes, rows)
            new[rows] = False
        self._add(changes, np.flatnonzero(new))
        self._columns.tidy(self._count)

    def matching(self, predicate: Predicate) -> Rows:
        """Sequence numbers of the faces that a condition holds for, oldest first."""
        return np.sort(self._seqs[: self._count][self._columns.matching(predicate, slice(self._count))])

    def arranged(self, predicate: Predicate | None, field: str | None, *, descends: bool) -> Rows:
        """Sequence numbers of the faces that a condition holds for, by a field's values, or by age where none is given."""
        rows = np.arange(self._count)
        if predicate is not None:
            rows = rows[self._columns.matching(predicate, slice(self._count))]
        rows = rows[np.argsort(self._seqs[rows])]
        if field is not None:
            return self._seqs[self._columns.arranged(field, rows, descends=descends)]
        return self._seqs[rows[::-1] if descends else rows]

    def holds(self, predicate: Predicate, seq: int) -> bool:
        """Whether a condition holds for a face that is there."""
        place = self._place(seq)
        return bool(self._columns.matching(predicate, slice(place, place + 1))[0])

    def lacking(self, seqs: Sequence[int]) -> set[int]:
        """Those of the faces that are not there."""
        return set(seqs) - set(self._seqs[self._places(np.array(seqs, np.int64))].tolist())

    def template(self, seq: int) -> Cosines:
        """The template of a face that is there, shape (dimension,)."""
        return np.asarray(self._templates[self._place(seq)], np.float32)

    def nearest(self, probe: Cosines, count: int, predicate: Predicate | None = None) -> tuple[Rows, Cosines]:
        """Sequence numbers and cosines of the nearest templates that a condition holds for.

        Best first, the older one first where they are equal, also where only some of the equal ones are within ``count``.
        """
        allowed = None if predicate is None else self._columns.matching(predicate, slice(self._count))
        possible = self._count if allowed is None else int(np.count_nonzero(allowed))
        count = min(count, possible)
        if count <= 0:
            return np.empty(0, np.int64), np.empty(0, np.float32)
        faiss.omp_set_num_threads(1)  # per calling thread: parallelism is across requests
        if allowed is None or possible == self._count:
            found = _exactly(self._scanner, probe, self._seqs, count, self._count)
        elif possible * _FEW < self._count:
            chosen = np.flatnonzero(allowed)
            scanner = _scanner(self._scanner.d)
            scanner.add_sa_codes(self._templates[chosen].view(np.uint8))
            found = _exactly(scanner, probe, self._seqs[chosen], count, possible)
        else:
            found = self._among_all(probe, count, allowed, possible) or self._masked(probe, count, allowed, possible)
        return found

    def _among_all(self, probe: Cosines, count: int, allowed: Mask, possible: int) -> tuple[Rows, Cosines] | None:
        """The nearest allowed rows, taken out of the nearest of all; None if those hold too few.

        A scan that asks row by row takes three times one that does not.
        """
        wide = 2 * count * self._count // possible + 20
        if wide > min(_WIDEST, self._count):
            return None
        cosines, places = (rows[0] for rows in self._scanner.search(probe[None], wide))
        sure = allowed[places] & (cosines > cosines[-1])  # of those as near as the last some may have been left out
        if np.count_nonzero(sure) < count:
            return None
        return ordered(self._seqs[places[sure]], cosines[sure], count)

    def _masked(self, probe: Cosines, count: int, allowed: Mask, possible: int) -> tuple[Rows, Cosines]:
        bits = np.packbits(allowed, bitorder="little")
        selector = faiss.IDSelectorBitmap(self._count, faiss.swig_ptr(bits))
        parameters = faiss.SearchParameters()
        parameters.sel = selector  # which the parameters do not keep alive
        return _exactly(self._scanner, probe, self._seqs, count, possible, parameters)

    def _add(self, changes: Changes, rows: Rows) -> None:
        count, dimension = self._count + rows.size, changes.templates.shape[1]
        if count > len(self._seqs) or dimension != self._scanner.d:
            self._resize(count + count // _SPARE, dimension)
        places = np.arange(self._count, count)
        self._seqs[places] = changes.seqs[rows]
        self._write(places, changes, rows)
        self._scanner.ntotal = self._count = count
        self._newest = max(self._newest, int(changes.seqs.max()))

    def _places(self, seqs: Rows) -> Rows:
        """Where the faces lie, of those that are there; in no order."""
        if seqs.size == 1:
            return np.flatnonzero(self._seqs[: self._count] == seqs[0])
        return np.flatnonzero(np.isin(self._seqs[: self._count], seqs))

    def _place(self, seq: int) -> int:
        """Where a face that is there lies. Until the first deletion rows are in order: looked up, not searched for."""
        seqs = self._seqs[: self._count]
        place = int(seqs.searchsorted(seq))
        if place == self._count or seqs[place] != seq:
            (place,) = np.flatnonzero(seqs == seq).tolist()
        return place

    def _write(self, places: Rows, changes: Changes, rows: Rows) -> None:
        self._templates[places] = changes.templates[rows]
        chosen = rows.tolist()
        ids, fields = changes.external_image_ids, changes.fields
        self._columns.write(places, [ids[row] for row in chosen], [fields[row] for row in chosen])

    def _remove(self, gone: Rows) -> None:
        if not gone.size:
            return
        count = self._count - gone.size
        stays = np.ones(gone.size, np.bool_)
        stays[gone[gone >= count] - count] = False
        sources, targets = count + np.flatnonzero(stays), gone[gone < count]
        self._seqs[targets] = self._seqs[sources]
        self._templates[targets] = self._templates[sources]
        self._columns.move(sources, targets)
        self._templates[count : self._count] = 0  # a deleted template is nowhere in memory either
        self._scanner.ntotal = self._count = count
        if count < len(self._seqs) // 2:
            self._resize(count + count // _SPARE, self._scanner.d)

    def _resize(self, capacity: int, dimension: int) -> None:
        scanner, capacity = _scanner(dimension), max(1, capacity)
        scanner.codes.resize(capacity * scanner.code_size)
        templates = faiss.rev_swig_ptr(scanner.codes.data(), capacity * scanner.code_size).view(TEMPLATE_TYPE)
        templates = templates.reshape(capacity, dimension)
        templates[: self._count] = self._templates[: self._count]
        scanner.ntotal = self._count
        self._scanner, self._templates = scanner, templates
        self._seqs = resized(self._seqs, capacity)
        self._columns.resize(capacity)


def _scanner(dimension: int) -> faiss.IndexScalarQuantizer:
    return faiss.IndexScalarQuantizer(dimension, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT)


def _exactly(
    scanner: faiss.IndexScalarQuantizer,
    probe: Cosines,
    seqs: Rows,
    count: int,
    possible: int,
    parameters: faiss.SearchParameters | None = None,
) -> tuple[Rows, Cosines]:
    """The ``count`` nearest of the ``possible`` rows that the parameters allow.

    Of rows equally near FAISS keeps any. So one more than wanted is asked for, and if that is as near as the last one wanted,
    many more, until all the equal ones are there to choose from.
    """
    wide = min(count + 1, possible)
    while True:
        cosines, places = (rows[0] for rows in scanner.search(probe[None], wide, params=parameters))
        if wide == possible or cosines[-1] < cosines[count - 1]:
            return ordered(seqs[places], cosines, count)
        wide = min(8 * wide, possible)


def ordered(seqs: Rows, cosines: Cosines, count: int) -> tuple[Rows, Cosines]:
    """The first so many faces, best first, of those equally near the older first."""
    order = np.lexsort((seqs, -cosines))[:count]
    return seqs[order], cosines[order]
