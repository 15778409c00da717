"""A server of the benchmark, with a face set of random faces."""

import http.client
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import numpy as np

from openfrs.core.errors import OperatorError
from openfrs.core.settings import Settings
from openfrs.store.data_directory import DataDirectory
from openfrs.store.faces.repository import FaceRepository
from openfrs.store.opening import open_database

from .load import Request
from .templates import random_templates, synthetic_face

_BATCH: Final = 10_000


class Server:
    """A client of a server in a child process, ``pid``, which started at ``started_at``.

    ``start_seconds`` is the time from the command to the first response, a login of a new account.
    """

    def __init__(self, pid: int, endpoint: str, data: Path, started_at: float) -> None:
        self.pid, self.started_at, self._data, self.address = pid, started_at, data, urlsplit(endpoint).netloc
        credentials = json.loads(DataDirectory(data).credentials.read_bytes())
        self._project_id = credentials["project_id"]
        user = {"name": credentials["user"], "password": credentials["password"]}
        password = {"user": {**user, "domain": {"name": credentials["domain"]}}}
        scope = {"project": {"id": self._project_id}}
        self.project = f"/v2/{self._project_id}"
        login = {"auth": {"identity": {"methods": ["password"], "password": password}, "scope": scope}}
        self._connection = http.client.HTTPConnection(self.address)
        self._connection.request("POST", "/v3/auth/tokens", json.dumps(login), {"Content-Type": "application/json"})
        response = self._connection.getresponse()
        self.token = response.headers["X-Subject-Token"]
        response.read()
        self.start_seconds = time.perf_counter() - started_at

    @property
    def database(self) -> Path:
        """The file of the database."""
        return DataDirectory(self._data).database

    def request(self, path: str, body: bytes | None = None) -> Request:
        """Return a request to a path of the project, for a load generator."""
        return Request(f"http://{self.address}{self.project}{path}", self.token, body)

    def post(self, path: str, body: bytes) -> bytes:
        """Post to a path of the project; return the body of the response.

        Raises:
            OperatorError: the status is not 200.
        """
        headers = {"Content-Type": "application/json", "X-Auth-Token": self.token}
        self._connection.request("POST", self.project + path, body, headers)
        response = self._connection.getresponse()
        content = response.read()
        if response.status != 200:
            raise OperatorError(f"the server returned {response.status}: {content.decode()}")
        return content

    def create_set(self, name: str) -> None:
        """Create a face set."""
        self.post("/face-sets", json.dumps({"face_set_name": name}).encode())

    def fill(self, name: str, faces: int) -> None:
        """Write random faces to a face set, directly to the database."""
        generator = np.random.default_rng(0)
        with closing(open_database(Settings(data=self._data, database=None))) as database:
            repository = FaceRepository(database)
            face_set = repository.find_set(self._project_id, name)
            assert face_set is not None
            for start in range(0, faces, _BATCH):
                templates = random_templates(generator, min(_BATCH, faces - start))
                added = [synthetic_face(start + offset, template) for offset, template in enumerate(templates)]
                repository.add(face_set.id, added)

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


@contextmanager
def running_server(settings: Settings) -> Iterator[Server]:
    """Run a server with an empty data directory, the settings of the environment and no limits of rates."""
    with tempfile.TemporaryDirectory(prefix="openfrs-bench-") as folder:
        data = Path(folder, "data")
        command = [sys.executable, "-m", "openfrs", "serve", "--data", str(data), "--port", "0"]
        command += ["--models", str(settings.models)]
        environment = os.environ | {"OPENFRS_RATE": "0", "OPENFRS_CONCURRENT": "0"}
        with ExitStack() as open_:
            log = open_.enter_context(Path(folder, "log").open("w"))
            started_at = time.perf_counter()
            process = open_.enter_context(
                subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=log, text=True)
            )
            open_.callback(process.terminate)
            yield open_.enter_context(closing(_connect(process, data, started_at)))


def _connect(process: "subprocess.Popen[str]", data: Path, started_at: float) -> Server:
    assert process.stdout is not None
    ready = next((line for line in process.stdout if " ready on " in line), None)
    if ready is None:
        raise OperatorError("the server did not start")
    return Server(process.pid, ready.split(" ready on ")[1].split()[0], data, started_at)


def first_responses(settings: Settings, search: bytes, rounds: int) -> Iterator[tuple[float, float]]:
    """Start servers; yield the seconds from each command to the first response, and to the first search by photo."""
    for _ in range(rounds):
        with running_server(settings) as server:
            server.create_set("first")
            server.post("/face-sets/first/search", search)
            yield server.start_seconds, time.perf_counter() - server.started_at
