"""FastAPI dependencies that give each route the services it uses."""

from collections.abc import Awaitable, Callable
from typing import Annotated, TypeVar

from fastapi import Depends
from starlette.requests import Request

from openfrs.accounts.administration import Administration
from openfrs.accounts.audit.log import AuditLog
from openfrs.accounts.authentication import Authenticator
from openfrs.accounts.logins import LoginQueue
from openfrs.accounts.usage import UsageCounter
from openfrs.faces.face_sets import FaceSets
from openfrs.faces.faces import Faces
from openfrs.faces.policies import Policies
from openfrs.faces.retention import Retention
from openfrs.faces.search import Search
from openfrs.media.fetching.fetcher import Fetcher
from openfrs.recognition.liveness.checks import ActionLiveness, SilentLiveness
from openfrs.recognition.liveness.sessions import LivenessSessions
from openfrs.recognition.recognizer import Recognizer
from openfrs.services import Readiness, Services
from openfrs.vision.weights.manifest import Manifest

T = TypeVar("T")


def services_of(request: Request) -> Services:
    """Return the service layer of the application that serves a request."""
    services: Services = request.app.state.services
    return services


def _provider(select: Callable[[Services], T]) -> Callable[[Request], Awaitable[T]]:
    """Create a dependency. It is a coroutine because FastAPI calls a plain function on a thread."""

    async def provide(request: Request) -> T:
        return select(services_of(request))

    return provide


AuthenticatorDep = Annotated[Authenticator, Depends(_provider(lambda services: services.authenticator))]
ActionLivenessDep = Annotated[ActionLiveness, Depends(_provider(lambda services: services.action_liveness))]
UsageDep = Annotated[UsageCounter, Depends(_provider(lambda services: services.usage))]
AdministrationDep = Annotated[Administration, Depends(_provider(lambda services: services.administration))]
AuditDep = Annotated[AuditLog, Depends(_provider(lambda services: services.audit))]
FaceSetsDep = Annotated[FaceSets, Depends(_provider(lambda services: services.face_sets))]
FacesDep = Annotated[Faces, Depends(_provider(lambda services: services.faces))]
FetcherDep = Annotated[Fetcher, Depends(_provider(lambda services: services.fetcher))]
LivenessSessionsDep = Annotated[LivenessSessions, Depends(_provider(lambda services: services.liveness_sessions))]
LoginQueueDep = Annotated[LoginQueue, Depends(_provider(lambda services: services.login_queue))]
ManifestDep = Annotated[Manifest, Depends(_provider(lambda services: services.manifest))]
PoliciesDep = Annotated[Policies, Depends(_provider(lambda services: services.policies))]
ReadinessDep = Annotated[Readiness, Depends(_provider(lambda services: services.readiness))]
RecognizerDep = Annotated[Recognizer, Depends(_provider(lambda services: services.recognizer))]
RetentionDep = Annotated[Retention, Depends(_provider(lambda services: services.retention))]
SearchDep = Annotated[Search, Depends(_provider(lambda services: services.search))]
SilentLivenessDep = Annotated[SilentLiveness, Depends(_provider(lambda services: services.silent_liveness))]
