"""The risk of searches in a face set."""

from typing import Annotated, Final

from fastapi import APIRouter
from pydantic import BaseModel, Field
from starlette.requests import Request

from openfrs.api.auth import Reader, SetName
from openfrs.api.dependencies import RisksDep
from openfrs.api.openapi.document import query_of
from openfrs.api.openapi.refusals import FACE_SET, QUERY, refuses
from openfrs.api.requests.body import Input, read_query
from openfrs.core.threads import run_measurement
from openfrs.faces.risk import REPORTED_RATES
from openfrs.recognition.similarity import MATCH_THRESHOLD

router = APIRouter(tags=["search"])


_PLOTTED: Final = tuple(percent / 100 for percent in range(50, 101))


class RiskQuery(Input):
    """The similarity threshold whose risk to return, or a risk whose threshold to return."""

    threshold: Annotated[float, Field(ge=0, le=1, description="Similarity threshold of the search, 0..1.")] = (
        MATCH_THRESHOLD
    )
    false_positive_identification_rate: Annotated[float, Field(gt=0, lt=1)] | None = Field(
        None, description="Rate whose threshold to return as well, above 0 and below 1."
    )


class RiskThreshold(BaseModel):
    """The lowest similarity threshold with at most a false positive identification rate."""

    false_positive_identification_rate: float
    threshold: float | None = Field(description="Similarity, 0..1; null if no threshold has so low a rate.")


class RiskPoint(BaseModel):
    """A similarity threshold and the false positive identification rate at it."""

    threshold: float
    false_positive_identification_rate: float


class RiskResponse(BaseModel):
    """How often a search for a stranger names somebody in the face set, at a threshold and at its present size."""

    faces: int = Field(description="Number of faces when the set was measured.")
    probes: int = Field(description="Number of people of the set who were searched for among the others.")
    threshold: float
    false_positive_identification_rate: float = Field(description="Share of strangers who are named, 0..1.")
    thresholds: list[RiskThreshold]
    curve: list[RiskPoint] = Field(description="The rate at thresholds from 0.5 to 1, for a plot.")


@router.get(
    "/face-sets/{face_set_name}/risk",
    summary="Estimate the risk of searches",
    responses=refuses(*QUERY, *FACE_SET),
    openapi_extra=query_of(RiskQuery),
)
async def estimate_risk(request: Request, principal: Reader, name: SetName, risks: RisksDep) -> RiskResponse:
    """Estimate how often a search for a stranger names somebody in the face set.

    The estimate comes from the faces of the set, each searched for among those with another `external_image_id`, and from the
    calibration of the similarity. It is made again when the number of faces changes by a tenth.
    """
    query = read_query(request, RiskQuery)
    wanted = query.false_positive_identification_rate
    rates = REPORTED_RATES if wanted is None else sorted({*REPORTED_RATES, wanted}, reverse=True)
    risk = await run_measurement(lambda: risks.of_set(principal.project.id, name))
    return RiskResponse(
        faces=risk.faces,
        probes=risk.probes,
        threshold=query.threshold,
        false_positive_identification_rate=_rounded(risk.rate(query.threshold)),
        thresholds=[
            RiskThreshold(false_positive_identification_rate=rate, threshold=risk.threshold(rate)) for rate in rates
        ],
        curve=[
            RiskPoint(threshold=threshold, false_positive_identification_rate=_rounded(risk.rate(threshold)))
            for threshold in _PLOTTED
        ],
    )


def _rounded(rate: float) -> float:
    return float(f"{rate:.3g}")
