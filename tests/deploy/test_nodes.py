"""Three nodes with one database behind a real nginx with the shipped files."""

import signal
import ssl
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from tests.support.fake_models import photo
from tests.support.nodes import nodes
from tests.support.postgresql import PostgresqlServer
from tests.support.servers import RunningServer
from tests.support.waiting import wait_until

from .nginx import balanced

PEOPLE = [photo(colour, side=100) for colour in [(200, 64, 64), (64, 200, 64), (64, 64, 200)]]
SETS = [f"set{number}" for number in range(8)]


@pytest.fixture
def cluster(postgresql: PostgresqlServer, tmp_path: Path) -> Iterator[list[RunningServer]]:
    with nodes(postgresql.new_database(), tmp_path, 3) as started:
        yield started


def test_a_face_set_has_one_node_and_moves_if_it_dies(cluster: list[RunningServer], tmp_path: Path) -> None:
    folder = tmp_path / "nginx"
    folder.mkdir()
    project, token = cluster[0].project, cluster[0].token()
    with ExitStack() as stack:
        endpoint, pair = stack.enter_context(balanced([each.endpoint for each in cluster], folder))
        context = ssl.create_default_context(cafile=pair.certificate)
        headers = {"X-Auth-Token": token}
        client = stack.enter_context(httpx.Client(base_url=endpoint, verify=context, headers=headers, timeout=60))

        def faces_of(name: str) -> set[str]:
            files, data = {"image_file": PEOPLE[0]}, {"top_n": "10", "threshold": "0.99"}
            response = client.post(f"{project}/face-sets/{name}/search", files=files, data=data)
            assert response.status_code == 200, response.text
            return {face["face_id"] for face in response.json()["faces"]}

        nodes_by_set: dict[str, set[str]] = {}
        for name in SETS:
            assert client.post(f"{project}/face-sets", json={"face_set_name": name}).status_code == 200
            added = client.post(f"{project}/face-sets/{name}/faces", files={"image_file": PEOPLE[0]}).json()["faces"]
            nodes_by_set[name] = {face["face_id"] for face in added}
            assert faces_of(name) == nodes_by_set[name]

        def searches() -> list[list[str]]:
            return [[name for name in SETS if f"/face-sets/{name}/search" in each.log.read_text()] for each in cluster]

        wait_until(lambda: {*SETS} == {name for names in searches() for name in names}, message="all are in the logs")
        searched = searches()
        assert sorted(name for names in searched for name in names) == SETS, "one node searches each face set"
        assert sum(map(bool, searched)) > 1, "several nodes search"

        cluster[1].process.send_signal(signal.SIGKILL)
        cluster[1].process.wait()
        for name in SETS:
            assert faces_of(name) == nodes_by_set[name]
