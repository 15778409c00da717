"""Every kind of result, so that one read from a file becomes what it was."""

from typing import Annotated, Final

from pydantic import Field, TypeAdapter

from .action import ActionResult
from .classification import ClassResult, NumberResult
from .damage import DamageResult
from .detection import DetectionResult
from .identification import IdentificationResult
from .liveness import LivenessResult, TriedResult
from .rejection import RejectionResult
from .verification import AllPairsResult, NamedPairsResult

AnyResult = Annotated[
    AllPairsResult
    | NamedPairsResult
    | IdentificationResult
    | ClassResult
    | NumberResult
    | RejectionResult
    | DamageResult
    | DetectionResult
    | LivenessResult
    | TriedResult
    | ActionResult,
    Field(discriminator="evaluation"),
]

RESULTS: Final[TypeAdapter[AnyResult]] = TypeAdapter(AnyResult)
