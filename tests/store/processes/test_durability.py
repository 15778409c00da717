"""Acknowledged writes survive a server that is killed."""

import itertools
import os
import signal
import threading
from pathlib import Path

import httpx
import pytest

from tests.support.fake_models import photo
from tests.support.servers import RunningServer, fake_server_command, running


@pytest.mark.parametrize("workers", [1, 2])
def test_an_acknowledged_add_survives_kill_9(tmp_path: Path, workers: int) -> None:
    data, environment = tmp_path / "data", {"OPENFRS_WORKERS": str(workers)}

    def kill(server: RunningServer) -> None:
        for process in [*server.workers(), server.process.pid]:
            os.kill(process, signal.SIGKILL)

    acknowledged: list[str] = []
    command = fake_server_command(data)
    for round_ in range(3):
        with running(command, data, environment=environment) as server, server.http() as client:
            if round_ == 0:
                assert client.post(f"{server.project}/face-sets", json={"face_set_name": "s"}).status_code == 200
            killer = threading.Timer(0.7, kill, [server])
            killer.start()
            try:
                for count in itertools.count():
                    image = photo((64 + count % 12 * 16, 64 + count // 12 % 12 * 16, 200))
                    response = client.post(f"{server.project}/face-sets/s/faces", files={"image_file": image})
                    assert response.status_code == 200
                    acknowledged += [face["face_id"] for face in response.json()["faces"]]
            except httpx.TransportError:
                killer.join()
    assert acknowledged
    with running(command, data, environment=environment) as server, server.http() as client:
        listed = client.get(f"{server.project}/face-sets/s/faces", params={"limit": 10_000}).json()["faces"]
        stored = [face["face_id"] for face in listed]
        info = client.get(f"{server.project}/face-sets/s").json()["face_set_info"]
        assert set(acknowledged) <= set(stored)
        assert len(stored) - len(acknowledged) <= 3  # written, but killed before the response, at most once per round
        assert info["face_number"] == len(stored)
        for face_id in acknowledged[:: max(1, len(acknowledged) // 20)]:
            result = client.post(f"{server.project}/face-sets/s/search", json={"face_id": face_id, "top_n": 1}).json()
            assert [face["face_id"] for face in result["faces"]] == [face_id]
