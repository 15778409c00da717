"""Metrics of running servers."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

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


def metered(folder: Path, workers: int) -> Iterator[Metered]:
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
def one(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Metered]:
    yield from metered(tmp_path_factory.mktemp("one"), workers=1)


@pytest.fixture(scope="module")
def several(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Metered]:
    yield from metered(tmp_path_factory.mktemp("several"), workers=2)


def growth(before: Samples, after: Samples) -> Samples:
    """Return the samples that have changed, and by how much."""
    return {name: value - before.get(name, 0) for name, value in after.items() if value != before.get(name, 0)}


def test_requests_are_counted_by_operation_status_and_error(one: Metered) -> None:
    before = one.read()
    with one.server.http() as client:
        project = one.server.project
        assert client.post(f"{project}/face-detect", files={"image_file": PERSON}).status_code == 200
        assert client.post(f"{project}/face-detect", files={"image_file": b"text"}).status_code == 400
        assert client.get("/no/such/route").status_code == 404
    changed = growth(before, one.read())
    assert changed["openfrs_requests_total  detect 200"] == 1
    assert changed["openfrs_requests_total FRS.0015 detect 400"] == 1
    assert changed["openfrs_requests_total APIG.0101 none 404"] == 1
    assert changed["openfrs_request_seconds_count detect"] == 2


def test_stages_of_a_search_are_measured_and_its_index_counted(one: Metered) -> None:
    before = one.read()
    with one.server.http() as client:
        project = one.server.project
        client.post(f"{project}/face-sets", json={"face_set_name": "secret name"}).raise_for_status()
        path = f"{project}/face-sets/secret%20name"
        client.post(f"{path}/faces", files={"image_file": PERSON}).raise_for_status()
        client.post(f"{path}/search", files={"image_file": PERSON}).raise_for_status()
        during = one.read()
        client.delete(path).raise_for_status()
    changed = growth(before, during)
    counts = {stage: changed[f"openfrs_stage_seconds_count {stage}"] for stage in ("wait", "decode", "detect", "embed")}
    assert counts == {"wait": 2, "decode": 2, "detect": 2, "embed": 2}
    assert changed["openfrs_stage_seconds_count scan"] == 1
    assert (during["openfrs_indexes"], during["openfrs_index_faces"]) == (1, 1)
    assert during["openfrs_index_bytes"] > 0
    after = one.read()
    assert (after["openfrs_indexes"], after["openfrs_index_faces"], after["openfrs_index_bytes"]) == (0, 0, 0)
    assert after["openfrs_pictures small working"] == after["openfrs_pictures small waiting"] == 0
    assert after["openfrs_requests_under_way"] == after["openfrs_body_bytes"] == 0
    assert not [name for name in after if "secret" in name or one.server.credentials["project_id"] in name]


def test_rejected_urls_are_counted(one: Metered) -> None:
    before = one.read()
    with one.server.http() as client:
        body = {"image_url": "https://example.com/a.jpg"}
        assert client.post(f"{one.server.project}/face-detect", json=body).json()["error_code"] == "FRS.0020"
    assert growth(before, one.read())["openfrs_url_fetches_total FRS.0020"] == 1


def test_processes_are_counted_together_and_none_twice(several: Metered) -> None:
    workers = several.server.workers()
    assert len(workers) == 2
    for worker in workers:
        with several.server.http_at(worker) as client:
            client.post(f"{several.server.project}/face-detect", files={"image_file": PERSON}).raise_for_status()
    seen = several.read()
    assert seen["openfrs_requests_total  detect 200"] == 2
    assert seen["openfrs_stage_seconds_count detect"] == 2
    assert seen["openfrs_pictures small working"] == seen["openfrs_requests_under_way"] == 0


def test_gauges_of_a_killed_process_disappear_and_its_counters_stay(several: Metered) -> None:
    before, workers = several.read(), several.server.workers()
    path = f"{several.server.project}/face-sets/s"
    with several.server.http_at(workers[0]) as client:
        client.post(f"{several.server.project}/face-sets", json={"face_set_name": "s"}).raise_for_status()
        client.post(f"{path}/faces", files={"image_file": PERSON}).raise_for_status()
        client.post(f"{path}/search", files={"image_file": PERSON}).raise_for_status()
        assert several.read()["openfrs_indexes"] == 1
        os.kill(workers[0], signal.SIGKILL)
    wait_until(lambda: len(several.server.workers()) == 2 and workers[0] not in several.server.workers())
    after = several.read()
    assert after["openfrs_indexes"] == 0
    assert growth(before, after)["openfrs_requests_total  search 200"] == 1


def test_metrics_need_the_token_and_are_not_on_the_port_of_the_api(one: Metered) -> None:
    for headers in ({}, {"Authorization": "Bearer other"}, {"Authorization": f"Basic {SECRET}"}):
        refused = httpx.get(one.url, headers=headers)
        assert (refused.status_code, refused.headers["WWW-Authenticate"]) == (401, "Bearer")
        assert "openfrs_" not in refused.text
    assert httpx.get(one.url.replace("/metrics", "/"), headers={"Authorization": f"Bearer {SECRET}"}).status_code == 404
    assert httpx.get(f"{one.server.endpoint}/metrics").status_code == 404
    assert "Python" not in refused.headers["Server"]


def test_a_wrong_address_stops_the_start_with_one_line(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "openfrs", "serve", "--data", str(tmp_path / "d"), "--port", "0"]
    environment = {"OPENFRS_METRICS": "0.0.0.0:9464"}
    result = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, env=environment)
    assert result.returncode == 1
    assert len(result.stderr.strip().splitlines()) == 1
