"""The faces of an archive as a Parquet file: one row per face, in the order of enrolment.

=====================  ==================  =======================================================
column                 Parquet type        content
=====================  ==================  =======================================================
``face_id``            string              the public id
``external_image_id``  string
``left`` … ``height``  int32               the bounding box, in pixels
``fields``             string              the custom fields, as a JSON object
``created_at``         timestamp[us, UTC]  the time of enrolment
``template``           fixed_size_binary   the unit embedding, little-endian half precision
``crop``               binary              the crop of the image, a JPEG or null; only in sets that keep crops
=====================  ==================  =======================================================

The file metadata has a JSON object ``openfrs``: a :class:`Description`.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Annotated, Any, BinaryIO, Final

import numpy as np
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from openfrs.core.errors import OperatorError, ServiceError, missing_extra
from openfrs.core.geometry import BoundingBox
from openfrs.core.limits import FACE_SET_CAPACITY_STEP, MAX_CROP_BYTES
from openfrs.faces.faces import check_external_image_id
from openfrs.faces.fields import check_values, is_public_id
from openfrs.media.decoding.header import JPEG_SIGNATURE
from openfrs.store.faces.bulk import BATCH_SIZE
from openfrs.store.faces.changes import TEMPLATE_TYPE
from openfrs.store.faces.models import FaceSet, StoredFace
from openfrs.store.faces.predicate import FieldDefinitions

try:
    import pyarrow as pa
    import pyarrow.parquet as pq
except ImportError as error:
    raise missing_extra("archives need pyarrow, which is not installed", "archive") from error

_METADATA: Final = b"openfrs"
_SIDES: Final = ("left", "top", "width", "height")
_ROWS_IN_GROUP: Final = 8 * BATCH_SIZE
_NORM_TOLERANCE: Final = 0.01


class Description(BaseModel):
    """The face set of an archive, without its faces."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    public_id: str
    capacity: Annotated[int, Field(ge=FACE_SET_CAPACITY_STEP, multiple_of=FACE_SET_CAPACITY_STEP)]
    fields: dict[str, Any]
    created_at: AwareDatetime
    policy: dict[str, Any] | None
    retention: dict[str, Any] | None
    legal_hold: str | None
    embedder: str
    """The embedder of the templates; only templates of the same embedder can be compared."""

    alignment: Annotated[int, Field(ge=1)] = 1
    """The oldest alignment of the templates; archives of the first alignment do not state it."""

    crops: bool = False
    """True if the faces are kept with a crop of their image."""

    search_threshold: Annotated[float, Field(ge=0, le=1)] | None = None
    """Similarity that searches require if they name no threshold."""

    dimension: Annotated[int, Field(ge=0, le=4096)]
    """Dimension of a template; 0 if there are no faces."""

    faces: Annotated[int, Field(ge=0)]

    @classmethod
    def of(cls, face_set: FaceSet, dimension: int) -> "Description":
        """Describe a face set."""
        kept = cls.model_fields.keys() - {"fields", "dimension", "faces"}
        return cls(
            **{name: getattr(face_set, name) for name in kept},
            fields={name: dict(definition) for name, definition in face_set.fields.items()},
            dimension=dimension,
            faces=face_set.face_number,
        )


def write_table(file: BinaryIO, description: Description, faces: Iterable[Sequence[StoredFace]]) -> None:
    """Write faces in row groups, with one group in memory at a time."""
    schema = _schema(description).with_metadata({_METADATA: description.model_dump_json().encode()})
    with pq.ParquetWriter(file, schema, compression=_compression(schema), use_dictionary=False) as writer:
        group: list[StoredFace] = []
        for batch in faces:
            group += batch
            if len(group) >= (BATCH_SIZE if description.crops else _ROWS_IN_GROUP):
                writer.write_table(_table(group, schema), row_group_size=len(group))
                group.clear()
        if group:
            writer.write_table(_table(group, schema), row_group_size=len(group))


class FaceTable:
    """The Parquet file of a trusted archive."""

    def __init__(self, file: Any) -> None:
        """Read the description.

        Raises:
            OperatorError: The file does not have the schema of this release.
        """
        try:
            self._file = pq.ParquetFile(file)
            schema = self._file.schema_arrow
            self.description = Description.model_validate_json((schema.metadata or {})[_METADATA])
            same = schema.equals(_schema(self.description))
        except (pa.ArrowException, KeyError, ValidationError):
            same = False
        if not same or self._file.metadata.num_rows != self.description.faces:
            raise OperatorError("the archive's faces do not have the schema of this release")

    def faces(self, fields: FieldDefinitions) -> Iterator[Sequence[StoredFace]]:
        """Yield the faces in batches, checked against the custom fields.

        Raises:
            OperatorError: A face or template is invalid.
        """
        for batch in self._file.iter_batches(batch_size=BATCH_SIZE):
            columns = batch.to_pydict()
            templates = columns["template"]
            _check_templates(templates)
            crops = columns.pop("crop", [None] * len(templates))
            rows = zip(*(columns[name] for name in self._file.schema_arrow.names if name != "crop"), strict=True)
            yield [_face(row, crop, fields) for row, crop in zip(rows, crops, strict=True)]


def _face(row: Sequence[Any], crop: bytes | None, fields: FieldDefinitions) -> StoredFace:
    face_id, external_image_id, left, top, width, height, text, created_at, template = row
    invalid = OperatorError("the archive has an invalid face")
    try:
        check_external_image_id(external_image_id)
        values = check_values(json.loads(text), fields)
    except (ServiceError, ValueError, AttributeError):
        raise invalid from None
    if not is_public_id(face_id) or not _is_crop(crop):
        raise invalid
    box = BoundingBox(left, top, width, height)
    return StoredFace(face_id, external_image_id, box, values, created_at, template, crop)


def _is_crop(crop: bytes | None) -> bool:
    """Return whether a value can be a crop; the bytes are sent to browsers as a JPEG."""
    return crop is None or (len(crop) <= MAX_CROP_BYTES and crop.startswith(JPEG_SIGNATURE))


def _check_templates(templates: Sequence[bytes]) -> None:
    """Reject vectors that are not unit vectors: every search would return them, or none."""
    vectors = np.frombuffer(b"".join(templates), TEMPLATE_TYPE).reshape(len(templates), -1).astype(np.float32)
    if not np.all(np.abs(np.linalg.norm(vectors, axis=1) - 1) <= _NORM_TOLERANCE):  # NaN fails too
        raise OperatorError("the archive has a template that is not a unit vector")


def _table(faces: Sequence[StoredFace], schema: Any) -> Any:
    columns: dict[str, Sequence[Any]] = {
        "face_id": [face.face_id for face in faces],
        "external_image_id": [face.external_image_id for face in faces],
        **{side: [getattr(face.box, side) for face in faces] for side in _SIDES},
        "fields": [json.dumps(face.fields) for face in faces],
        "created_at": [face.created_at for face in faces],
        "template": [face.template for face in faces],
    }
    if "crop" in schema.names:
        columns["crop"] = [face.crop for face in faces]
    return pa.table(columns, schema=schema)


def _schema(description: Description) -> Any:
    columns = [
        ("face_id", pa.string()),
        ("external_image_id", pa.string()),
        *((side, pa.int32()) for side in _SIDES),
        ("fields", pa.string()),
        ("created_at", pa.timestamp("us", "UTC")),
        ("template", pa.binary(max(1, description.dimension) * TEMPLATE_TYPE.itemsize)),
    ]
    fields = [pa.field(name, kind, nullable=False) for name, kind in columns]
    return pa.schema([*fields, pa.field("crop", pa.binary())] if description.crops else fields)


def _compression(schema: Any) -> Mapping[str, str]:
    """Return the compression by column; templates and crops are incompressible."""
    return {name: "none" if name in {"template", "crop"} else "zstd" for name in schema.names}
