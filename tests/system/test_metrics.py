"""Metrics of running servers."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from openfrs import __version__
from tests.support.fake_models import photo
from tests.support.servers import RunningServer, fake_server_command, running
from tests.support.waiting import wait_until

PERSON = photo((200, 64, 64), side=100)


SECRET = "token-of-the-metrics"


Samples = Mapping[str, float]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Metered:
    """A server that serves its metrics."""

    def __init__(self, server: RunningServer, url: str) -> None:
        self.server = server
        self.url = url

    def read(self) -> Samples:
        response = httpx.get(self.url, headers={"Authorization": f"Bearer {SECRET}"})
        assert response.status_code == 200
        families = text_string_to_metric_families(response.text)
        return {
            sample.name + "".join(f" {value}" for _, value in sorted(sample.labels.items())): sample.value
            for family in families
            for sample in family.samples
        }


def metered_server(folder: Path, workers: int) -> Iterator[Metered]:
    port = free_port()
    environment = {
        "OPENFRS_METRICS": f"127.0.0.1:{port}",
        "OPENFRS_METRICS_TOKEN": SECRET,
        "OPENFRS_WORKERS": str(workers),
        "OPENFRS_LOG_FORMAT": "json",
    }
    with running(fake_server_command(folder / "data"), folder / "data", environment=environment) as server:
        yield Metered(server, f"http://127.0.0.1:{port}/metrics")
    assert SECRET not in server.log.read_text()


@pytest.fixture(scope="module")
def single_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Metered]:
    yield from metered_server(tmp_path_factory.mktemp("one"), workers=1)


@pytest.fixture(scope="module")
def two_processes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Metered]:
    yield from metered_server(tmp_path_factory.mktemp("two_processes"), workers=2)


def growth(before: Samples, after: Samples) -> Samples:
    """Return the samples that have changed, and by how much."""
    return {name: value - before.get(name, 0) for name, value in after.items() if value != before.get(name, 0)}


def test_requests_are_counted_by_operation_status_and_error(single_process: Metered) -> None:
    before = single_process.read()
    with single_process.server.http() as client:
        project = single_process.server.project
        assert client.post(f"{project}/face-detect", files={"image_file": PERSON}).status_code == 200
        assert client.post(f"{project}/face-detect", files={"image_file": b"text"}).status_code == 400
        assert client.get("/no/such/route").status_code == 404
    changed = growth(before, single_process.read())
    assert changed["openfrs_requests_total  detect 200"] == 1
    assert changed["openfrs_requests_total FRS.0015 detect 400"] == 1
    assert changed["openfrs_requests_total APIG.0101 none 404"] == 1
    assert changed["openfrs_request_seconds_count detect"] == 2


def test_stages_of_a_search_are_measured_and_its_index_counted(single_process: Metered) -> None:
    before = single_process.read()
    with single_process.server.http() as client:
        project = single_process.server.project
        client.post(f"{project}/face-sets", json={"face_set_name": "secret name"}).raise_for_status()
        path = f"{project}/face-sets/secret%20name"
        client.post(f"{path}/faces", files={"image_file": PERSON}).raise_for_status()
        client.post(f"{path}/search", files={"image_file": PERSON}).raise_for_status()
        during = single_process.read()
        client.delete(path).raise_for_status()
    changed = growth(before, during)
    counts = {stage: changed[f"openfrs_stage_seconds_count {stage}"] for stage in ("wait", "decode", "detect", "embed")}
    assert counts == {"wait": 2, "decode": 2, "detect": 2, "embed": 2}
    assert changed["openfrs_stage_seconds_count scan"] == 1
    assert (during["openfrs_indexes"], during["openfrs_index_faces"]) == (1, 1)
    assert during["openfrs_index_bytes"] > 0
    after = single_process.read()
    assert (after["openfrs_indexes"], after["openfrs_index_faces"], after["openfrs_index_bytes"]) == (0, 0, 0)
    assert after["openfrs_pictures small working"] == after["openfrs_pictures small waiting"] == 0
    assert after["openfrs_requests_under_way"] == after["openfrs_body_bytes"] == 0
    assert not [name for name in after if "secret" in name or single_process.server.credentials["project_id"] in name]


def is_measured(metered: Metered) -> bool:
    return metered.read().get("openfrs_data_free_bytes", 0) > 0


def test_the_version_and_the_free_bytes_are_measured_once(single_process: Metered, two_processes: Metered) -> None:
    for metered in (single_process, two_processes):
        wait_until(partial(is_measured, metered))
        assert metered.read()[f"openfrs_build_info {__version__}"] == 1


def test_rejected_urls_are_counted(single_process: Metered) -> None:
    before = single_process.read()
    with single_process.server.http() as client:
        body = {"image_url": "https://example.com/a.jpg"}
        assert client.post(f"{single_process.server.project}/face-detect", json=body).json()["error_code"] == "FRS.0020"
    assert growth(before, single_process.read())["openfrs_url_fetches_total FRS.0020"] == 1


def test_processes_are_counted_together_and_none_twice(two_processes: Metered) -> None:
    workers = two_processes.server.workers()
    assert len(workers) == 2
    for worker in workers:
        with two_processes.server.http_at(worker) as client:
            client.post(f"{two_processes.server.project}/face-detect", files={"image_file": PERSON}).raise_for_status()
    values = two_processes.read()
    assert values["openfrs_requests_total  detect 200"] == 2
    assert values["openfrs_stage_seconds_count detect"] == 2
    assert values["openfrs_pictures small working"] == values["openfrs_requests_under_way"] == 0


def test_gauges_of_a_killed_process_disappear_and_its_counters_stay(two_processes: Metered) -> None:
    before, workers = two_processes.read(), two_processes.server.workers()
    path = f"{two_processes.server.project}/face-sets/s"
    with two_processes.server.http_at(workers[0]) as client:
        client.post(f"{two_processes.server.project}/face-sets", json={"face_set_name": "s"}).raise_for_status()
        client.post(f"{path}/faces", files={"image_file": PERSON}).raise_for_status()
        client.post(f"{path}/search", files={"image_file": PERSON}).raise_for_status()
        assert two_processes.read()["openfrs_indexes"] == 1
        os.kill(workers[0], signal.SIGKILL)
    wait_until(lambda: len(two_processes.server.workers()) == 2 and workers[0] not in two_processes.server.workers())
    after = two_processes.read()
    assert after["openfrs_indexes"] == 0
    assert growth(before, after)["openfrs_requests_total  search 200"] == 1


def test_metrics_need_the_token_and_are_not_on_the_port_of_the_api(single_process: Metered) -> None:
    for headers in ({}, {"Authorization": "Bearer other"}, {"Authorization": f"Basic {SECRET}"}):
        response = httpx.get(single_process.url, headers=headers)
        assert (response.status_code, response.headers["WWW-Authenticate"]) == (401, "Bearer")
        assert "openfrs_" not in response.text
    root = single_process.url.replace("/metrics", "/")
    assert httpx.get(root, headers={"Authorization": f"Bearer {SECRET}"}).status_code == 404
    assert httpx.get(f"{single_process.server.endpoint}/metrics").status_code == 404
    head = httpx.head(single_process.url, headers={"Authorization": f"Bearer {SECRET}"})
    assert (head.status_code, head.content) == (200, b"")
    assert int(head.headers["Content-Length"]) > 0
    assert "Python" not in response.headers["Server"]


def test_a_wrong_address_stops_the_start_with_one_line(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "openfrs", "serve", "--data", str(tmp_path / "d"), "--port", "0"]
    environment = {"OPENFRS_METRICS": "0.0.0.0:9464"}
    result = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, env=environment)
    assert result.returncode == 1
    assert len(result.stderr.strip().splitlines()) == 1
