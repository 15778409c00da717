"""FastAPI dependencies that give each route the services it uses."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Generic, TypeVar

from fastapi import Depends
from starlette.requests import Request

from openfrs.accounts.administration import Administration
from openfrs.accounts.audit.log import AuditLog
from openfrs.accounts.authentication import Authenticator
from openfrs.accounts.console_sessions import ConsoleSessions
from openfrs.accounts.logins import LoginQueue
from openfrs.accounts.own_limits import OwnLimits
from openfrs.accounts.usage import UsageCounter
from openfrs.faces.crops import Crops
from openfrs.faces.face_sets import FaceSets
from openfrs.faces.faces import Faces
from openfrs.faces.people import People
from openfrs.faces.policies import Policies
from openfrs.faces.retention import Retention
from openfrs.faces.risk import Risks
from openfrs.faces.search import Search
from openfrs.media.fetching.fetcher import Fetcher
from openfrs.recognition.liveness.checks import ActionLiveness, SilentLiveness
from openfrs.recognition.liveness.sessions import LivenessSessions
from openfrs.recognition.recognizer import Recognizer
from openfrs.services import Readiness, Services
from openfrs.store.db.short_reads import ShortReads
from openfrs.vision.weights.manifest import Manifest

T = TypeVar("T")


def services_of(request: Request) -> Services:
    """Return the service layer of the application that serves a request."""
    services: Services = request.app.state.services
    return services


@dataclass(frozen=True)
class Provider(Generic[T]):
    """Dependency on one of the services."""

    select: Callable[[Services], T]

    async def __call__(self, request: Request) -> T:
        """Return the service. This is a coroutine because FastAPI calls a plain function on a thread."""
        return self.select(services_of(request))


AuthenticatorDep = Annotated[Authenticator, Depends(Provider(lambda services: services.authenticator))]
ActionLivenessDep = Annotated[ActionLiveness, Depends(Provider(lambda services: services.action_liveness))]
UsageDep = Annotated[UsageCounter, Depends(Provider(lambda services: services.usage))]
AdministrationDep = Annotated[Administration, Depends(Provider(lambda services: services.administration))]
AuditDep = Annotated[AuditLog, Depends(Provider(lambda services: services.audit))]
ConsoleSessionsDep = Annotated[ConsoleSessions, Depends(Provider(lambda services: services.console_sessions))]
CropsDep = Annotated[Crops, Depends(Provider(lambda services: services.crops))]
FaceSetsDep = Annotated[FaceSets, Depends(Provider(lambda services: services.face_sets))]
FacesDep = Annotated[Faces, Depends(Provider(lambda services: services.faces))]
FetcherDep = Annotated[Fetcher, Depends(Provider(lambda services: services.fetcher))]
LivenessSessionsDep = Annotated[LivenessSessions, Depends(Provider(lambda services: services.liveness_sessions))]
LoginQueueDep = Annotated[LoginQueue, Depends(Provider(lambda services: services.login_queue))]
ManifestDep = Annotated[Manifest, Depends(Provider(lambda services: services.manifest))]
PeopleDep = Annotated[People, Depends(Provider(lambda services: services.people))]
PoliciesDep = Annotated[Policies, Depends(Provider(lambda services: services.policies))]
OwnLimitsDep = Annotated[OwnLimits, Depends(Provider(lambda services: services.own_limits))]
ReadinessDep = Annotated[Readiness, Depends(Provider(lambda services: services.readiness))]
RecognizerDep = Annotated[Recognizer, Depends(Provider(lambda services: services.recognizer))]
RetentionDep = Annotated[Retention, Depends(Provider(lambda services: services.retention))]
RisksDep = Annotated[Risks, Depends(Provider(lambda services: services.risks))]
SamplesDep = Annotated[Path, Depends(Provider(lambda services: services.samples))]
SearchDep = Annotated[Search, Depends(Provider(lambda services: services.search))]
ShortReadsDep = Annotated[ShortReads, Depends(Provider(lambda services: services.short_reads))]
SilentLivenessDep = Annotated[SilentLiveness, Depends(Provider(lambda services: services.silent_liveness))]
