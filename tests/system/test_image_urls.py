"""Images by URL: from an allowed web server, and from an S3 object store."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.support.contract import Frs, ok, refusal
from tests.support.fake_models import photo
from tests.support.object_store import Store, object_store
from tests.support.servers import RunningServer, fake_server_command, running
from tests.support.web import WebServer, certificate, web_server

ANNA, BEN = (200, 60, 60), (60, 200, 60)
BUCKET, CLOSED = "faces", "closed"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    objects = {
        f"{BUCKET}/a dir/anna.png": photo(ANNA),
        f"{BUCKET}/ben.png": photo(BEN),
        f"{BUCKET}/text.txt": b"not an image",
        f"{CLOSED}/anna.png": photo(ANNA),
    }
    with object_store(tmp_path_factory.mktemp("store") / "log", objects, readable=BUCKET) as store:
        yield store


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[WebServer, Path]]:
    cert, key = certificate(tmp_path_factory.mktemp("certificate"), "localhost.example")
    with web_server({}, cert, key) as server:
        yield server, cert


@contextmanager
def serving(data: Path, settings: Mapping[str, str]) -> Iterator[tuple[RunningServer, Frs]]:
    with running(fake_server_command(data), data, environment=settings) as server, server.http() as http:
        yield server, Frs(http, server.project)


@pytest.fixture(scope="module")
def obs(tmp_path_factory: pytest.TempPathFactory, store: Store) -> Iterator[Frs]:
    """A server with access to the object store."""
    settings = {
        "OPENFRS_OBS_ENDPOINT": store.endpoint,
        "OPENFRS_OBS_ACCESS_KEY": store.access_key,
        "OPENFRS_OBS_SECRET_KEY": store.secret_key,
        "OPENFRS_OBS_BUCKETS": f"{BUCKET},{CLOSED},absent,others=0123456789abcdef0123456789abcdef",
    }
    data = tmp_path_factory.mktemp("obs") / "data"
    with serving(data, settings) as (server, frs):
        yield frs
        assert store.secret_key not in server.log.read_text("utf-8")


def obs_url(key: str, bucket: str = BUCKET) -> str:
    return f"https://{bucket}.obs.cn-north-4.myhuaweicloud.com/{key}"


@pytest.mark.parametrize("url", [obs_url("a%20dir/anna.png"), f"/{BUCKET}/a dir/anna.png", f"{BUCKET}/a dir/anna.png"])
def test_a_face_is_enrolled_found_and_compared_from_the_store(obs: Frs, url: str) -> None:
    obs.create("people")
    try:
        (added,) = ok(obs.post("/face-sets/people/faces", json={"image_url": url}))["faces"]
        (match,) = ok(obs.post("/face-sets/people/search", json={"image_url": url}))["faces"]
        assert (match["face_id"], match["similarity"]) == (added["face_id"], 1.0)
    finally:
        ok(obs.delete("/face-sets/people"))
    (face,) = ok(obs.post("/face-detect", json={"image_url": url}))["faces"]
    both = {"image1_url": url, "image2_url": obs_url("ben.png")}
    compared = ok(obs.post("/face-compare", json=both))
    assert compared["image1_face"]["bounding_box"] == face["bounding_box"]
    assert compared["similarity"] < 0.93
    ok(obs.post("/face/quality/face-quality", json={"image_url": url}))


@pytest.mark.parametrize(
    ("url", "code"),
    [
        (obs_url("nobody.png"), "FRS.0024"),
        (obs_url("text.txt"), "FRS.0015"),
        (obs_url("anna.png", CLOSED), "FRS.0022"),
        (f"/{CLOSED}/anna.png", "FRS.0022"),
        (obs_url("anna.png", "absent"), "FRS.0022"),
        (obs_url("anna.png", "others"), "FRS.0022"),
        (obs_url("anna.png", "unlisted"), "FRS.0022"),
        ("/faces/../closed/anna.png", "FRS.0022"),
        ("https://files.example/anna.png", "FRS.0035"),
        ("https://169.254.169.254/latest/meta-data/", "FRS.0035"),
        ("http://faces.obs.cn-north-4.myhuaweicloud.com/ben.png", "FRS.0021"),
    ],
)
def test_object_store_failures_have_their_own_codes(obs: Frs, url: str, code: str) -> None:
    refusal(obs.post("/face-detect", json={"image_url": url}), code)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"image_url": ""}, "FRS.0011"),
        ({"image_url": 1}, "FRS.0012"),
        ({"image_url": f"/{BUCKET}/ben.png", "image_base64": "aGk="}, "FRS.0012"),
    ],
)
def test_a_url_is_an_input_like_the_others(obs: Frs, body: dict[str, Any], code: str) -> None:
    refusal(obs.post("/face-detect", json=body), code)


def test_a_comparison_takes_two_urls_or_none(obs: Frs) -> None:
    body = {"image1_url": f"/{BUCKET}/ben.png", "image2_base64": "aGk="}
    refusal(obs.post("/face-compare", json=body), "FRS.0012")
    refusal(obs.post("/face-compare", json={"image1_url": f"/{BUCKET}/ben.png"}), "FRS.0011")


def test_wrong_keys_for_the_object_store_are_reported(tmp_path: Path, store: Store) -> None:
    data = tmp_path / "data"
    settings = {
        "OPENFRS_OBS_ENDPOINT": store.endpoint,
        "OPENFRS_OBS_ACCESS_KEY": store.access_key,
        "OPENFRS_OBS_SECRET_KEY": "wrong",
    }
    with serving(data, settings) as (_, frs):
        refusal(frs.post("/face-detect", json={"image_url": obs_url("ben.png")}), "FRS.0027")


def test_loopback_hosts_are_not_contacted(tmp_path: Path, web: tuple[WebServer, Path]) -> None:
    server_of_files, cert = web
    server_of_files.files["/anna.png"] = 200, {}, [photo(ANNA)]
    data = tmp_path / "data"
    settings = {"OPENFRS_URL_HOSTS": f"*,*:{server_of_files.port}", "SSL_CERT_FILE": str(cert)}
    with serving(data, settings) as (server, frs):
        for url in (f"https://127.0.0.1:{server_of_files.port}/anna.png", f"https://localhost:{server_of_files.port}/"):
            refusal(frs.post("/face-detect", json={"image_url": url}), "FRS.0035")
        secret = "https://files.example/a.png?signature=SECRET"
        code = frs.post("/face-detect", json={"image_url": secret}).json()["error_code"]
        assert code in {"FRS.0035", "FRS.0036"}  # the name does not exist; the code depends on the resolver
        assert server_of_files.requests == []
        assert "SECRET" not in server.log.read_text("utf-8")
