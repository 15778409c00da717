"""The models in use and the accuracy of their similarities."""

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from openfrs.api.auth import READER
from openfrs.api.dependencies import ManifestDep, RecognizerDep
from openfrs.api.openapi.refusals import refuses
from openfrs.recognition.cohort import Cohort
from openfrs.recognition.recognizer import Recognizer
from openfrs.recognition.similarity import OperatingPoint, is_calibrated
from openfrs.vision.runtime.base import DEFAULT_EXECUTION
from openfrs.vision.weights.manifest import Manifest, manifest

router = APIRouter(tags=["models"])


class CalibrationResponse(BaseModel):
    """The images that the similarity scale was fitted to, and the error rates at operating points."""

    data: str = Field(description="The dataset.")
    images: int
    people: int
    genuine_pairs: int = Field(description="Number of pairs of images of the same person.")
    impostor_pairs: int = Field(description="Number of pairs of images of different persons.")
    operating_points: tuple[OperatingPoint, ...]


class CohortResponse(BaseModel):
    """The faces with which scores are normalised."""

    identity: str = Field(description="Version, and a hash of the cohort.")
    data: str = Field(description="The images.")
    centroids: int
    faces: int = Field(description="Number of faces behind all centroids.")


class EmbedderResponse(BaseModel):
    """An available embedder, or the custom one in use."""

    name: str
    active: bool
    dimension: int = Field(description="Number of values of an embedding.")
    mirrored: bool = Field(description="True if a face and its mirror image are embedded and the embeddings averaged.")
    calibrated: bool = Field(description="True if there is a scale from its cosines to similarities.")


class WeightResponse(BaseModel):
    """The weights of one model."""

    name: str
    role: str
    licence: str
    origin: str
    precision: str
    sha256: str


class ModelsResponse(BaseModel):
    """The embedder in use with its calibration and cohort, the available embedders, and all weights."""

    embedder: str
    embedders: list[EmbedderResponse]
    calibration: CalibrationResponse
    cohort: CohortResponse | None = Field(description="Null if scores are cosines.")
    weights: list[WeightResponse]


@router.get("/models", dependencies=[Depends(READER)], responses=refuses())
async def show_models(recognizer: RecognizerDep, available: ManifestDep) -> ModelsResponse:
    """Show the embedder in use with its error rates, the other embedders, and all weights with role and licence.

    False and true match rates are fractions of pairs, 0..1, measured on the calibration images.
    """
    scale = recognizer.scale.calibration.model_dump(exclude={"embedder", "knots"})
    weights = [
        WeightResponse(
            name=name,
            precision=(recognizer.models.execution_configs or {}).get(name, DEFAULT_EXECUTION).precision,
            **weight.model_dump(include={"role", "licence", "origin", "sha256"}),
        )
        for name, weight in manifest().weights.items()
    ]
    return ModelsResponse(
        embedder=recognizer.models.embedder,
        embedders=_embedders(recognizer, available),
        calibration=CalibrationResponse.model_validate(scale),
        cohort=_cohort(recognizer.scale.cohort),
        weights=weights,
    )


def _cohort(cohort: Cohort | None) -> CohortResponse | None:
    if cohort is None:
        return None
    faces = int(cohort.faces.sum())
    return CohortResponse(identity=cohort.identity, data=cohort.data, centroids=len(cohort.centroids), faces=faces)


def _embedders(recognizer: Recognizer, available: Manifest) -> list[EmbedderResponse]:
    active = EmbedderResponse(
        name=recognizer.models.embedder,
        active=True,
        dimension=recognizer.models.dimension,
        mirrored=recognizer.models.mirrored,
        calibrated=True,  # the service does not start without a calibration
    )
    inactive = [
        EmbedderResponse(
            name=name,
            active=False,
            dimension=available.dimension(name),
            mirrored=False,
            calibrated=is_calibrated(name),
        )
        for name in available.embedders
        if name != recognizer.models.embedder
    ]
    return [active, *inactive]
