"""What answers the requests: the weights, and what a similarity is worth."""

from fastapi import APIRouter, Depends
from pydantic import BaseModel

from ..recognition.similarity import OperatingPoint
from ..vision.manifest import manifest
from .security import READER, ServicesDependency

router = APIRouter(tags=["models"])


class CalibrationAnswer(BaseModel):
    """The pictures that the scale of similarities was made from, and the error rates at points of it."""

    data: str
    images: int
    people: int
    genuine_pairs: int
    impostor_pairs: int
    operating_points: tuple[OperatingPoint, ...]


class WeightAnswer(BaseModel):
    """A weight of the manifest."""

    name: str
    role: str
    licence: str
    origin: str
    precision: str
    sha256: str


class ModelsAnswer(BaseModel):
    """The embedder, its calibration, and every weight."""

    embedder: str
    calibration: CalibrationAnswer
    weights: list[WeightAnswer]


@router.get("/models", dependencies=[Depends(READER)])
async def show_models(services: ServicesDependency) -> ModelsAnswer:
    """The embedder, the error rates of its similarities, and every weight with its role and licence.

    False and true match rates are shares of pairs, 0..1, over the calibration's pictures.
    """
    scale = services.recognizer.calibration.model_dump(exclude={"embedder", "knots"})
    weights = [
        WeightAnswer(name=name, **weight.model_dump(include={"role", "licence", "origin", "precision", "sha256"}))
        for name, weight in manifest().weights.items()
    ]
    return ModelsAnswer(
        embedder=services.recognizer.embedder, calibration=CalibrationAnswer.model_validate(scale), weights=weights
    )
