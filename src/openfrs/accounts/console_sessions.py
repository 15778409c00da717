"""Sessions of the console: a token sealed for a cookie, from which the page gets a token of its own after each load.

The state is in the cookie, so every process and node can read it; the keys that seal tokens seal it too. Only the end of a session
is stored: the revocation of the token of its sign-in, which takes every token that derives from it.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from openfrs.core.errors import ServiceError
from openfrs.store.accounts import User

from .authentication import Authenticator, Scope, Session
from .keyring import Keyring
from .tokens import seal, unseal

_TOKEN: Final = "console_token"  # noqa: S105  # a name; it distinguishes a cookie from a token, so that neither is taken for the other


@dataclass(frozen=True, slots=True)
class SealedSession:
    """The text of a cookie, its user and its time of expiry, that of the token."""

    text: str
    user: User
    expires_at: datetime


class ConsoleSessions:
    """Begins, resumes and ends sessions of the console."""

    def __init__(self, authenticator: Authenticator, keyring: Keyring) -> None:
        self._authenticator = authenticator
        self.keyring = keyring

    def begin(self, token: str) -> SealedSession:
        """Seal the token of a sign-in.

        Raises:
            ServiceError: as :meth:`Authenticator.inspect`
        """
        session = self._authenticator.inspect(token)
        return SealedSession(seal(self.keyring, {_TOKEN: token}), session.user, session.token.expires_at)

    def resume(self, text: str, project_id: str) -> Session:
        """Return a new token of a session for a project, or else that of the sign-in, or else the user's first; it may have none.

        Raises:
            ServiceError: ``FRS.0002`` or ``FRS.0002/401`` it is not a session, has expired or ended, or its user was changed.
        """
        token = self._token(text)
        session = self._authenticator.inspect(token)
        projects = [project.id for project in self._authenticator.list_projects(session.user)]
        wanted = [each for each in (project_id, session.token.project_id) if each in projects]
        chosen = next(iter([*wanted, *projects]), None)
        return self._authenticator.rescope(token, Scope(project_id=chosen))

    def end(self, text: str) -> User:
        """Revoke the token of the sign-in with everything that derives from it; return its user.

        Raises:
            ServiceError: as :meth:`resume`
        """
        return self._authenticator.revoke_sign_in(self._token(text))

    def _token(self, text: str) -> str:
        token = unseal(self.keyring, text).get(_TOKEN)
        if not isinstance(token, str):
            raise ServiceError("FRS.0002")
        return token
