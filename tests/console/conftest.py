"""Fixtures of the console: a browser, the built console, and a page that is signed in."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from openfrs.api.console import BUILT, INDEX
from openfrs.vision.weights.cache import WeightCache
from tests.support.browsers import chromium
from tests.support.camera import camera_video
from tests.support.servers import RunningServer, real_server_command, running

from .pages import sign_in

CAMERA = ["--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream"]
"""Flags of a browser whose camera is a file."""

expect.set_options(timeout=30_000)


@pytest.fixture(scope="session")
def built() -> Path:
    """The folder of the built console."""
    if not (BUILT / INDEX).is_file():
        pytest.skip("the console is not built; run make console")
    return BUILT


@pytest.fixture(scope="session")
def console_server(
    tmp_path_factory: pytest.TempPathFactory, weights: WeightCache, built: Path
) -> Iterator[RunningServer]:
    """The server with the real models, for the console's tests only: they change its accounts."""
    data = tmp_path_factory.mktemp("console") / "data"
    with running(real_server_command(data, weights.directory), data) as started:
        yield started


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory, weights: WeightCache) -> Iterator[Browser]:
    """Chromium with a camera, for one module."""
    video = camera_video(weights.samples / "obama.jpg", tmp_path_factory.mktemp("camera") / "camera.mjpeg")
    with chromium(*CAMERA, f"--use-file-for-fake-video-capture={video}") as started:
        yield started


@pytest.fixture(scope="module")
def context(browser: Browser, console_server: RunningServer) -> Iterator[BrowserContext]:
    """A browser context in English and light colours, with access to the camera."""
    context = browser.new_context(
        base_url=console_server.endpoint,
        locale="en",
        color_scheme="light",
        viewport={"width": 1280, "height": 900},
        permissions=["camera", "clipboard-read", "clipboard-write"],
    )
    context.set_default_timeout(30_000)
    yield context
    context.close()


@pytest.fixture(scope="module")
def page(context: BrowserContext, console_server: RunningServer) -> Page:
    """A page, signed in as the first account; errors in the browser's log are collected in ``complaints``."""
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.complaints = complaints  # type: ignore[attr-defined]
    sign_in(page, console_server)
    return page


@pytest.fixture
def make_set(console_server: RunningServer, weights: WeightCache) -> Iterator[Callable[..., str]]:
    """Function that creates a face set with sample photos by external image id; it is deleted after the test."""
    created: list[str] = []
    path = f"{console_server.project}/face-sets"
    with console_server.http() as client:

        def make(name: str, photos: Mapping[str, str], fields: Mapping[str, str] | None = None) -> str:
            definitions = {field: {"type": type_} for field, type_ in (fields or {}).items()}
            body = {"face_set_name": name, "external_fields": definitions}
            response = client.post(path, json=body)
            assert response.status_code == 200, response.text
            created.append(name)
            for external_image_id, photo in photos.items():
                image = (weights.samples / photo).read_bytes()
                form = {"external_image_id": external_image_id}
                added = client.post(f"{path}/{name}/faces", files={"image_file": image}, data=form)
                assert added.status_code == 200, added.text
            return name

        yield make
        for name in created:
            client.delete(f"{path}/{name}")
