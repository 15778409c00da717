"""Objects of a server for generated requests, created on first use and again after a request that may have deleted them."""

import base64
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any, Final
from urllib.parse import quote

import httpx
from typer.testing import CliRunner

from openfrs.cli.main import app

from .fake_models import photo
from .performances import LEFT_THEN_RIGHT
from .servers import RunningServer

IMAGE: Final = photo((200, 90, 90), (90, 200, 90))
EXTERNAL_IMAGE_ID: Final = "jane-1"
OTHER_PERSON: Final = "john-2"
OTHER_IMAGE: Final = photo((90, 90, 200))
SAMPLE: Final = "sample.jpg"
"""Name of the sample photo of the server."""

FIELDS: Final = {"age": {"type": "integer"}}

_numbers = itertools.count()


def text_of(file: bytes) -> str:
    """Return the base64 text of a file."""
    return base64.b64encode(file).decode()


@dataclass
class Objects:
    """The objects of the server's project."""

    server: RunningServer
    http: httpx.Client
    created: dict[str, str] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Any:
        """Return a value for a parameter of this name."""
        return self._makers[name]()

    def __contains__(self, name: object) -> bool:
        return name in self._makers

    def used(self, *, deletes_user: bool = False) -> None:
        """Forget the objects, after a successful request that may have deleted some.

        A user is kept unless the request deletes users: hashing the password of another is slow.
        """
        if face_set := self.created.pop("face_set_name", None):
            self.delete_face_set(face_set)
        user = self.created.get("user_id")
        self.created = {} if user is None or deletes_user else {"user_id": user}

    def restore_limits(self) -> None:
        """Remove the limits of the project, on the data directory: the changed ones may reject requests."""
        account = self.server.credentials["domain"], self.server.credentials["project_name"]
        limits = "rate=0", "slow_rate=0", "concurrent=0", "max_face_sets=1000", "max_face_set_capacity=100000"
        result = CliRunner().invoke(app, ["accounts", "limit", *account, *limits, "--data", str(self.server.data)])
        assert result.exit_code == 0, result.output

    def delete_face_set(self, name: str) -> None:
        """Delete a face set if it exists, and its legal hold."""
        self.http.delete(f"/x/v1/{self.project_id}/face-sets/{quote(name, safe='')}/legal-hold")
        self.http.delete(f"{self.server.project}/face-sets/{quote(name, safe='')}")

    @cached_property
    def project_id(self) -> str:
        return self.server.credentials["project_id"]

    def _once(self, name: str, make: Callable[[], str]) -> str:
        if name not in self.created:
            self.created[name] = make()
        return self.created[name]

    def _post(self, path: str, status: int = 200, **arguments: Any) -> httpx.Response:
        response = self.http.post(path, **arguments)
        assert response.status_code == status, response.text
        return response

    def _face_set(self) -> str:
        def make() -> str:
            name = f"set{next(_numbers)}"
            self._post(f"{self.server.project}/face-sets", json={"face_set_name": name, "external_fields": FIELDS})
            self.http.put(f"/x/v1/{self.project_id}/face-sets/{name}/crops")
            body = {
                "image_base64": text_of(IMAGE),
                "single": True,
                "external_image_id": EXTERNAL_IMAGE_ID,
                "external_fields": {"age": 35},
            }
            faces = self._post(f"{self.server.project}/face-sets/{name}/faces", json=body).json()["faces"]
            self.created["face_id"] = faces[0]["face_id"]
            for person in (EXTERNAL_IMAGE_ID, OTHER_PERSON):
                body |= {"image_base64": text_of(OTHER_IMAGE), "external_image_id": person}
                self._post(f"{self.server.project}/face-sets/{name}/faces", json=body)
            return name

        return self._once("face_set_name", make)

    def _face(self) -> str:
        self._face_set()
        return self.created["face_id"]

    def _user(self) -> str:
        body = {"name": self._new_name(), "role": "reader"}
        return self._once("user_id", lambda: self._post(f"{self._accounts}/users", json=body).json()["user"]["id"])

    def _key(self) -> str:
        path = f"{self._accounts}/users/{self._user()}/keys"
        return self._once("access_key", lambda: self._post(path).json()["access_key"])

    def _session(self) -> str:
        path = f"/x/v1/{self.project_id}/liveness-sessions"
        return self._once("session_id", lambda: self._post(path, json={"kinds": "1,2"}).json()["session_id"])

    def _judged_session(self) -> str:
        def make() -> str:
            session = self._session()
            path = f"/x/v1/{self.project_id}/liveness-sessions/{session}/video"
            del self.created["session_id"]  # a session accepts one video
            self._post(path, files={"video_file": LEFT_THEN_RIGHT})
            return session

        return self._once("judged", make)

    def _token(self) -> str:
        identity = {"methods": ["token"], "token": {"id": self.http.headers["X-Auth-Token"]}}
        scope = {"project": {"id": self.project_id}}
        body = {"auth": {"identity": identity, "scope": scope}}
        return self._once("token", lambda: self._post("/v3/auth/tokens", 201, json=body).headers["X-Subject-Token"])

    def _login(self) -> Any:
        return self.server.login_body()["auth"]["identity"]["password"]["user"]

    def _password_change(self) -> Any:
        """Return the body of a change of the password of a new user."""
        login, name = self._login(), self._new_name()
        password = self._post(f"{self._accounts}/users", json={"name": name, "role": "reader"}).json()["password"]
        user = {"name": name, "domain": login["domain"], "password": password}
        return {"user": user, "new_password": f"unlikely-{name}-harpsichord"}

    def _new_name(self) -> str:
        return f"user{next(_numbers)}"

    @property
    def _accounts(self) -> str:
        return f"/x/v1/accounts/{self.project_id}"

    @cached_property
    def _makers(self) -> dict[str, Callable[[], Any]]:
        files = dict.fromkeys(("image", "image1", "image2"), IMAGE) | {"video": LEFT_THEN_RIGHT}
        return {
            "project_id": lambda: self.project_id,
            "face_set_name": self._face_set,
            "face_id": self._face,
            "external_image_id": lambda: EXTERNAL_IMAGE_ID,
            "people": lambda: [OTHER_PERSON, EXTERNAL_IMAGE_ID],
            "other people": lambda: [OTHER_PERSON],
            "into": lambda: EXTERNAL_IMAGE_ID,
            "face_ids": lambda: [self._face()],
            "sample": lambda: SAMPLE,
            "images_base64": lambda: [text_of(IMAGE)] * 2,
            "user_id": self._user,
            "access_key": self._key,
            "session_id": self._session,
            "judged session": self._judged_session,
            "X-Subject-Token": self._token,
            "new user": self._new_name,
            "login": self._login,
            "password change": self._password_change,
            **{f"{name}_base64": partial(text_of, file) for name, file in files.items()},
            **{f"{name}_file": partial(bytes, file) for name, file in files.items()},
        }
