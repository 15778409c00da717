"""The clients of the compatibility table that run in processes of their own, most of them in packages of a registry."""

import base64
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from tests.support.servers import RunningServer

from .clients import UnsupportedError, encoded_path, request_path
from .operations import Request
from .processes import Driver, account

NO_METHOD: Final = "no method"

Defects = Mapping[tuple[str, str], str]
"""Operations and inputs that a version of a client sends or reads wrongly, with the reason."""

_SDK: Final[Mapping[tuple[str, str], tuple[str, str, str]]] = {
    ("create face set", "JSON"): ("create_face_set", "CreateFaceSetRequest", "CreateFaceSetReq"),
    ("list face sets", "-"): ("show_all_face_sets", "ShowAllFaceSetsRequest", ""),
    ("show face set", "-"): ("show_face_set", "ShowFaceSetRequest", ""),
    ("add faces", "base64"): ("add_faces_by_base64", "AddFacesByBase64Request", "AddFacesBase64Req"),
    ("add faces", "file"): ("add_faces_by_file", "AddFacesByFileRequest", "AddFacesByFileRequestBody"),
    ("add faces", "URL"): ("add_faces_by_url", "AddFacesByUrlRequest", "AddFacesUrlReq"),
    ("list faces", "offset, limit"): ("show_faces_by_limit", "ShowFacesByLimitRequest", ""),
    ("list faces", "face_id"): ("show_faces_by_face_id", "ShowFacesByFaceIdRequest", ""),
    ("update face", "JSON"): ("update_face", "UpdateFaceRequest", "UpdateFaceReq"),
    ("search", "base64"): ("search_face_by_base64", "SearchFaceByBase64Request", "FaceSearchBase64Req"),
    ("search", "file"): ("search_face_by_file", "SearchFaceByFileRequest", "SearchFaceByFileRequestBody"),
    ("search", "URL"): ("search_face_by_url", "SearchFaceByUrlRequest", "FaceSearchUrlReq"),
    ("search", "face_id"): ("search_face_by_face_id", "SearchFaceByFaceIdRequest", "FaceSearchFaceIdReq"),
    ("delete faces", "face_id"): ("delete_face_by_face_id", "DeleteFaceByFaceIdRequest", ""),
    ("delete faces", "external_image_id"): (
        "delete_face_by_external_image_id",
        "DeleteFaceByExternalImageIdRequest",
        "",
    ),
    ("batch delete", "filter"): ("batch_delete_faces", "BatchDeleteFacesRequest", "DeleteFacesBatchReq"),
    ("delete face set", "-"): ("delete_face_set", "DeleteFaceSetRequest", ""),
    ("detect", "base64"): ("detect_face_by_base64", "DetectFaceByBase64Request", "FaceDetectBase64Req"),
    ("detect", "file"): ("detect_face_by_file", "DetectFaceByFileRequest", "DetectFaceByFileRequestBody"),
    ("detect", "URL"): ("detect_face_by_url", "DetectFaceByUrlRequest", "FaceDetectUrlReq"),
    ("compare", "base64"): ("compare_face_by_base64", "CompareFaceByBase64Request", "FaceCompareBase64Req"),
    ("compare", "file"): ("compare_face_by_file", "CompareFaceByFileRequest", "CompareFaceByFileRequestBody"),
    ("compare", "URL"): ("compare_face_by_url", "CompareFaceByUrlRequest", "FaceCompareUrlReq"),
    ("silent liveness", "base64"): (
        "detect_live_face_by_base64",
        "DetectLiveFaceByBase64Request",
        "LiveDetectFaceBase64Req",
    ),
    ("silent liveness", "file"): (
        "detect_live_face_by_file",
        "DetectLiveFaceByFileRequest",
        "DetectLiveFaceByFileRequestBody",
    ),
    ("silent liveness", "URL"): ("detect_live_face_by_url", "DetectLiveFaceByUrlRequest", "LiveDetectFaceUrlReq"),
    ("action liveness, v1", "base64"): ("detect_live_by_base64", "DetectLiveByBase64Request", "LiveDetectBase64Req"),
    ("action liveness, v1", "file"): ("detect_live_by_file", "DetectLiveByFileRequest", "DetectLiveByFileRequestBody"),
    ("action liveness, v1", "URL"): ("detect_live_by_url", "DetectLiveByUrlRequest", "LiveDetectUrlReq"),
    ("action liveness, v2", "base64"): (
        "detect_live_by_base64_intl",
        "DetectLiveByBase64IntlRequest",
        "LiveDetectBase64Req",
    ),
    ("action liveness, v2", "file"): (
        "detect_live_by_file_intl",
        "DetectLiveByFileIntlRequest",
        "DetectLiveByFileIntlRequestBody",
    ),
    ("action liveness, v2", "URL"): ("detect_live_by_url_intl", "DetectLiveByUrlIntlRequest", "LiveDetectUrlReq"),
}
"""Method, request and body of the SDK for each operation and kind of input."""


class PythonSdk:
    """``huaweicloudsdkfrs``, whose classes build the request and parse the response."""

    def __init__(
        self, server: RunningServer, driver: Driver, folder: Path, *, asynchronous: bool, defects: Defects
    ) -> None:
        self._driver, self._folder, self._asynchronous = driver, folder, asynchronous
        self._defects = defects
        driver.write(account(server))

    def send(self, operation: str, kind: str, request: Request) -> Mapping[str, Any]:
        if (operation, kind) not in _SDK:
            raise UnsupportedError(NO_METHOD)
        if (operation, kind) in self._defects:
            raise UnsupportedError(self._defects[operation, kind])
        method, request_class, body_class = _SDK[operation, kind]
        values: dict[str, Any] = {
            name: int(value) if value.isdecimal() else value for name, value in request.query.items()
        }
        if len(request.path) > 1 and request.path[0] == "face-sets":
            values["face_set_name"] = request.path[1]
        call: dict[str, Any] = {
            "method": method,
            "request_class": request_class,
            "body_class": body_class,
            "values": values,
        }
        call |= {"asynchronous": self._asynchronous, "content": {**(request.body or {}), **request.texts}}
        result = self._driver.call({**call, "files": saved(request, self._folder)})
        if "missing" in result:
            raise UnsupportedError(result["missing"])
        assert "error" not in result, result
        assert result["request_id"] is None or len(result["request_id"]) == 32  # old versions do not read it
        body: dict[str, Any] = result["body"]
        return body


class NodeCore:
    """Huawei's JavaScript core, which signs and sends any request."""

    def __init__(self, server: RunningServer, driver: Driver, *, form_defect: str = "") -> None:
        self._server, self._driver, self._form_defect = server, driver, form_defect

    def send(self, operation: str, kind: str, request: Request) -> Mapping[str, Any]:
        if request.files and self._form_defect:
            raise UnsupportedError(self._form_defect)
        options: dict[str, Any] = {"method": request.method, "url": request_path(self._server, request)}
        options |= {"queryParams": dict(request.query)} | (
            {"data": dict(request.body)} if request.body is not None else {}
        )
        keys = self._server.credentials
        call: dict[str, Any] = {
            "endpoint": self._server.endpoint,
            "accessKey": keys["access_key"],
            "secretKey": keys["secret_key"],
            "projectId": keys["project_id"],
            "request": options,
        }
        if request.files:
            files = {name: base64.b64encode(data).decode() for name, data in request.files.items()}
            call["form"] = {"texts": dict(request.texts), "files": files}
        response = self._driver.call(call)
        assert response["status"] == 200, response
        return {name: value for name, value in response["body"].items() if name != "httpStatusCode"}


class AnyRequest:
    """A driver that sends any request, except of operations for which the client has no method.

    ``from_catalog``: it takes the URL and version of FRS from the catalogue of services.
    """

    def __init__(
        self,
        server: RunningServer,
        driver: Driver,
        folder: Path,
        *,
        missing: frozenset[tuple[str, str]] = frozenset(),
        from_catalog: bool = False,
        **more: Any,
    ) -> None:
        self._server, self._driver, self._folder = server, driver, folder
        self._missing, self._from_catalog = missing, from_catalog
        driver.write(account(server, **more))

    def send(self, operation: str, kind: str, request: Request) -> Mapping[str, Any]:
        if (operation, kind) in self._missing:
            raise UnsupportedError(NO_METHOD)
        if self._from_catalog and request.version != "v2":
            raise UnsupportedError("the catalogue has the URL of version 2")
        path = f"/{encoded_path(request)}" if self._from_catalog else request_path(self._server, request)
        call: dict[str, Any] = {"method": request.method, "path": path, "query": dict(request.query)}
        call |= {"body": request.body, "texts": dict(request.texts), "files": saved(request, self._folder)}
        result = self._driver.call(call)
        assert result["status"] == 200, result
        body: dict[str, Any] = result["body"]
        return body


def saved(request: Request, folder: Path) -> dict[str, str]:
    """Write the files of a request to a folder and return their paths."""
    for name, data in request.files.items():
        (folder / name).write_bytes(data)
    return {name: str(folder / name) for name in request.files}
