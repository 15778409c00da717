"""The sample photos of this installation, if they have been fetched: material to try the service with."""

from base64 import b64encode
from pathlib import Path
from typing import Annotated, Final

from fastapi import APIRouter
from fastapi import Path as PathParameter
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool

from openfrs.api.auth import Reader
from openfrs.api.dependencies import SamplesDep
from openfrs.api.openapi.refusals import refuses
from openfrs.core.errors import wrong_format

router = APIRouter(tags=["models"])

_SUFFIX: Final = ".jpg"


class SamplesResponse(BaseModel):
    """The sample photos that are installed."""

    photos: list[str] = Field(description="Names of JPEG files; empty if the photos have not been fetched.")


class SampleResponse(BaseModel):
    """A sample photo."""

    name: str
    image_base64: str = Field(description="The JPEG file in base64.")


@router.get("/samples", responses=refuses())
async def list_samples(_principal: Reader, samples: SamplesDep) -> SamplesResponse:
    """List the sample photos that `openfrs models fetch --samples` has installed."""
    return SamplesResponse(photos=await run_in_threadpool(_names, samples))


@router.get("/samples/{name}", responses=refuses("FRS.0012"))
async def show_sample(
    _principal: Reader, samples: SamplesDep, name: Annotated[str, PathParameter(description="Name of the photo.")]
) -> SampleResponse:
    """Show a sample photo."""

    def read() -> bytes:
        if name not in _names(samples):
            raise wrong_format("name", "must be that of an installed sample photo")
        return (samples / name).read_bytes()

    return SampleResponse(name=name, image_base64=b64encode(await run_in_threadpool(read)).decode("ascii"))


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob(f"*{_SUFFIX}")) if folder.is_dir() else []
