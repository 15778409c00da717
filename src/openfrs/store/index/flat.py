"""Exact search: the templates of a face set in memory, scanned in full, with the fields of the faces in columns beside them."""

from collections.abc import Sequence
from typing import Final, NamedTuple

import faiss
import numpy as np
import numpy.typing as npt

from openfrs.store.faces.changes import TEMPLATE_TYPE, Changes
from openfrs.store.faces.predicate import FieldDefinitions, Predicate

from .columns import Columns, Mask, Rows, resized

Vector = npt.NDArray[np.float32]
Cosines = npt.NDArray[np.float32]

_SPARE_FRACTION: Final = 8
"""Capacity grows by one eighth: adding stays cheap, and at most that much memory is unused."""

_COPY_RATIO: Final = 10
"""If fewer than one row in ten matches the predicate, copying the matching rows is cheaper than a masked scan."""

_MAX_UNMASKED: Final = 256
"""Most neighbours requested from an unmasked scan; selecting more costs more than a masked scan."""


class Neighbours(NamedTuple):
    """Sequence numbers and cosines of the faces nearest to a probe, both of shape (n,), best first."""

    seqs: Rows
    cosines: Cosines


class TemplateIndex:
    """Templates and fields of the faces of one set.

    Templates have half precision as in the database, so the scan reads the numbers that are stored; products are summed in single
    precision. Rows have no order: the last row replaces a deleted one, so that a deletion moves no other rows.
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
        """Size in bytes."""
        return self._templates.nbytes + self._seqs.nbytes + self._columns.nbytes

    def reserve(self, count: int, dimension: int) -> None:
        """Allocate memory for ``count`` faces in total, so that adding them copies nothing."""
        if count > len(self._seqs) or dimension != self._scanner.d:
            self._resize(count, dimension)

    def apply(self, changes: Changes) -> None:
        """Apply changes. Applying them again, in part or in full, has no further effect."""
        self._remove(self._positions(changes.deleted))
        if not changes.seqs.size:
            return
        new = np.ones(changes.seqs.size, np.bool_)
        if changes.seqs.min() <= self._newest:
            positions = self._positions(changes.seqs)
            order = np.argsort(changes.seqs)
            rows = order[np.searchsorted(changes.seqs, self._seqs[positions], sorter=order)]
            self._write(positions, changes, rows)
            new[rows] = False
        self._add(changes, np.flatnonzero(new))
        self._columns.truncate(self._count)

    def matching(self, predicate: Predicate) -> Rows:
        """Return the sequence numbers of the faces that match a predicate, oldest first."""
        return np.sort(self._seqs[: self._count][self._columns.matching(predicate, slice(self._count))])

    def sorted_seqs(self, predicate: Predicate | None, field: str | None, *, descending: bool) -> Rows:
        """Return the sequence numbers of the faces that match a predicate, sorted by a field or, without one, by age."""
        rows = np.arange(self._count)
        if predicate is not None:
            rows = rows[self._columns.matching(predicate, slice(self._count))]
        rows = rows[np.argsort(self._seqs[rows])]
        if field is not None:
            return self._seqs[self._columns.sorted_rows(field, rows, descending=descending)]
        return self._seqs[rows[::-1] if descending else rows]

    def first_of_each(self, field: str) -> Rows:
        """Return the sequence number of one face for each distinct value of a field."""
        return self._seqs[self._columns.first_of_each(field, np.arange(self._count))]

    def matches(self, predicate: Predicate, seq: int) -> bool:
        """Check whether a face that is in the index matches a predicate."""
        position = self._position(seq)
        return bool(self._columns.matching(predicate, slice(position, position + 1))[0])

    def missing(self, seqs: Sequence[int]) -> set[int]:
        """Return those sequence numbers that are not in the index."""
        return set(seqs) - set(self._seqs[self._positions(np.array(seqs, np.int64))].tolist())

    def template(self, seq: int) -> Vector:
        """Return the template of a face that is in the index, shape (dimension,)."""
        return np.asarray(self._templates[self._position(seq)], np.float32)

    def nearest(self, probe: Vector, count: int, predicate: Predicate | None = None) -> Neighbours:
        """Return the nearest ``count`` faces that match a predicate.

        Of equal cosines the older face comes first, and is preferred if only some of them are within ``count``.
        """
        mask = None if predicate is None else self._columns.matching(predicate, slice(self._count))
        available = self._count if mask is None else int(np.count_nonzero(mask))
        count = min(count, available)
        if count <= 0:
            return Neighbours(np.empty(0, np.int64), np.empty(0, np.float32))
        faiss.omp_set_num_threads(1)  # per calling thread: requests run in parallel, one scan does not
        if mask is None or available == self._count:
            return _scan(self._scanner, probe, self._seqs, count, self._count)
        if available * _COPY_RATIO < self._count:
            rows = np.flatnonzero(mask)
            scanner = _scanner(self._scanner.d)
            scanner.add_sa_codes(self._templates[rows].view(np.uint8))
            return _scan(scanner, probe, self._seqs[rows], count, available)
        neighbours = self._scan_unmasked(probe, count, mask, available)
        return neighbours if neighbours is not None else self._scan_masked(probe, count, mask, available)

    def _scan_unmasked(self, probe: Vector, count: int, mask: Mask, available: int) -> Neighbours | None:
        """Scan all rows and filter the nearest ones; return None if too few of them match.

        A masked scan takes three times as long as an unmasked one.
        """
        requested = 2 * count * self._count // available + 20
        if requested > min(_MAX_UNMASKED, self._count):
            return None
        cosines, positions = (rows[0] for rows in self._scanner.search(probe[None], requested))
        # Rows with the same cosine as the last one may be missing, so that cosine is excluded.
        certain = mask[positions] & (cosines > cosines[-1])
        if np.count_nonzero(certain) < count:
            return None
        return best(self._seqs[positions[certain]], cosines[certain], count)

    def _scan_masked(self, probe: Vector, count: int, mask: Mask, available: int) -> Neighbours:
        bits = np.packbits(mask, bitorder="little")
        selector = faiss.IDSelectorBitmap(self._count, faiss.swig_ptr(bits))
        parameters = faiss.SearchParameters()
        parameters.sel = selector  # the parameters do not keep the selector alive; this frame does
        return _scan(self._scanner, probe, self._seqs, count, available, parameters)

    def _add(self, changes: Changes, rows: Rows) -> None:
        count, dimension = self._count + rows.size, changes.templates.shape[1]
        if count > len(self._seqs) or dimension != self._scanner.d:
            self._resize(count + count // _SPARE_FRACTION, dimension)
        positions = np.arange(self._count, count)
        self._seqs[positions] = changes.seqs[rows]
        self._write(positions, changes, rows)
        self._scanner.ntotal = self._count = count
        self._newest = max(self._newest, int(changes.seqs.max()))

    def _positions(self, seqs: Rows) -> Rows:
        """Return the positions of those faces that are in the index, in no order."""
        if seqs.size == 1:
            return np.flatnonzero(self._seqs[: self._count] == seqs[0])
        return np.flatnonzero(np.isin(self._seqs[: self._count], seqs))

    def _position(self, seq: int) -> int:
        """Return the position of a face that is in the index: by bisection, as rows are sorted until the first deletion."""
        seqs = self._seqs[: self._count]
        position = int(seqs.searchsorted(seq))
        if position == self._count or seqs[position] != seq:
            (position,) = np.flatnonzero(seqs == seq).tolist()
        return position

    def _write(self, positions: Rows, changes: Changes, rows: Rows) -> None:
        self._templates[positions] = changes.templates[rows]
        indexes = rows.tolist()
        ids, fields = changes.external_image_ids, changes.fields
        self._columns.write(positions, [ids[row] for row in indexes], [fields[row] for row in indexes])

    def _remove(self, positions: Rows) -> None:
        if not positions.size:
            return
        count = self._count - positions.size
        kept = np.ones(positions.size, np.bool_)
        kept[positions[positions >= count] - count] = False
        sources, targets = count + np.flatnonzero(kept), positions[positions < count]
        self._seqs[targets] = self._seqs[sources]
        self._templates[targets] = self._templates[sources]
        self._columns.move(sources, targets)
        self._templates[count : self._count] = 0  # a deleted template leaves no copy in memory
        self._scanner.ntotal = self._count = count
        if count < len(self._seqs) // 2:
            self._resize(count + count // _SPARE_FRACTION, self._scanner.d)

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


def _scan(
    scanner: faiss.IndexScalarQuantizer,
    probe: Vector,
    seqs: Rows,
    count: int,
    available: int,
    parameters: faiss.SearchParameters | None = None,
) -> Neighbours:
    """Return the nearest ``count`` of the ``available`` rows that the parameters select.

    FAISS keeps any of the rows with equal cosines. So one more than ``count`` is requested and, if its cosine equals the last
    one's, many more, until all rows with that cosine are there to choose from.
    """
    requested = min(count + 1, available)
    while True:
        cosines, positions = (rows[0] for rows in scanner.search(probe[None], requested, params=parameters))
        if requested == available or cosines[-1] < cosines[count - 1]:
            return best(seqs[positions], cosines, count)
        requested = min(8 * requested, available)


def best(seqs: Rows, cosines: Cosines, count: int) -> Neighbours:
    """Return the first ``count`` faces, best first, the older first where cosines are equal."""
    order = np.lexsort((seqs, -cosines))[:count]
    return Neighbours(seqs[order], cosines[order])
