"""Deletion of expired faces, and the report of deletions. Servers may run."""

from collections.abc import Iterator

from openfrs.accounts.audit.database_log import open_audit
from openfrs.core.clock import Clock, utc_now
from openfrs.core.errors import OperatorError
from openfrs.core.settings import Settings
from openfrs.faces.retention import RetentionJob, RetentionResult
from openfrs.operations.lookup import project_or_first
from openfrs.store.clock import ClockWatch
from openfrs.store.faces.deletions import Deletion, DeletionRepository
from openfrs.store.faces.repository import FaceRepository
from openfrs.store.faces.templates import Templates
from openfrs.store.opening import live_database, load_master_key


def run_retention(
    settings: Settings, *, dry: bool, trust_clock: bool = False, clock: Clock = utc_now
) -> Iterator[RetentionResult]:
    """Delete expired faces and yield the count of each face set and rule; a ``dry`` run deletes nothing.

    ``trust_clock`` accepts a clock that is far beyond the newest write.

    Raises:
        OperatorError: The database cannot be used, the clock is not plausible, or a reader keeps deleted data in the write-ahead
            log.
    """
    with live_database(settings) as database:
        job = RetentionJob(FaceRepository(database, Templates(load_master_key(settings)), clock=clock), clock)
        if dry:
            yield from job.run(dry_run=True)
            return
        watch = ClockWatch(database, clock)
        if trust_clock:
            watch.trust()
        elif (hold := watch.check()) is not None:
            raise OperatorError(f"{hold}; set the clock, or accept it with --trust-clock")
        audit = open_audit(settings, database)
        try:
            yield from job.run_audited(audit)
        finally:
            audit.close()
        if not database.truncate_log():
            raise OperatorError(
                "deleted data remains in the database's write-ahead log because a reader is active; run the command again"
            )


def deletion_report(
    settings: Settings, project_id: str | None, *, known: str | None = None
) -> Iterator[tuple[Deletion, int]]:
    """Yield a project's deletion records, oldest first, each with the number of its ids that are enrolled again.

    Raises:
        OperatorError: A record was altered, no record has the digest ``known``, or the database cannot be used.
    """
    with live_database(settings) as database:
        project_id = project_or_first(settings, database, project_id)
        deletions = DeletionRepository(database)
        is_known = known is None
        for deletion in deletions.iter_verified(project_id):
            is_known = is_known or deletion.digest == known
            yield deletion, deletions.count_present(deletion)
    if not is_known:
        raise OperatorError(f"no record has the digest {known}; records were removed or rewritten")
