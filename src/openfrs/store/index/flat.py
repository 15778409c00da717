"""Exact search: the templates of a face set in memory, scanned in full, with the fields of the faces in columns beside them."""

import math
from collections.abc import Collection
from typing import Final

import faiss
import numpy as np
import numpy.typing as npt

from openfrs.store.faces.changes import TEMPLATE_TYPE, Changes
from openfrs.store.faces.predicate import FieldDefinitions, Predicate

from .columns import Columns, Mask, Rows, resized
from .ranking import NOBODY, Found, Judge, Neighbours, search
from .scoring import COSINES, Scoring, Vector

_SPARE_FRACTION: Final = 8
"""Capacity grows by one eighth: adding stays cheap, and at most that much memory is unused."""

_COPY_RATIO: Final = 10
"""If fewer than one row in ten matches the predicate, copying the matching rows is cheaper than a masked scan."""

_MAX_UNMASKED: Final = 256
"""Most neighbours requested from an unmasked scan; selecting more costs more than a masked scan."""

_SPARE_ROWS: Final = 32
"""Rows requested beyond the count of a search: they cost nothing, and a second scan is rarely needed for equal scores."""

_BLOCK: Final = 16
"""FAISS is ten times faster if the length of vectors is a multiple of this."""

_ROUNDING: Final = 1e-5
"""Largest difference between a product of a scan, in single precision, and the exact one."""


class TemplateIndex:
    """Templates and fields of the faces of one set.

    Templates have half precision as in the database, so the scan reads the numbers that are stored; products are summed in single
    precision. If the scoring has biases, two further components of a row hold the bias of its template, and a probe has ones there:
    the product is the score without the probe's bias. The best rows are ranked again by exact similarities. Rows have no order: the
    last row replaces a deleted one, so that a deletion moves no other rows.
    """

    def __init__(self, definitions: FieldDefinitions, scoring: Scoring = COSINES) -> None:
        self.version = 0
        self._scoring = scoring
        self._dimension = 1
        self._lowest_bias = 0.0
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
        if count > len(self._seqs) or dimension != self._dimension:
            self._resize(count, dimension)

    def row_bytes(self, dimension: int) -> int:
        """Return the size of a template of this length in bytes."""
        return self._width(dimension) * TEMPLATE_TYPE.itemsize

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

    def missing(self, seqs: Collection[int]) -> set[int]:
        """Return those sequence numbers that are not in the index."""
        return set(seqs) - set(self._seqs[self._positions(np.array([*seqs], np.int64))].tolist())

    def template(self, seq: int) -> Vector:
        """Return the template of a face that is in the index, shape (dimension,)."""
        return np.asarray(self._templates[self._position(seq), : self._dimension], np.float32)

    def nearest(self, probe: Vector, count: int, predicate: Predicate | None = None) -> Neighbours:
        """Return the most similar ``count`` faces that match a predicate.

        Of equal similarities the higher score comes first, and of equal scores the older face; it is preferred if only some of them
        are within ``count``.
        """
        mask = None if predicate is None else self._columns.matching(predicate, slice(self._count))
        selection = _Selection(self._scanner, self._templates, self._count, mask)
        count = min(count, selection.available)
        if count <= 0:
            return NOBODY
        faiss.omp_set_num_threads(1)  # per calling thread: requests run in parallel, one scan does not
        judge = Judge(self._scoring, probe, self._lowest_bias)
        scored, plain = self._extended(probe, 1), self._extended(probe, 0)

        def by_score(wanted: int) -> Found:
            rows, limit = selection.top(scored, wanted)
            return Found(rows, limit + judge.bias)

        def rank(rows: Rows) -> Neighbours:
            templates = self._templates[rows]
            return judge.rank(self._seqs[rows], templates[:, : self._dimension], self._biases(templates), count)

        return search(judge, by_score, lambda wanted: selection.top(plain, wanted), rank, count, _ROUNDING)

    def _extended(self, probe: Vector, bias_factor: float) -> Vector:
        """Return a probe as long as a row, with this factor of the row's bias."""
        vector = np.zeros(self._scanner.d, np.float32)
        vector[: self._dimension] = probe
        vector[self._dimension : self._dimension + 2] = bias_factor
        return vector

    def _biases(self, templates: npt.NDArray[np.float16]) -> npt.NDArray[np.float64]:
        """Return the biases in rows, shape (n,)."""
        if not self._scoring.identity:
            return np.zeros(len(templates))
        return np.asarray(templates[:, self._dimension : self._dimension + 2].astype(np.float64).sum(axis=1))

    def _add(self, changes: Changes, rows: Rows) -> None:
        count, dimension = self._count + rows.size, changes.templates.shape[1]
        if count > len(self._seqs) or dimension != self._dimension:
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
        self._templates[positions, : self._dimension] = changes.templates[rows]
        if self._scoring.identity:
            self._write_biases(positions, changes.templates[rows])
        indexes = rows.tolist()
        ids, fields = changes.external_image_ids, changes.fields
        self._columns.write(positions, [ids[row] for row in indexes], [fields[row] for row in indexes])

    def _write_biases(self, positions: Rows, templates: npt.NDArray[np.float16]) -> None:
        """Write biases as sums of two numbers of half precision."""
        biases = self._scoring.biases(templates)
        high = biases.astype(TEMPLATE_TYPE)
        self._templates[positions, self._dimension] = high
        self._templates[positions, self._dimension + 1] = biases - high
        self._lowest_bias = min(self._lowest_bias, float(biases.min(initial=0)))

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
            self._resize(count + count // _SPARE_FRACTION, self._dimension)

    def _resize(self, capacity: int, dimension: int) -> None:
        scanner, capacity = _scanner(self._width(dimension)), max(1, capacity)
        scanner.codes.resize(capacity * scanner.code_size)
        templates = faiss.rev_swig_ptr(scanner.codes.data(), capacity * scanner.code_size).view(TEMPLATE_TYPE)
        templates = templates.reshape(capacity, scanner.d)
        templates[: self._count] = self._templates[: self._count]
        scanner.ntotal = self._count
        self._scanner, self._templates, self._dimension = scanner, templates, dimension
        self._seqs = resized(self._seqs, capacity)
        self._columns.resize(capacity)

    def _width(self, dimension: int) -> int:
        """Return the length of a row with templates of this length."""
        return -(-(dimension + 2) // _BLOCK) * _BLOCK if self._scoring.identity else dimension


class _Selection:
    """The rows of an index that a mask admits, or all of them."""

    def __init__(
        self, scanner: faiss.IndexScalarQuantizer, templates: npt.NDArray[np.float16], count: int, mask: Mask | None
    ) -> None:
        self.available = count if mask is None else int(np.count_nonzero(mask))
        self._scanner = scanner
        self._count = count
        self._mask = None if self.available == count else mask
        self._rows: Rows | None = None
        if self._mask is not None and self.available * _COPY_RATIO < count:
            self._rows, self._mask = np.flatnonzero(self._mask), None
            self._scanner = _scanner(scanner.d)
            self._scanner.add_sa_codes(templates[self._rows].view(np.uint8))

    def top(self, vector: Vector, wanted: int) -> Found:
        """Return about ``wanted`` or more rows with the largest products with a vector, shape (d,)."""
        requested = min(wanted + _SPARE_ROWS, self.available)
        if self._mask is None:
            return self._top(vector, requested, self.available)
        # A masked scan takes three times as long as an unmasked one.
        unmasked = 2 * wanted * self._count // self.available + 20
        if unmasked <= min(_MAX_UNMASKED, self._count):
            found = self._top(vector, unmasked, self._count)
            return Found(found.rows[self._mask[found.rows]], found.limit)
        bits = np.packbits(self._mask, bitorder="little")
        selector = faiss.IDSelectorBitmap(self._count, faiss.swig_ptr(bits))
        parameters = faiss.SearchParameters()
        parameters.sel = selector  # the parameters do not keep the selector alive; this frame does
        return self._top(vector, requested, self.available, parameters)

    def _top(
        self, vector: Vector, requested: int, scanned: int, parameters: faiss.SearchParameters | None = None
    ) -> Found:
        """Scan for some of the ``scanned`` rows.

        FAISS returns any of the rows whose product equals the smallest one, so that is the limit.
        """
        products, positions = (rows[0] for rows in self._scanner.search(vector[None], requested, params=parameters))
        limit = -math.inf if requested == scanned else float(products[-1])
        return Found(positions if self._rows is None else self._rows[positions], limit)


def _scanner(dimension: int) -> faiss.IndexScalarQuantizer:
    return faiss.IndexScalarQuantizer(dimension, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT)
