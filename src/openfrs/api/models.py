"""What answers the requests: the weights, and what a similarity is worth."""

from typing import Any

from fastapi import APIRouter, Depends

from ..vision.manifest import manifest
from .security import READER, ServicesDependency

router = APIRouter(tags=["models"])


@router.get("/models", dependencies=[Depends(READER)])
async def show_models(services: ServicesDependency) -> dict[str, Any]:
    """The embedder, the error rates of its similarities, and every weight with its role and licence.

    False and true match rates are shares of pairs, 0..1, over the calibration's pictures.
    """
    scale = services.recognizer.calibration
    calibration = scale.model_dump(exclude={"embedder", "knots"})
    weights = [
        {"name": name, **weight.model_dump(include={"role", "licence", "origin", "precision", "sha256"})}
        for name, weight in manifest().weights.items()
    ]
    return {"embedder": services.recognizer.embedder, "calibration": calibration, "weights": weights}
