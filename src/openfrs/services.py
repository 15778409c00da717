"""The service layer put together over one data directory and one set of models."""

from dataclasses import dataclass
from datetime import timedelta

from limits.errors import ConfigurationError
from limits.storage import Storage, storage_from_string
from sqlalchemy import text

from .accounts.access import Access
from .accounts.administration import Administration
from .accounts.audit import AuditLog
from .accounts.bootstrap import create_first_account
from .accounts.keyring import Keyring
from .accounts.logins import Logins
from .accounts.quotas import ProjectLimits, Quotas
from .accounts.throttle import Throttle
from .accounts.tokens import TokenMint
from .errors import OperatorError
from .faces.face_sets import FaceSets
from .faces.faces import Faces
from .faces.search import Search
from .recognition.recognizer import Recognizer
from .recognition.similarity import calibration
from .settings import Settings
from .store.accounts import AccountRepository
from .store.database import Database
from .store.faces import FaceRepository
from .store.galleries import Galleries
from .vision.pipeline import Pipeline


@dataclass(frozen=True)
class Services:
    """Everything the API calls."""

    access: Access
    logins: Logins
    administration: Administration
    quotas: Quotas
    audit: AuditLog
    recognizer: Recognizer
    face_sets: FaceSets
    faces: Faces
    search: Search
    _accounts: AccountRepository
    _database: Database
    _settings: Settings

    @classmethod
    def open(cls, settings: Settings, pipeline: Pipeline) -> "Services":
        """Open the store and keys of the data directory, which must exist.

        Raises:
            OperatorError: the database or the keyring cannot be used.
        """
        database, keyring = _open_data(settings)
        accounts, repository = AccountRepository(database), FaceRepository(database)
        scale = calibration(pipeline.embedder)
        recognizer = Recognizer(pipeline, scale, threads=settings.threads, queue=settings.queue)
        galleries = Galleries(repository, settings.index_memory)
        face_sets = FaceSets(repository, galleries, embedder=pipeline.embedder)
        counters = _counters(settings.counters)
        limits = ProjectLimits.of(settings)
        access = Access(
            accounts,
            TokenMint(keyring, timedelta(hours=settings.token_hours)),
            keyring,
            Throttle(counters),
            limits,
            debug_signatures=settings.debug_signatures,
        )
        return cls(
            access=access,
            logins=Logins(access),
            administration=Administration(accounts, keyring, limits),
            quotas=Quotas(counters),
            audit=AuditLog(settings.data / "audit.jsonl"),
            recognizer=recognizer,
            face_sets=face_sets,
            faces=Faces(face_sets, repository, galleries, recognizer),
            search=Search(face_sets, galleries, recognizer),
            _accounts=accounts,
            _database=database,
            _settings=settings,
        )

    def bootstrap(self, endpoint: str) -> bool:
        """Create the first account where there is none, and write ``credentials.json``; whether it did."""
        return _bootstrap(self.administration, self._accounts, self._settings, endpoint)

    def is_ready(self) -> bool:
        """Whether the store answers. Models are loaded before there are services."""
        with self._database.read() as connection:
            return bool(connection.scalar(text("select 1")))

    def close(self) -> None:
        """Finish work under way and close the store."""
        self.logins.close()
        self.recognizer.close()
        self.audit.close()
        self._database.close()


def _counters(uri: str) -> Storage:
    try:
        storage = storage_from_string(uri)
    except ConfigurationError as error:
        raise OperatorError(f"setting counters: {error}") from error
    assert isinstance(storage, Storage)
    return storage


def prepare(settings: Settings, endpoint: str) -> bool:
    """Bring a data directory to this release and create the first account, if one is wanted; whether it did.

    For the parent of several server processes, which has no models.

    Raises:
        OperatorError: the database or the keyring cannot be used.
    """
    database, keyring = _open_data(settings)
    try:
        accounts = AccountRepository(database)
        administration = Administration(accounts, keyring, ProjectLimits.of(settings))
        return settings.bootstrap and _bootstrap(administration, accounts, settings, endpoint)
    finally:
        database.close()


def _open_data(settings: Settings) -> tuple[Database, Keyring]:
    """The database and the keys. The keys are made after the database: where they are, it must hold something."""
    path, keys = settings.data / "openfrs.db", settings.data / "keys.json"
    if keys.exists() and not (path.exists() and path.stat().st_size):
        raise OperatorError(f"{path} is missing or empty, though {keys} shows that there was one: bring it back")
    database = Database(path)
    try:
        return database, Keyring(keys)
    except BaseException:
        database.close()
        raise


def _bootstrap(administration: Administration, accounts: AccountRepository, settings: Settings, endpoint: str) -> bool:
    if not accounts.is_empty():
        return False
    create_first_account(
        administration,
        project=settings.project,
        endpoint=endpoint,
        file=settings.data / "credentials.json",
    )
    return True
