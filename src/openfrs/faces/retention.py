"""Retention of faces: rules, legal holds, and the deletion of expired faces."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, ClassVar, Final

from pydantic import Field, model_validator

from openfrs.accounts.audit.log import AuditLog
from openfrs.core.clock import Clock
from openfrs.core.errors import ServiceError, wrong_format
from openfrs.core.text import is_plain
from openfrs.store.db.errors import StoreUnavailableError
from openfrs.store.faces.deletions import Cause, Deletion, DeletionRepository, HeldError
from openfrs.store.faces.models import FaceSet, SetMissingError
from openfrs.store.faces.predicate import FieldDefinitions, FieldValue
from openfrs.store.faces.repository import FaceRepository
from openfrs.store.index.columns import FieldType, field_type

from .errors import translated_errors
from .face_sets import FaceSets
from .fields import displayed_name
from .stored_model import StoredModel

HOLD_REASON_LENGTH: Final = 256

_BATCH: Final = 500
"""Faces deleted in one transaction; other writers run between two of them."""


class RetentionRule(StoredModel):
    """Expiry of faces ``days`` after enrolment or, with a ``date_field``, after the date in that custom field."""

    parameter: ClassVar[str] = "retention"

    days: Annotated[int, Field(ge=0, le=36_500)] | None = None
    date_field: str | None = None

    @model_validator(mode="after")
    def _check_start(self) -> "RetentionRule":
        if self.days is None and self.date_field is None:
            raise ValueError("give days, date_field or both")
        if self.date_field is None and self.days == 0:
            raise ValueError("without date_field days must be 1 or more")
        return self

    @property
    def cause(self) -> Cause:
        """The cause in records of deletions."""
        return Cause.AGE if self.date_field is None else Cause.DATE

    def expires_at(self, created_at: datetime, fields: Mapping[str, FieldValue]) -> datetime | None:
        """Return when a face expires, in UTC; None if it has no date and never expires."""
        start = created_at if self.date_field is None else parse_date(fields.get(self.date_field))
        try:
            return None if start is None else start + timedelta(days=self.days or 0)
        except OverflowError:
            return None

    def latest_enrolment(self, now: datetime) -> datetime | None:
        """Return the latest enrolment time of a face that has expired by ``now``; None if any face may have expired."""
        return None if self.date_field is not None or self.days is None else now - timedelta(days=self.days)


@dataclass(frozen=True, slots=True)
class RetentionResult:
    """The outcome of a rule for one face set.

    ``deleted`` counts the faces deleted, or in a dry run those to delete; ``held`` the expired faces that a legal hold keeps;
    ``undated`` the faces without a date, which never expire.
    """

    project_id: str
    face_set: str
    rule: Cause
    deleted: int
    held: int
    undated: int


class Retention:
    """Retention rules, legal holds and records of deletions."""

    def __init__(self, face_sets: FaceSets, repository: FaceRepository, deletions: DeletionRepository) -> None:
        self._face_sets = face_sets
        self._repository = repository
        self._deletions = deletions

    def get_settings(self, project_id: str, set_name: str) -> tuple[RetentionRule | None, str | None]:
        """Return a set's rule and the reason for its legal hold, each None if there is none.

        Raises:
            ServiceError: ``FRS.0302``
        """
        face_set = self._face_sets.require(project_id, set_name)
        return _rule(face_set), face_set.legal_hold

    def set_rule(self, project_id: str, set_name: str, values: Mapping[str, Any] | None) -> None:
        """Replace or, with None, remove a set's rule. It also applies to faces enrolled before.

        Raises:
            ServiceError: ``FRS.0302``, ``FRS.0405`` the date field is not declared, ``FRS.0012`` the rule is invalid or the
                field's type cannot hold dates.
        """
        rule = None if values is None else RetentionRule.parse(values)
        face_set = self._face_sets.require(project_id, set_name)
        if rule is not None and rule.date_field is not None:
            _check_date_field(rule.date_field, face_set.fields)
        with translated_errors(set_name):
            self._repository.set_retention(face_set.id, None if rule is None else rule.to_store())

    def set_hold(self, project_id: str, set_name: str, reason: str | None) -> None:
        """Put a set under legal hold or, with None, release it.

        Raises:
            ServiceError: ``FRS.0302``, ``FRS.0012`` the reason is empty, too long or has control characters.
        """
        if reason is not None and not (0 < len(reason) <= HOLD_REASON_LENGTH and is_plain(reason)):
            raise wrong_format("reason", f"must be 1 to {HOLD_REASON_LENGTH} characters without control characters")
        face_set = self._face_sets.require(project_id, set_name)
        with translated_errors(set_name):
            self._repository.set_legal_hold(face_set.id, reason)

    def list_deletions(self, project_id: str, *, before: int | None, limit: int) -> list[Deletion]:
        """Return a project's records of deletions with ids below ``before``, newest first."""
        return self._deletions.list_page(project_id, before=before, limit=limit)


class RetentionJob:
    """Deletion of expired faces in all face sets."""

    def __init__(self, repository: FaceRepository, clock: Clock) -> None:
        self._repository = repository
        self._clock = clock

    def run(self, *, dry_run: bool = False) -> Iterator[RetentionResult]:
        """Delete the expired faces of each set that has a rule, and yield a result for each set.

        If the store fails within a set, its result so far is yielded before the error is raised.

        Raises:
            StoreUnavailableError
        """
        now = self._clock()
        for face_set in self._repository.sets_with_retention():
            rule = _rule(face_set)
            assert rule is not None
            expired, undated = self._expired(face_set, rule, now)
            deleted, held, failure = 0, 0, None
            if face_set.legal_hold is not None:
                held = len(expired)
            elif dry_run:
                deleted = len(expired)
            else:
                try:
                    for count in self._delete(face_set, rule, expired, now):
                        deleted += count
                except SetMissingError:
                    pass  # deleted since the sets were listed
                except HeldError:
                    held = len(expired) - deleted
                except StoreUnavailableError as error:
                    failure = error
            yield RetentionResult(face_set.project_id, face_set.name, rule.cause, deleted, held, undated)
            if failure is not None:
                raise failure

    def run_audited(self, audit: AuditLog) -> Iterator[RetentionResult]:
        """Run as :meth:`run`, and write an audit entry for each set with expired faces.

        Raises:
            StoreUnavailableError
        """
        for result in self.run():
            if result.deleted or result.held:
                audit.record(
                    "retention",
                    project_id=result.project_id,
                    face_set=result.face_set,
                    rule=result.rule,
                    faces=result.deleted,
                    held=result.held,
                )
            yield result

    def _expired(self, face_set: FaceSet, rule: RetentionRule, now: datetime) -> tuple[list[int], int]:
        """Return the sequence numbers of the expired faces, and the number of faces without a date."""
        expired, undated = list[int](), 0
        faces = self._repository.iter_dated_faces(face_set.id, enrolled_by=rule.latest_enrolment(now))
        for seq, created_at, fields in faces:
            expires_at = rule.expires_at(created_at, fields)
            undated += expires_at is None
            if expires_at is not None and expires_at <= now:
                expired.append(seq)
        return expired, undated

    def _delete(self, face_set: FaceSet, rule: RetentionRule, seqs: Sequence[int], now: datetime) -> Iterator[int]:
        """Delete faces in batches and yield the size of each.

        Each transaction checks the set's rule and the faces' dates again, because both may have changed.
        """

        def is_expired(created_at: datetime, fields: Mapping[str, FieldValue]) -> bool:
            expires_at = rule.expires_at(created_at, fields)
            return expires_at is not None and expires_at <= now

        for first in range(0, len(seqs), _BATCH):
            batch = seqs[first : first + _BATCH]
            yield self._repository.delete_expired(face_set, batch, is_expired, rule.cause)


def parse_date(value: FieldValue | None) -> datetime | None:
    """Return the time in a custom field, in UTC; None if it holds none.

    A time is an ISO 8601 date or time, or seconds since 1970. A date without a time stands for the end of that day in UTC.
    """
    try:
        if isinstance(value, str):
            time = datetime.fromisoformat(value)
            time = time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
            is_date = len(value) <= len("2026-01-01")
            return time + timedelta(days=1) if is_date else time
        if isinstance(value, int) and not isinstance(value, bool):
            return datetime.fromtimestamp(value, UTC)
    except (ValueError, OverflowError, OSError):
        pass
    return None


def _rule(face_set: FaceSet) -> RetentionRule | None:
    return None if face_set.retention is None else RetentionRule.parse(face_set.retention)


def _check_date_field(name: str, definitions: FieldDefinitions) -> None:
    if name not in definitions:
        raise ServiceError("FRS.0405", displayed_name(name))
    if field_type(definitions, name) not in {FieldType.STRING, FieldType.LONG}:
        raise wrong_format("retention.date_field", "the field must be of type string or long")
