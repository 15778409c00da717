"""The union of all results, to read them from files."""

from typing import Annotated, Final

from pydantic import Field, TypeAdapter

from openfrs.evaluation.metrics.action import ActionResult
from openfrs.evaluation.metrics.classification import ClassResult, NumberResult
from openfrs.evaluation.metrics.conditions import ConditionsResult
from openfrs.evaluation.metrics.damage import DamageResult
from openfrs.evaluation.metrics.detection import DetectionResult
from openfrs.evaluation.metrics.identification import IdentificationResult
from openfrs.evaluation.metrics.liveness import CueTrialsResult, LivenessResult, LivenessSourcesResult
from openfrs.evaluation.metrics.liveness_errors import LivenessByClipResult, LivenessFailuresResult
from openfrs.evaluation.metrics.rejection import RejectionResult
from openfrs.evaluation.metrics.risk import RiskResult
from openfrs.evaluation.metrics.single_actions import SingleActionsResult
from openfrs.evaluation.metrics.verification import AllPairsResult, NamedPairsResult

AnyResult = Annotated[
    AllPairsResult
    | NamedPairsResult
    | IdentificationResult
    | RiskResult
    | ClassResult
    | NumberResult
    | RejectionResult
    | ConditionsResult
    | DamageResult
    | DetectionResult
    | LivenessResult
    | LivenessSourcesResult
    | LivenessByClipResult
    | LivenessFailuresResult
    | CueTrialsResult
    | ActionResult
    | SingleActionsResult,
    Field(discriminator="evaluation"),
]

RESULTS: Final[TypeAdapter[AnyResult]] = TypeAdapter(AnyResult)
