"""Labels of imported faces: the external image id and custom fields that a source gives, compared with those of the face set."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from openfrs.core.text import plain
from openfrs.faces.external_ids import external_id_of, normalised_name
from openfrs.faces.faces import Faces
from openfrs.faces.fields import check_values, parse_values
from openfrs.store.faces.models import Face, FaceSet
from openfrs.store.index.columns import FieldType, field_type

from .items import Item, SourceError, check_name


@dataclass(frozen=True, slots=True)
class Label:
    """The labels that a source gives an image; ``name`` is the person's name, in NFC and without control characters."""

    name: str | None
    external_image_id: str | None
    fields: Mapping[str, Any]

    def changes_of(self, face: Face) -> dict[str, tuple[Any, Any]]:
        """Return the values of a face that differ from the label, as pairs of the stored and the new value."""
        changes = {
            name: (face.fields.get(name), value)
            for name, value in self.fields.items()
            if face.fields.get(name) != value
        }
        if self.external_image_id not in {None, face.external_image_id}:
            changes["external_image_id"] = (face.external_image_id, self.external_image_id)
        return changes


class Labels:
    """The labels of the items of one import; ``name_field`` is the custom field that keeps the names of people."""

    def __init__(self, faces: Faces, face_set: FaceSet, name_field: str) -> None:
        self._faces = faces
        self._face_set = face_set
        self._names: dict[str, str] = {}
        self._checked: set[str] = set()
        fields = face_set.fields
        keeps_names = name_field in fields and field_type(fields, name_field) is FieldType.STRING
        self._name_field = name_field if keeps_names else None

    def of(self, item: Item, stored: Sequence[Face]) -> Label:
        """Return the label of an item, whose faces in the set are ``stored``.

        Raises:
            SourceError: The person's name is not UTF-8, or another name has its external image id.
            ServiceError: The custom fields are invalid.
        """
        definitions = self._face_set.fields
        fields: Mapping[str, Any] = (
            check_values(item.fields, definitions) if item.typed else parse_values(item.fields, definitions)
        )
        if item.person is None:
            return Label(None, None, fields)
        check_name(item.person)
        image_id = external_id_of(item.person)
        name = plain(normalised_name(item.person), " ")
        if self._name_field is None or self._name_field in fields:
            return Label(name, image_id, fields)
        self._check_owner(image_id, name, stored)
        return Label(name, image_id, {self._name_field: name, **fields})

    def is_kept(self, label: Label) -> bool:
        """Return whether the name can be read from the label."""
        return label.name in {None, label.external_image_id} or self._name_field in label.fields

    def without_new_name(self, label: Label, faces: Sequence[Face]) -> Label:
        """Return a label without the name if stored faces, which carry its id, were enrolled without a name."""
        if self._name_field is None or any(self._name_field in face.fields for face in faces):
            return label
        fields = {name: value for name, value in label.fields.items() if name != self._name_field}
        return Label(label.name, label.external_image_id, fields)

    def _check_owner(self, image_id: str, name: str, stored: Sequence[Face]) -> None:
        """Raise ``SourceError`` if an external image id is that of another name."""
        owners = [self._names.setdefault(image_id, name)]
        if image_id not in self._checked:
            own = {face.face_id for face in stored}
            others = (face for face in self._faces.named(self._face_set, image_id) if face.face_id not in own)
            owners += [str(face.fields.get(self._name_field or "", name)) for face in others]
        other = next((owner for owner in owners if owner != name), None)
        if other is not None:
            raise SourceError(f"conflict: {name} and {other} have the external_image_id {image_id}; rename one of them")
        self._checked.add(image_id)
