"""Composition root: the services over one data directory and one set of models."""

from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from limits.storage import Storage
from sqlalchemy import text

from openfrs.accounts.administration import Administration
from openfrs.accounts.audit.database_log import open_audit
from openfrs.accounts.audit.log import AuditLog
from openfrs.accounts.authentication import Authenticator
from openfrs.accounts.bootstrap import create_first_account
from openfrs.accounts.console_sessions import ConsoleSessions
from openfrs.accounts.counters import Counters, open_counters
from openfrs.accounts.failed_logins import FailedLogins
from openfrs.accounts.keyring import Keyring, open_keyring
from openfrs.accounts.logins import LoginQueue
from openfrs.accounts.openid.sign_in import OpenIdSignIn
from openfrs.accounts.own_limits import OwnLimits
from openfrs.accounts.quotas import ProjectLimits, Quotas
from openfrs.accounts.replays import ReplayGuard
from openfrs.accounts.throttle import Throttle
from openfrs.accounts.tokens import TokenIssuer
from openfrs.accounts.usage import UsageCounter
from openfrs.core.admission import Admission
from openfrs.core.clock import Clock, utc_now
from openfrs.core.errors import ServiceError
from openfrs.core.settings import Settings
from openfrs.faces.crops import Crops
from openfrs.faces.face_sets import FaceSets
from openfrs.faces.faces import Faces
from openfrs.faces.people import People
from openfrs.faces.policies import Policies
from openfrs.faces.retention import Retention, RetentionJob
from openfrs.faces.risk import Risks
from openfrs.faces.search import Search
from openfrs.media.fetching.fetcher import Fetcher
from openfrs.media.fetching.rules import FetchRules
from openfrs.recognition.executor import Executor
from openfrs.recognition.liveness.checks import ActionLiveness, SilentLiveness
from openfrs.recognition.liveness.sessions import LivenessSessions
from openfrs.recognition.recognizer import Recognizer, WorkLimits
from openfrs.recognition.scale import Scale, load_scale
from openfrs.recognition.threads import ThreadExecutor
from openfrs.store.accounts import AccountRepository
from openfrs.store.clock import ClockWatch
from openfrs.store.data_directory import DataDirectory
from openfrs.store.db.base import Database
from openfrs.store.db.errors import StoreUnavailableError
from openfrs.store.db.short_reads import ShortReads
from openfrs.store.faces.crops import CropRepository
from openfrs.store.faces.deletions import DeletionRepository
from openfrs.store.faces.occupancy import Occupancy, read_occupancies
from openfrs.store.faces.people import PeopleRepository
from openfrs.store.faces.repository import FaceRepository
from openfrs.store.faces.templates import Templates
from openfrs.store.index.search import Galleries
from openfrs.store.liveness_sessions import LivenessSessionRepository
from openfrs.store.opening import load_master_key, open_database, open_milvus_index
from openfrs.vision.weights.cache import WeightCache
from openfrs.vision.weights.manifest import Manifest, manifest

if TYPE_CHECKING:  # pymilvus is optional, and a server's process loads no models
    from openfrs.store.index.milvus.search import MilvusIndex
    from openfrs.vision.pipeline import Pipeline


@dataclass(frozen=True)
class Readiness:
    """The state of the models and of the store, for the readiness probe."""

    _executor: Executor
    _database: Database
    _index: "MilvusIndex | None"

    @property
    def models_are_loaded(self) -> bool:
        """True if images need not wait for models."""
        return self._executor.is_ready

    def store_responds(self) -> bool:
        """Return True if the database answers a query."""
        try:
            with self._database.read() as connection:
                connection.execute(text("select 1"))
        except StoreUnavailableError:
            return False
        return True

    @property
    def milvus_responds(self) -> bool:
        """True if the Milvus server answered last time, or none is used."""
        return self._index is None or self._index.milvus.is_connected


@dataclass(frozen=True)
class Services:
    """All services of a process. Routes receive theirs from :mod:`openfrs.api.dependencies`."""

    admission: Admission
    authenticator: Authenticator
    login_queue: LoginQueue
    console_sessions: ConsoleSessions
    openid: OpenIdSignIn | None
    """Sign-in with an OpenID Connect provider, if one is configured."""

    failed_logins: FailedLogins
    administration: Administration
    own_limits: OwnLimits
    quotas: Quotas
    audit: AuditLog
    fetcher: Fetcher
    usage: UsageCounter
    recognizer: Recognizer
    face_sets: FaceSets
    faces: Faces
    crops: Crops
    people: People
    search: Search
    risks: Risks
    silent_liveness: SilentLiveness
    action_liveness: ActionLiveness
    liveness_sessions: LivenessSessions
    policies: Policies
    retention: Retention
    retention_job: RetentionJob
    clock_watch: ClockWatch
    index: "MilvusIndex | None"
    """The index of face sets on a Milvus server, if one is used."""

    short_reads: ShortReads
    readiness: Readiness
    manifest: Manifest
    """The weights and embedders that the settings allow."""

    samples: Path
    """Folder of the sample photos; it may not exist."""

    _counters: Counters
    _accounts: AccountRepository
    _database: Database
    _settings: Settings

    @classmethod
    def open(cls, settings: Settings, pipeline: "Pipeline", *, clock: Clock = utc_now) -> "Services":
        """Open the services with models on threads of this process; otherwise as :meth:`compose`.

        Raises:
            OperatorError: the database or the keyring cannot be used.
        """
        threads, queue, large_queue = settings.threads, settings.queue, settings.large_queue
        executor = ThreadExecutor(pipeline, threads=threads, queue=queue, large_queue=large_queue)
        return cls.compose(settings, executor, clock=clock)

    @classmethod
    def compose(cls, settings: Settings, executor: Executor, *, clock: Clock = utc_now) -> "Services":
        """Open the store and the keys of the data directory, which must exist. ``clock`` dates enrolments and expiry.

        The services close the executor when they are closed.

        Raises:
            OperatorError: the database or the keyring cannot be used.
        """
        templates = Templates(load_master_key(settings))
        database, keyring = _open_data(settings)
        accounts, repository = AccountRepository(database), FaceRepository(database, templates, clock=clock)
        scale = load_scale(executor.models.embedder_source)
        recognizer = Recognizer(executor, scale, WorkLimits.from_settings(settings))
        index = open_milvus_index(settings, database, repository, scale)
        galleries = _galleries(settings, repository, index, scale)
        face_sets = FaceSets(repository, galleries, embedder=executor.models.embedder)
        counters = open_counters(settings)
        audit = open_audit(settings, database)
        failed_logins = FailedLogins(audit)
        issuer = TokenIssuer(keyring, timedelta(hours=settings.token_hours))
        authenticator = _authenticator(settings, accounts, issuer, keyring, counters.evidence, failed_logins)
        administration = Administration(accounts, keyring, ProjectLimits.from_settings(settings))
        action_liveness = ActionLiveness(recognizer)
        return cls(
            admission=Admission(
                requests=settings.requests, body_bytes=settings.body_memory, address_share=settings.address_share
            ),
            authenticator=authenticator,
            login_queue=LoginQueue(authenticator, failed_logins),
            console_sessions=ConsoleSessions(authenticator, keyring),
            openid=OpenIdSignIn(settings, accounts, administration, issuer) if settings.oidc_issuer else None,
            failed_logins=failed_logins,
            administration=administration,
            own_limits=OwnLimits(administration, ProjectLimits.from_settings(settings), settings.operator_domain),
            quotas=Quotas(counters.rates),
            audit=audit,
            fetcher=Fetcher(FetchRules.from_settings(settings)),
            usage=UsageCounter(counters.rates),
            recognizer=recognizer,
            face_sets=face_sets,
            faces=Faces(face_sets, repository, galleries, recognizer),
            crops=Crops(face_sets, CropRepository(database, templates, clock=clock)),
            people=People(face_sets, PeopleRepository(database), repository, galleries),
            search=Search(face_sets, galleries, recognizer),
            risks=Risks(face_sets, galleries, recognizer),
            silent_liveness=SilentLiveness(recognizer),
            action_liveness=action_liveness,
            liveness_sessions=_liveness_sessions(settings, database, action_liveness),
            policies=Policies(face_sets, repository, galleries, recognizer),
            retention=Retention(face_sets, repository, DeletionRepository(database)),
            retention_job=RetentionJob(repository, clock),
            clock_watch=ClockWatch(database, clock),
            index=index,
            short_reads=repository.short_reads,
            readiness=Readiness(executor, database, index),
            manifest=manifest() if settings.unattributed_weights else manifest().attributed(),
            samples=WeightCache.open(settings.models).samples,
            _counters=counters,
            _accounts=accounts,
            _database=database,
            _settings=settings,
        )

    def exclusive(self, job: str) -> AbstractContextManager[bool]:
        """Try to lock a job among all processes that use the database; yield whether this process holds the lock.

        Raises:
            StoreUnavailableError
        """
        return self._database.exclusive(job)

    def read_occupancies(self) -> list[Occupancy]:
        """Return the occupancy of every face set, the fullest first.

        Raises:
            StoreUnavailableError
        """
        with self._database.read() as connection:
            return read_occupancies(connection)

    def prune(self, now: datetime) -> None:
        """Delete old entries of the audit log, and records of revoked tokens that have expired.

        Raises:
            OSError: a file cannot be deleted.
            StoreUnavailableError
        """
        self.audit.prune(now, self._settings.audit_days)
        self._accounts.delete_expired_revocations(now)

    def bootstrap(self, endpoint: str) -> bool:
        """Create the first account and ``credentials.json`` if there is no account; return True if it did."""
        return _bootstrap(self.administration, self._accounts, self._settings, endpoint)

    def close(self) -> None:
        """Finish work in progress and close the store."""
        self.login_queue.close()
        self.authenticator.close()
        self.recognizer.close()
        self.failed_logins.flush()
        self.audit.close()
        if self.index is not None:
            self.index.close()
        self._counters.close()
        self._database.close()


def _galleries(settings: Settings, repository: FaceRepository, index: "MilvusIndex | None", scale: Scale) -> Galleries:
    if index is None:
        return Galleries.in_memory(repository, settings.index_memory, settings.threads, scale)
    return index.galleries(settings.index_memory, settings.threads)


def _authenticator(
    settings: Settings,
    accounts: AccountRepository,
    issuer: TokenIssuer,
    keyring: Keyring,
    counters: Storage,
    failed_logins: FailedLogins,
) -> Authenticator:
    return Authenticator(
        accounts,
        issuer,
        keyring,
        Throttle(counters),
        ReplayGuard(counters, strict=settings.strict_replays),
        failed_logins,
        ProjectLimits.from_settings(settings),
        debug_signatures=settings.debug_signatures,
        password_length=settings.password_length,
    )


def _liveness_sessions(settings: Settings, database: Database, liveness: ActionLiveness) -> LivenessSessions:
    lifetime = timedelta(seconds=settings.liveness_session_seconds)
    return LivenessSessions(LivenessSessionRepository(database), liveness, lifetime)


def prepare(settings: Settings, endpoint: str) -> bool:
    """Upgrade a data directory and create the first account if the settings enable it; return True if it was created.

    The parent of several server processes calls this; it loads no models.

    Raises:
        OperatorError: the database or the keyring cannot be used.
    """
    database, keyring = _open_data(settings)
    try:
        accounts = AccountRepository(database)
        administration = Administration(accounts, keyring, ProjectLimits.from_settings(settings))
        return settings.bootstrap and _bootstrap(administration, accounts, settings, endpoint)
    finally:
        database.close()


def _open_data(settings: Settings) -> tuple[Database, Keyring]:
    database = open_database(settings)
    try:
        return database, open_keyring(settings, database)
    except BaseException:
        database.close()
        raise


def _bootstrap(administration: Administration, accounts: AccountRepository, settings: Settings, endpoint: str) -> bool:
    if not accounts.is_empty():
        return False
    file = DataDirectory(settings.data).credentials
    try:
        create_first_account(administration, project=settings.project, endpoint=endpoint, file=file)
    except ServiceError:
        if accounts.is_empty():
            raise
        file.unlink()  # another node has created the account at the same time, with valid credentials
        return False
    return True
