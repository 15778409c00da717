"""Clients of several nodes, with a record of the responses."""

import random
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

import httpx

from .fake_models import photo
from .servers import RunningServer
from .waiting import wait_until

COLOURS = [(200, 64, 64), (64, 200, 64), (64, 64, 200), (200, 200, 64), (200, 64, 200), (64, 200, 200)]
PEOPLE = [photo(colour, side=100) for colour in COLOURS]


@contextmanager
def clients_of(cluster: Sequence[RunningServer]) -> Iterator[list[httpx.Client]]:
    """A client for each node, all with one token of the first node."""
    headers = {"X-Auth-Token": cluster[0].token()}
    with ExitStack() as stack:
        yield [
            stack.enter_context(httpx.Client(base_url=each.endpoint, headers=headers, timeout=60)) for each in cluster
        ]


def receives_database_unavailable(client: httpx.Client, path: str) -> None:
    """Assert that a read is rejected with Retry-After."""
    response = client.get(path)
    assert response.status_code == 500
    assert response.json()["error_code"] == "FRS.0018"
    assert response.headers["Retry-After"] == "5"


def add(client: httpx.Client, path: str, person: int) -> str:
    """Add a person to a face set, and return the face id."""
    response = client.post(f"{path}/faces", files={"image_file": PEOPLE[person]})
    assert response.status_code == 200, response.text
    return str(response.json()["faces"][0]["face_id"])


def search(client: httpx.Client, path: str, person: int) -> set[str]:
    """Return the face ids of a person in a face set."""
    files, data = {"image_file": PEOPLE[person]}, {"top_n": "1000", "threshold": "0.99"}
    response = client.post(f"{path}/search", files=files, data=data)
    assert response.status_code == 200, response.text
    return {face["face_id"] for face in response.json()["faces"]}


def agree_with_a_list(project: str, clients: Sequence[httpx.Client], *, steps: int) -> None:
    """Run random operations through random clients, and compare each response with an in-memory list."""
    balancer = random.Random(7)
    face_sets: dict[str, dict[str, int]] = {}
    for step in range(steps):
        name = balancer.choice(["one", "two"])
        path = f"{project}/face-sets/{name}"
        faces, client = face_sets.get(name), balancer.choice(clients)
        if faces is None:
            body = {"face_set_name": name}
            assert client.post(f"{project}/face-sets", json=body).status_code == 200, step
            face_sets[name] = {}
            continue
        match balancer.randrange(20):
            case 0:
                assert client.delete(path).status_code == 200
                del face_sets[name]
            case number if number < 8:
                person = balancer.randrange(len(PEOPLE))
                faces[add(client, path, person)] = person
            case number if number < 12 and faces:
                face_id = balancer.choice(sorted(faces))
                assert client.delete(f"{path}/faces", params={"face_id": face_id}).status_code == 200
                del faces[face_id]
            case _:
                person = balancer.randrange(len(PEOPLE))
                assert search(client, path, person) == {
                    face_id for face_id, other in faces.items() if other == person
                }, step
                assert client.get(path).json()["face_set_info"]["face_number"] == len(faces), step
    for name in face_sets:
        clients[0].delete(f"{project}/face-sets/{name}")


class Writers:
    """Threads that add the first person to a face set through random nodes, and record the acknowledged faces."""

    def __init__(self, cluster: Sequence[RunningServer], path: str) -> None:
        self.token = cluster[0].token()
        self._cluster, self._path = cluster, path
        self._stop, self._lock = threading.Event(), threading.Lock()
        self.acknowledged: set[str] = set()
        self.uncertain = 0
        self.rejected: set[int] = set()
        self._threads = [threading.Thread(target=self._run, args=(number,)) for number in range(3)]

    def __enter__(self) -> "Writers":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def wait_for(self, more: int) -> None:
        """Wait until ``more`` further faces are acknowledged."""
        goal = len(self.acknowledged) + more
        wait_until(lambda: len(self.acknowledged) >= goal, timeout=120, message=f"{more} more faces are acknowledged")

    def are_found_by(self, client: httpx.Client) -> None:
        """Assert that no acknowledged face is missing and no unexpected face exists."""
        face_ids = search(client, self._path, 0)
        assert self.acknowledged <= face_ids
        assert len(face_ids) <= len(self.acknowledged) + self.uncertain
        assert client.get(self._path).json()["face_set_info"]["face_number"] == len(face_ids)

    def _run(self, number: int) -> None:
        balancer = random.Random(number)
        while not self._stop.is_set():
            each = balancer.choice(self._cluster)
            with httpx.Client(base_url=each.endpoint, headers={"X-Auth-Token": self.token}, timeout=60) as client:
                try:
                    response = client.post(f"{self._path}/faces", files={"image_file": PEOPLE[0]})
                except httpx.TransportError:
                    with self._lock:
                        self.uncertain += 1  # the node died during the request, or is not running
                    continue
            with self._lock:
                if response.status_code == 200:
                    self.acknowledged.add(response.json()["faces"][0]["face_id"])
                else:
                    self.rejected.add(response.status_code)
                    self.uncertain += 1
                    assert response.json()["error_code"] in {"FRS.0018", "FRS.0033"}, response.text
