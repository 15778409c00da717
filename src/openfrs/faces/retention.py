"""How long face sets keep their faces: rules, legal holds, and deleting what has expired."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from sqlalchemy import Connection

from openfrs.accounts.audit.log import AuditLog
from openfrs.core.errors import ServiceError, wrong_format
from openfrs.store.db.errors import StoreUnavailableError
from openfrs.store.faces.deletions import Cause, Deletion, DeletionRepository, HeldError
from openfrs.store.faces.models import FaceSet, SetMissingError
from openfrs.store.faces.predicate import FieldDefinitions, FieldValue
from openfrs.store.faces.repository import Clock, FaceRepository
from openfrs.store.faces.snapshot import iter_dated_faces, load_face_set
from openfrs.store.index.columns import FieldType, field_type

from .face_sets import FaceSets, missing_set
from .fields import shown

HOLD_REASON_LENGTH: Final = 256

_PIECE: Final = 500
"""Faces deleted at a time: others write in between."""


class Rule(BaseModel):
    """When faces expire: ``days`` after they were enrolled or, with a ``date_field``, after the date that the field holds."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", hide_input_in_errors=True)

    days: Annotated[int, Field(ge=0, le=36_500)] | None = None
    date_field: str | None = None

    @model_validator(mode="after")
    def _says_when(self) -> "Rule":
        if self.days is None and self.date_field is None:
            raise ValueError("give days, date_field or both")
        if self.date_field is None and self.days == 0:
            raise ValueError("without date_field days must be 1 or more")
        return self

    @property
    def cause(self) -> Cause:
        """What records of deletions name it by."""
        return Cause.AGE if self.date_field is None else Cause.DATE

    def expires_at(self, created_at: datetime, fields: Mapping[str, FieldValue]) -> datetime | None:
        """When a face expires, in UTC; None if it has no date, and so never does."""
        start = created_at if self.date_field is None else date_of(fields.get(self.date_field))
        try:
            return None if start is None else start + timedelta(days=self.days or 0)
        except OverflowError:
            return None

    def enrolled_by(self, now: datetime) -> datetime | None:
        """When faces that have expired by now were enrolled, at the latest; None if that says nothing."""
        return None if self.date_field is not None or self.days is None else now - timedelta(days=self.days)

    def stored(self) -> dict[str, Any]:
        """The rule as :func:`rule_of` reads it."""
        return self.model_dump(exclude_none=True)


@dataclass(frozen=True, slots=True)
class Expiry:
    """What a rule made of a set.

    So many faces were ``deleted``, or would be; ``held`` ones have expired and stay because the set is under legal hold;
    ``undated`` ones have no date, and so never expire.
    """

    project_id: str
    face_set: str
    rule: Cause
    deleted: int
    held: int
    undated: int


class Retention:
    """The rules and legal holds of face sets, and the records of what was deleted."""

    def __init__(self, face_sets: FaceSets, repository: FaceRepository, deletions: DeletionRepository) -> None:
        self._face_sets = face_sets
        self._repository = repository
        self._deletions = deletions

    def of(self, project_id: str, set_name: str) -> tuple[Rule | None, str | None]:
        """The rule of a set, and why it is under legal hold; None for what it has not.

        Raises:
            ServiceError: ``FRS.0302``
        """
        face_set = self._face_sets.require(project_id, set_name)
        return _rule(face_set), face_set.legal_hold

    def set_rule(self, project_id: str, set_name: str, values: Mapping[str, Any] | None) -> None:
        """Give a set a rule in place of any other, or none; it holds for faces enrolled before, too.

        Raises:
            ServiceError: ``FRS.0302``, ``FRS.0012`` it is no rule, or its field can hold no dates.
        """
        rule = None if values is None else rule_of(values)
        face_set = self._face_sets.require(project_id, set_name)
        if rule is not None and rule.date_field is not None:
            _check_field(rule.date_field, face_set.fields)
        try:
            self._repository.set_retention(face_set.id, None if rule is None else rule.stored())
        except SetMissingError:
            raise missing_set(set_name) from None

    def hold(self, project_id: str, set_name: str, reason: str | None) -> None:
        """Put a set under legal hold, or release it.

        Raises:
            ServiceError: ``FRS.0302``, ``FRS.0012`` the reason is empty or too long.
        """
        if reason is not None and not (0 < len(reason) <= HOLD_REASON_LENGTH and reason.isprintable()):
            raise wrong_format("reason", f"must be 1 to {HOLD_REASON_LENGTH} printable characters")
        face_set = self._face_sets.require(project_id, set_name)
        try:
            self._repository.set_legal_hold(face_set.id, reason)
        except SetMissingError:
            raise missing_set(set_name) from None

    def deletions(self, project_id: str, *, before: int | None, limit: int) -> list[Deletion]:
        """A project's records of deletions, newest first, older than that of an id."""
        return self._deletions.page(project_id, before=before, limit=limit)


class Expiration:
    """Deleting what has expired."""

    def __init__(self, repository: FaceRepository, clock: Clock) -> None:
        self._repository = repository
        self._clock = clock

    def run(self, *, dry: bool = False) -> Iterator[Expiry]:
        """Delete what has expired from all face sets that have a rule, or only say what would be deleted.

        What was deleted of a set before the store failed is told, too.

        Raises:
            StoreUnavailableError
        """
        now = self._clock()
        for face_set in self._repository.ruled_sets():
            rule = _rule(face_set)
            assert rule is not None
            expired, undated = self._expired(face_set, rule, now)
            deleted, held, failure = 0, 0, None
            if face_set.legal_hold is not None:
                held = len(expired)
            elif dry:
                deleted = len(expired)
            else:
                try:
                    for count in self._delete(face_set, rule, expired, now):
                        deleted += count
                except SetMissingError:
                    pass  # somebody has deleted it meanwhile
                except HeldError:
                    held = len(expired) - deleted
                except StoreUnavailableError as error:
                    failure = error
            yield Expiry(face_set.project_id, face_set.name, rule.cause, deleted, held, undated)
            if failure is not None:
                raise failure

    def _expired(self, face_set: FaceSet, rule: Rule, now: datetime) -> tuple[list[int], int]:
        """Sequence numbers of the faces that have expired, and how many faces have no date."""
        expired, undated = list[int](), 0
        with self._repository.snapshot() as snapshot:
            faces = iter_dated_faces(snapshot, face_set.id, enrolled_by=rule.enrolled_by(now))
            for seq, created_at, fields in faces:
                at = rule.expires_at(created_at, fields)
                undated += at is None
                if at is not None and at <= now:
                    expired.append(seq)
        return expired, undated

    def _delete(self, face_set: FaceSet, rule: Rule, expired: Sequence[int], now: datetime) -> Iterator[int]:
        """Delete those faces, if by what is stored of them and of their set they have still expired; how many, of each piece."""
        for first in range(0, len(expired), _PIECE):
            some = expired[first : first + _PIECE]

            def choose(connection: Connection, some: Sequence[int] = some) -> list[int]:
                if _rule(load_face_set(connection, face_set.id)) != rule:
                    return []  # changed since: the next run goes by it
                faces = iter_dated_faces(connection, face_set.id, some)
                dates = ((seq, rule.expires_at(created_at, fields)) for seq, created_at, fields in faces)
                return [seq for seq, at in dates if at is not None and at <= now]

            yield self._repository.delete_chosen(face_set.id, choose, rule.cause)


def audited(expiration: Expiration, audit: AuditLog) -> Iterator[Expiry]:
    """Delete what has expired, with an entry of the audit log for each set that something was found in."""
    for expiry in expiration.run():
        if expiry.deleted or expiry.held:
            audit.record(
                "retention",
                project_id=expiry.project_id,
                face_set=expiry.face_set,
                rule=expiry.rule,
                faces=expiry.deleted,
                held=expiry.held,
            )
        yield expiry


def rule_of(values: Mapping[str, Any]) -> Rule:
    """A rule as a client writes it, or as it was stored.

    Raises:
        ServiceError: ``FRS.0012``
    """
    try:
        return Rule.model_validate({name: value for name, value in values.items() if value is not None})
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
    if first["type"] == "extra_forbidden":
        raise wrong_format("retention", f"it may hold {', '.join(Rule.model_fields)}")
    raise wrong_format(".".join(["retention", *map(str, first["loc"][:1])]), first["msg"])


def date_of(value: FieldValue | None) -> datetime | None:
    """The moment that a custom field names, in UTC: an ISO 8601 date or time, or seconds since 1970; None if it names none.

    A date without a time is over when the day is, in UTC.
    """
    try:
        if isinstance(value, str):
            moment = datetime.fromisoformat(value)
            if moment.tzinfo is not None:
                moment = moment.astimezone(UTC).replace(tzinfo=None)
            return moment + timedelta(days=len(value) <= len("2026-01-01"))
        if isinstance(value, int) and not isinstance(value, bool):
            return datetime.fromtimestamp(value, UTC).replace(tzinfo=None)
    except (ValueError, OverflowError, OSError):
        pass
    return None


def _rule(face_set: FaceSet) -> Rule | None:
    return None if face_set.retention is None else rule_of(face_set.retention)


def _check_field(name: str, definitions: FieldDefinitions) -> None:
    if name not in definitions:
        raise ServiceError("FRS.0405", shown(name))
    if field_type(definitions, name) not in {FieldType.STRING, FieldType.LONG}:
        raise wrong_format("retention.date_field", "the field must be of type string or long")
