"""Crops of the images of faces, for face sets that keep them."""

from typing import Annotated, Final

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from openfrs.api.auth import Admin, Named, Operator, Reader, SetName
from openfrs.api.dependencies import CropsDep
from openfrs.api.openapi.refusals import FACE_SET, Responses, refuses
from openfrs.core.threads import run_write
from openfrs.faces.crops import Crops

router = APIRouter(tags=["crops"])

FaceId = Annotated[str, Path(description="Id of the face.")]

_JPEG: Final[Responses] = {
    200: {
        "description": "The crop, a JPEG of 160 x 160 pixels.",
        "content": {"image/jpeg": {"schema": {"type": "string", "format": "binary"}}},
    }
}


class CropSettingBody(BaseModel):
    """The setting of a face set, and the number of its crops."""

    enabled: bool = Field(description="True if crops of newly enrolled faces are kept.")
    number: int = Field(description="Number of faces with a crop.")


class CropSettingResponse(BaseModel):
    """The setting of a face set."""

    crops: CropSettingBody


@router.get("/face-sets/{face_set_name}/crops", summary="Show whether crops are kept", responses=refuses(*FACE_SET))
async def show_crops(principal: Reader, name: SetName, crops: CropsDep) -> CropSettingResponse:
    """Show whether a face set keeps crops, and how many it has."""
    return await run_in_threadpool(_response, crops, principal.project.id, name)


@router.put("/face-sets/{face_set_name}/crops", summary="Keep crops", responses=refuses(*FACE_SET))
async def keep_crops(principal: Admin, name: SetName, crops: CropsDep) -> CropSettingResponse:
    """Keep a crop of the image of each face that is enrolled from now on."""
    await run_write(crops.enable, principal.project.id, name)
    return await run_in_threadpool(_response, crops, principal.project.id, name)


@router.delete(
    "/face-sets/{face_set_name}/crops", summary="Destroy crops", responses=refuses(*FACE_SET, "APIG.0306/held")
)
async def destroy_crops(principal: Admin, name: SetName, crops: CropsDep) -> CropSettingResponse:
    """Keep no more crops, and destroy all crops of the face set. The faces remain, and a record is added to the deletions."""
    await run_write(crops.destroy, principal.project.id, name)
    return await run_in_threadpool(_response, crops, principal.project.id, name)


@router.get(
    "/face-sets/{face_set_name}/faces/{face_id}/crop",
    summary="Show the crop of a face",
    response_class=Response,
    responses={**refuses(*FACE_SET, "FRS.0403"), **_JPEG},
)
async def show_crop(_principal: Operator, named: Named, crops: CropsDep, face_id: FaceId) -> Response:
    """Return the crop of a face. The request is recorded in the audit log."""
    content = await run_in_threadpool(crops.read, named.require(), face_id)
    return Response(content, media_type="image/jpeg")


def _response(crops: Crops, project_id: str, name: str) -> CropSettingResponse:
    setting = crops.setting(project_id, name)
    return CropSettingResponse(crops=CropSettingBody(enabled=setting.enabled, number=setting.crops))
