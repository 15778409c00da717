"""What answers the requests: the weights, and what a similarity is worth."""

from fastapi import APIRouter, Depends
from pydantic import BaseModel

from openfrs.api.auth import READER, ServicesDependency
from openfrs.recognition.recognizer import Recognizer
from openfrs.recognition.similarity import OperatingPoint, is_calibrated
from openfrs.vision.runtime.base import DEFAULT_EXECUTION
from openfrs.vision.weights.manifest import Manifest, manifest

router = APIRouter(tags=["models"])


class CalibrationAnswer(BaseModel):
    """The pictures that the scale of similarities was made from, and the error rates at points of it."""

    data: str
    images: int
    people: int
    genuine_pairs: int
    impostor_pairs: int
    operating_points: tuple[OperatingPoint, ...]


class EmbedderAnswer(BaseModel):
    """An embedder that can be chosen, or the operator's own one that is."""

    name: str
    active: bool
    dimension: int
    mirrored: bool
    """Whether an embedding is the mean direction of those of a face and its mirror image."""

    calibrated: bool
    """Whether there is a scale from its cosines to similarities."""


class WeightAnswer(BaseModel):
    """A weight of the manifest."""

    name: str
    role: str
    licence: str
    origin: str
    precision: str
    sha256: str


class ModelsAnswer(BaseModel):
    """The embedder, its calibration, the embedders to choose from, and every weight."""

    embedder: str
    embedders: list[EmbedderAnswer]
    calibration: CalibrationAnswer
    weights: list[WeightAnswer]


@router.get("/models", dependencies=[Depends(READER)])
async def show_models(services: ServicesDependency) -> ModelsAnswer:
    """The embedder, the error rates of its similarities, the others to choose from, and every weight with its role and licence.

    False and true match rates are shares of pairs, 0..1, over the calibration's pictures.
    """
    scale = services.recognizer.calibration.model_dump(exclude={"embedder", "knots"})
    weights = [
        WeightAnswer(
            name=name,
            precision=services.recognizer.pipeline.execution_configs.get(name, DEFAULT_EXECUTION).precision,
            **weight.model_dump(include={"role", "licence", "origin", "sha256"}),
        )
        for name, weight in manifest().weights.items()
    ]
    return ModelsAnswer(
        embedder=services.recognizer.pipeline.embedder,
        embedders=_embedders(services.recognizer, services.manifest),
        calibration=CalibrationAnswer.model_validate(scale),
        weights=weights,
    )


def _embedders(recognizer: Recognizer, available: Manifest) -> list[EmbedderAnswer]:
    active = EmbedderAnswer(
        name=recognizer.pipeline.embedder,
        active=True,
        dimension=recognizer.pipeline.dimension,
        mirrored=recognizer.pipeline.mirrored,
        calibrated=True,  # the service does not start without
    )
    others = [
        EmbedderAnswer(
            name=name,
            active=False,
            dimension=available.dimension(name),
            mirrored=False,
            calibrated=is_calibrated(name),
        )
        for name in available.embedders
        if name != recognizer.pipeline.embedder
    ]
    return [active, *others]
