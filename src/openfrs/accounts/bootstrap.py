"""The first account of a new data directory."""

import json
import secrets
import string
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from cryptography.fernet import MultiFernet

from ..store.accounts import AccountRepository, Domain, NewAccount, Project, User
from .keyring import write_private
from .passwords import hash_password

_KEY_ALPHABET = string.ascii_uppercase + string.digits


@dataclass(frozen=True)
class Credentials:
    """What the first user needs, as written to ``credentials.json``. Holds secrets: never log it."""

    endpoint: str
    domain: str
    user: str
    password: str
    project_name: str
    project_id: str
    access_key: str
    secret_key: str


def create_first_account(
    accounts: AccountRepository, keys: MultiFernet, *, project: str, endpoint: str, file: Path
) -> None:
    """Make a domain, a user, a project and an access key with random secrets, and write them to a file of mode 0600.

    The file is written first: an account whose secrets nobody has would be of no use.
    """
    credentials = Credentials(
        endpoint=endpoint,
        domain="openfrs",
        user="admin",
        password=secrets.token_urlsafe(18),
        project_name=project,
        project_id=secrets.token_hex(16),
        access_key="".join(secrets.choice(_KEY_ALPHABET) for _ in range(20)),
        secret_key=secrets.token_urlsafe(30),
    )
    write_private(file, json.dumps(asdict(credentials), indent=2) + "\n")
    domain = Domain(secrets.token_hex(16), credentials.domain)
    account = NewAccount(
        user=User(secrets.token_hex(16), credentials.user, domain, hash_password(credentials.password), enabled=True),
        project=Project(credentials.project_id, credentials.project_name, domain),
        access_key=credentials.access_key,
        secret=keys.encrypt(credentials.secret_key.encode()),
    )
    accounts.create(account, datetime.now(UTC).replace(tzinfo=None))
