"""Main functions through the unmodified official SDK, with real photos and models."""

import base64
import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from huaweicloudsdkcore.exceptions.exceptions import ClientRequestException
from huaweicloudsdkcore.http.formdata import FormFile
from huaweicloudsdkfrs import v2 as frs

from openfrs.vision.weights.cache import WeightCache
from tests.support.servers import RunningServer

pytestmark = pytest.mark.models

PEOPLE = {
    "obama": ["obama.jpg", "obama2.jpg", "obama3.jpg", "obama_partial_face.jpg"],
    "biden": ["biden.jpg"],
}


@pytest.fixture
def photos(weights: WeightCache) -> Path:
    return weights.samples


@pytest.fixture
def sdk(real_server: RunningServer) -> Any:
    return real_server.sdk()


def as_base64(path: Path) -> str:
    return base64.b64encode(path.read_bytes()).decode()


def test_enrol_search_compare_and_delete(sdk: Any, photos: Path) -> None:
    fields = {"timestamp": {"type": "long"}, "id": {"type": "string"}, "number": {"type": "integer"}}
    created = sdk.create_face_set(
        frs.CreateFaceSetRequest(
            body=frs.CreateFaceSetReq(face_set_name="people", face_set_capacity=100000, external_fields=fields)
        )
    ).face_set_info
    assert (created.face_number, created.face_set_name, created.face_set_capacity) == (0, "people", 100000)
    assert len(created.face_set_id) == 8
    assert created.external_fields == fields

    ids: dict[str, str] = {}
    for person in PEOPLE:
        enrolled = sdk.add_faces_by_base64(
            frs.AddFacesByBase64Request(
                face_set_name="people",
                body=frs.AddFacesBase64Req(
                    image_base64=as_base64(photos / PEOPLE[person][0]),
                    external_image_id=person,
                    external_fields={"timestamp": 12, "id": person},
                ),
            )
        )
        assert (enrolled.face_set_name, enrolled.face_set_id) == ("people", created.face_set_id)
        (face,) = enrolled.faces
        assert face.external_fields == {"timestamp": 12, "id": person}
        ids[person] = face.face_id

    shown = sdk.show_face_set(frs.ShowFaceSetRequest(face_set_name="people")).face_set_info
    assert shown.face_number == 2
    assert [
        face_set.face_set_name for face_set in sdk.show_all_face_sets(frs.ShowAllFaceSetsRequest()).face_sets_info
    ] == ["people"]

    for name in PEOPLE["obama"][1:]:
        found = sdk.search_face_by_base64(
            frs.SearchFaceByBase64Request(
                face_set_name="people",
                body=frs.FaceSearchBase64Req(image_base64=as_base64(photos / name), return_fields=["id"]),
            )
        ).faces
        assert [face.external_image_id for face in found] == ["obama", "biden"]
        assert found[0].similarity > 0.93 > found[1].similarity
        assert found[0].external_fields == {"id": "obama"}

    with (photos / "obama2.jpg").open("rb") as file:
        found = sdk.search_face_by_file(
            frs.SearchFaceByFileRequest(
                face_set_name="people",
                body=frs.SearchFaceByFileRequestBody(image_file=FormFile(file), top_n=1, threshold=0.93),
            )
        ).faces
    assert [face.face_id for face in found] == [ids["obama"]]

    found = sdk.search_face_by_face_id(
        frs.SearchFaceByFaceIdRequest(
            face_set_name="people", body=frs.FaceSearchFaceIdReq(face_id=ids["biden"], threshold=0.93)
        )
    ).faces
    assert [(face.face_id, face.similarity) for face in found] == [(ids["biden"], 1.0)]

    updated = sdk.update_face(
        frs.UpdateFaceRequest(
            face_set_name="people", body=frs.UpdateFaceReq(face_id=ids["biden"], external_fields={"number": 7})
        )
    )
    assert updated.face_number == 1
    (face,) = sdk.show_faces_by_face_id(
        frs.ShowFacesByFaceIdRequest(face_set_name="people", face_id=ids["biden"])
    ).faces
    assert face.external_fields == {"timestamp": 12, "id": "biden", "number": 7}
    listed = sdk.show_faces_by_limit(frs.ShowFacesByLimitRequest(face_set_name="people", offset=0, limit=10)).faces
    assert [face.face_id for face in listed] == [ids["obama"], ids["biden"]]

    deleted = sdk.delete_face_by_face_id(frs.DeleteFaceByFaceIdRequest(face_set_name="people", face_id=ids["biden"]))
    assert deleted.face_number == 1
    deleted = sdk.delete_face_by_external_image_id(
        frs.DeleteFaceByExternalImageIdRequest(face_set_name="people", external_image_id="obama")
    )
    assert deleted.face_number == 1
    assert sdk.delete_face_set(frs.DeleteFaceSetRequest(face_set_name="people")).face_set_name == "people"
    with pytest.raises(ClientRequestException) as refused:
        sdk.show_face_set(frs.ShowFaceSetRequest(face_set_name="people"))
    assert (refused.value.status_code, refused.value.error_code) == (400, "FRS.0302")
    assert len(refused.value.request_id) == 32


def test_add_by_file_with_fields_as_json_text(sdk: Any, photos: Path) -> None:
    sdk.create_face_set(
        frs.CreateFaceSetRequest(
            body=frs.CreateFaceSetReq(face_set_name="te st-中", external_fields={"id": {"type": "string"}})
        )
    )
    with (photos / "biden.jpg").open("rb") as file:
        body = frs.AddFacesByFileRequestBody(
            image_file=FormFile(file), external_fields=json.dumps({"id": "x"}), single=True
        )
        (face,) = sdk.add_faces_by_file(frs.AddFacesByFileRequest(face_set_name="te st-中", body=body)).faces
    assert (face.external_fields, face.external_image_id) == ({"id": "x"}, face.face_id)
    sdk.delete_face_set(frs.DeleteFaceSetRequest(face_set_name="te st-中"))


def test_detect_and_compare(sdk: Any, photos: Path) -> None:
    first, second = as_base64(photos / "obama.jpg"), as_base64(photos / "biden.jpg")
    (face,) = sdk.detect_face_by_base64(
        frs.DetectFaceByBase64Request(body=frs.FaceDetectBase64Req(image_base64=first, attributes="1,2,99"))
    ).faces
    box = face.bounding_box
    assert 330 < box.top_left_x < 400
    assert 200 < box.width < 280

    def compared(a: str, b: str) -> float:
        body = frs.FaceCompareBase64Req(image1_base64=a, image2_base64=b)
        similarity: float = sdk.compare_face_by_base64(frs.CompareFaceByBase64Request(body=body)).similarity
        return similarity

    assert compared(first, first) == 1.0
    assert compared(first, second) < 0.93 < compared(first, as_base64(photos / "obama2.jpg"))
    with (photos / "obama.jpg").open("rb") as one, (photos / "obama3.jpg").open("rb") as two:
        compare = frs.CompareFaceByFileRequestBody(image1_file=FormFile(one), image2_file=FormFile(two))
        assert sdk.compare_face_by_file(frs.CompareFaceByFileRequest(body=compare)).similarity > 0.93


def test_attributes_are_read_by_the_sdk(sdk: Any, photos: Path, all_weights: WeightCache) -> None:
    body = frs.FaceDetectBase64Req(image_base64=as_base64(photos / "obama.jpg"), attributes="1,2,4,6,7,8,11,12,13,21")
    (face,) = sdk.detect_face_by_base64(frs.DetectFaceByBase64Request(body=body)).faces
    found = face.attributes
    assert (found.gender, found.mask, found.hair, found.beard, found.face_angle) == (
        "male",
        "none",
        "short",
        "none",
        0,
    )
    assert 35 < found.age < 65
    assert (found.dress.glass, found.dress.hat, found.phototype) == ("none", "none", None)
    assert found.quality.total_score > 0.45
    assert max(found.quality.blur, found.quality.pose, found.quality.occlusion, found.quality.illumination) < 0.3
    assert found.expression.type == "happy"
    assert 0.5 < found.expression.probability <= 1


def test_tokens_reach_the_same_routes(real_server: RunningServer, photos: Path) -> None:
    with real_server.http() as client:
        response = client.post(
            f"{real_server.project}/face-detect", json={"image_base64": as_base64(photos / "obama.jpg")}
        )
    assert response.status_code == 200
    assert len(response.json()["faces"]) == 1
    assert response.headers["content-type"] == "application/json; charset=UTF-8"


def test_an_image_without_a_face(real_server: RunningServer, sdk: Any) -> None:
    import cv2
    import numpy as np

    blank = base64.b64encode(cv2.imencode(".jpg", np.full((200, 300, 3), 127, np.uint8))[1].tobytes()).decode()
    assert (
        sdk.detect_face_by_base64(frs.DetectFaceByBase64Request(body=frs.FaceDetectBase64Req(image_base64=blank))).faces
        == []
    )
    with pytest.raises(ClientRequestException) as refused:
        sdk.compare_face_by_base64(
            frs.CompareFaceByBase64Request(body=frs.FaceCompareBase64Req(image1_base64=blank, image2_base64=blank))
        )
    assert refused.value.error_code == "FRS.0501"
    with pytest.raises(ClientRequestException) as refused:
        sdk.detect_live_face_by_base64(
            frs.DetectLiveFaceByBase64Request(body=frs.LiveDetectFaceBase64Req(image_base64=blank))
        )
    assert refused.value.error_code == "FRS.0707"


def test_documentation_needs_no_network(real_server: RunningServer) -> None:
    page = httpx.get(f"{real_server.endpoint}/docs").text
    assert "https://" not in page
    for asset in ("swagger-ui-bundle.js", "swagger-ui.css"):
        assert httpx.get(f"{real_server.endpoint}/static-offline-docs/{asset}").status_code == 200
    schema = httpx.get(f"{real_server.endpoint}/openapi.json").json()
    assert "/v2/{project_id}/face-sets/{face_set_name}/search" in schema["paths"]


def test_silent_liveness(sdk: Any, photos: Path, all_weights: WeightCache) -> None:
    request = frs.DetectLiveFaceByBase64Request(
        body=frs.LiveDetectFaceBase64Req(image_base64=as_base64(photos / "biden.jpg"))
    )
    found = sdk.detect_live_face_by_base64(request)
    with (photos / "biden.jpg").open("rb") as file:
        form = frs.DetectLiveFaceByFileRequest(body=frs.DetectLiveFaceByFileRequestBody(image_file=FormFile(file)))
        assert sdk.detect_live_face_by_file(form).result == found.result
    assert found.result.alive is (found.result.confidence >= 0.5)
    assert found.warning_list == []
    assert base64.b64decode(found.result.picture, validate=True).startswith(b"\xff\xd8")


def test_action_liveness(sdk: Any, all_weights: WeightCache, shared_data: Path) -> None:
    clip = shared_data / "video/td_real/samples/0001e96803--621ea6b1e2c5d221d5131267/live_video.MOV"
    request = frs.DetectLiveByBase64Request(
        body=frs.LiveDetectBase64Req(video_base64=as_base64(clip), actions="1,2,3", nod_threshold=20)
    )
    found = sdk.detect_live_by_base64(request)
    assert found.video_result.alive is True
    assert [each.action for each in found.video_result.actions] == [1, 2, 3]
    assert found.warning_list == []
    assert base64.b64decode(found.video_result.picture, validate=True).startswith(b"\xff\xd8")
    with clip.open("rb") as file:
        form = frs.DetectLiveByFileIntlRequest(
            body=frs.DetectLiveByFileIntlRequestBody(video_file=FormFile(file), actions="2,1")
        )
        assert sdk.detect_live_by_file_intl(form).video_result.alive is False
    with pytest.raises(ClientRequestException) as refused:
        sdk.detect_live_by_base64(
            frs.DetectLiveByBase64Request(body=frs.LiveDetectBase64Req(video_base64="AAAA", actions="1"))
        )
    assert refused.value.error_code == "FRS.0701"
