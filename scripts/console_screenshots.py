"""Make the images of the console in the docs, and screenshots of its views, from a server with the sample photos.

python -m scripts.console_screenshots [VIEW ...]

Writes ``docs/images/console-*.png``, 1440 pixels wide, in English and light colours, and to ``console-screenshots/``
each view for a desk and a phone, in light and dark colours and both languages.
"""

import io
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import cv2
import numpy as np
from PIL import Image
from playwright.sync_api import Page, expect

from openfrs.core.settings import Settings
from openfrs.vision.weights.cache import WeightCache
from tests.console.pages import SCREENSHOTS, give, go, sign_in
from tests.support.browsers import chromium
from tests.support.camera import camera_video
from tests.support.servers import REPOSITORY, RunningServer, real_server_command, running

IMAGES: Final = REPOSITORY / "docs" / "images"
MAX_BYTES: Final = 200_000
"""Greatest size of an image of the docs."""

DESK, PHONE, HEIGHT = 1440, 390, 900
MAX_HEIGHT: Final = 1200
"""Greatest height of an image of the docs, in pixels."""

MARGIN: Final = 16
LANGUAGES: Final = {"en": "English", "zh": "简体中文"}
SCHEMES: Final[tuple[Literal["dark", "light"], ...]] = ("dark", "light")
SET: Final = "visitors"
PEOPLE: Final = {
    "obama.jpg": ("Barack-Obama", 55),
    "obama3.jpg": ("Barack-Obama", 55),
    "obama2.jpg": ("Visitor-17", 50),
    "biden.jpg": ("Joe-Biden", 70),
}
"""External image id and age of each sample photo in the set."""

expect.set_options(timeout=60_000)


@dataclass(frozen=True)
class View:
    """A view in a state that is worth a look."""

    name: str
    prepare: Callable[[Page, Path], None]
    until: str | None = None
    """Selector of the last element that the image in the docs shows; without it the docs have no image."""


def _open(address: str, *, heading: str | None = None, text: str | None = None) -> Callable[[Page, Path], None]:
    """Return a preparation that opens an address and waits for a heading or a text."""

    def prepare(page: Page, samples: Path) -> None:
        page.goto(f"/console/{address}")
        if heading:
            expect(page.get_by_role("heading", name=heading).first).to_be_visible()
        if text:
            expect(page.get_by_text(text).first).to_be_visible()

    return prepare


def _people(page: Page, samples: Path) -> None:
    page.goto(f"/console/people?set={SET}")
    expect(page.get_by_test_id("person").locator("img")).to_have_count(3)


def _duplicates(page: Page, samples: Path) -> None:
    page.goto(f"/console/people?set={SET}&tab=duplicates")
    page.get_by_role("button", name="Find duplicates").click()
    expect(page.get_by_test_id("pair").locator("img")).to_have_count(2)


def _live(page: Page, samples: Path) -> None:
    page.goto(f"/console/live?set={SET}")
    expect(page.get_by_test_id("named-face").filter(has_text="Barack-Obama")).to_be_visible()
    expect(page.get_by_test_id("named-face").filter(has_text="Joe-Biden")).to_be_visible()
    expect(page.get_by_role("img", name="Detection error trade-off")).to_be_visible()


def _search(page: Page, samples: Path) -> None:
    page.goto(f"/console/search?set={SET}")
    give(page, "Search photo", samples / "obama2.jpg")
    expect(page.get_by_role("button", name="Face 1")).to_be_visible()
    page.get_by_role("button", name="Search", exact=True).click()
    expect(page.get_by_test_id("result").locator("img").first).to_be_visible()
    expect(page.get_by_role("img", name="Detection error trade-off")).to_be_visible()


def _detect(page: Page, samples: Path) -> None:
    page.goto("/console/detect")
    give(page, "Photo to analyse", samples / "obama.jpg")
    expect(page.get_by_test_id("pose")).to_be_attached()
    expect(page.get_by_role("row", name="Gender")).to_be_visible()


def _compare(page: Page, samples: Path) -> None:
    page.goto("/console/compare")
    give(page, "First photo", samples / "obama.jpg")
    give(page, "Second photo", samples / "obama2.jpg")
    expect(page.get_by_test_id("similarity")).to_be_visible()


def _check(page: Page, samples: Path) -> None:
    page.goto("/console/check")
    give(page, "Photo to check", samples / "biden.jpg")
    expect(page.get_by_text("faces would be accepted")).to_be_visible()


def _overview(page: Page, samples: Path) -> None:
    page.goto("/console")
    go(page, "Overview")
    expect(page.get_by_role("img", name="Receiver operating characteristic")).to_be_visible()
    expect(page.get_by_role("img", name="Requests per minute")).to_be_visible()


VIEWS: Final = (
    View("face-sets", _open("face-sets", text=SET)),
    View("faces", _open(f"face-sets/{SET}", text="Joe-Biden")),
    View("add", _open(f"face-sets/{SET}?tab=add", text="Main face only")),
    View("rules", _open(f"face-sets/{SET}?tab=rules", text="Save the retention rule"), "main"),
    View("people", _people, "[data-testid=person]"),
    View("duplicates", _duplicates),
    View("search", _search, "[data-testid=result]"),
    View("detect", _detect, "main"),
    View("compare", _compare),
    View("liveness", _open("liveness", heading="Liveness")),
    View("liveness-active", _open("liveness?tab=active", heading="Liveness")),
    View("liveness-session", _open("liveness?tab=session", heading="Liveness")),
    View("check", _check),
    View("deletions", _open("deletions", heading="Deletions")),
    View("accounts-users", _open("accounts/users", text="admin")),
    View("accounts-limits", _open("accounts/limits", text="Capacity of a face set")),
    View("audit", _open("accounts/audit", text=f"/face-sets/{SET}/faces"), "main tbody tr:nth-child(8)"),
    View("account", _open("account", heading="My account")),
    View("live", _live, "main .image"),
    View("overview", _overview, "main"),
)


def fill(server: RunningServer, samples: Path) -> None:
    """Create a face set that keeps crops, with the sample photos."""
    sets = f"{server.project}/face-sets"
    fields = {"age": {"type": "integer"}}
    with server.http() as client:
        client.post(sets, json={"face_set_name": SET, "external_fields": fields}).raise_for_status()
        client.put(f"/x/v1/{server.credentials['project_id']}/face-sets/{SET}/crops").raise_for_status()
        for photo, (person, age) in PEOPLE.items():
            client.post(
                f"{sets}/{SET}/faces",
                files={"image_file": (samples / photo).read_bytes()},
                data={"external_image_id": person, "external_fields": f'{{"age": {age}}}'},
            ).raise_for_status()


def two_people(samples: Path, target: Path) -> Path:
    """Write an image of two people side by side, of the shape of a camera's frame."""
    photos = [cv2.imread(str(samples / name)) for name in ("obama.jpg", "biden.jpg")]
    halves = [cv2.resize(photo[: photo.shape[1] * 3 // 2], (320, 480)) for photo in photos if photo is not None]
    cv2.imwrite(str(target), np.hstack(halves))
    return target


def choose_language(page: Page, name: str) -> None:
    """Choose a language, whatever the present one is."""
    page.locator("header button[aria-haspopup=menu]").last.click()
    page.get_by_role("menuitem", name=name).click()


def take_all(page: Page, view: View) -> None:
    """Take the screenshots of the view as it is now, and leave it in English, light, on a desk."""
    for language, name in reversed(LANGUAGES.items()):
        choose_language(page, name)
        for scheme in SCHEMES:
            page.emulate_media(color_scheme=scheme)
            for width in (PHONE, DESK):
                page.set_viewport_size({"width": width, "height": HEIGHT})
                page.wait_for_timeout(300)  # colours and widths change gradually
                page.screenshot(path=SCREENSHOTS / f"{view.name}-{width}-{scheme}-{language}.png", full_page=True)


def publish(page: Page, view: View) -> None:
    """Write the image of the docs: from the top to the end of the view's last element."""
    last = page.locator(view.until or "main").last
    last.evaluate("element => window.scrollTo(0, 0)")
    box = last.bounding_box()
    assert box is not None
    height = min(MAX_HEIGHT, round(box["y"] + box["height"]) + MARGIN)
    page.set_viewport_size({"width": DESK, "height": height})
    page.wait_for_timeout(300)
    taken = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    page.set_viewport_size({"width": DESK, "height": HEIGHT})
    target = IMAGES / f"console-{view.name}.png"
    for colours in (256, 128, 64, 32):
        taken.quantize(colours, dither=Image.Dither.NONE).save(target, optimize=True)
        if target.stat().st_size < MAX_BYTES:
            return
    raise SystemExit(f"{target} has {target.stat().st_size:,} bytes, more than {MAX_BYTES:,}: crop it further.")


def main() -> None:
    """Start a server and a browser, and take the screenshots of the views that are named, or of all."""
    chosen = sys.argv[1:]
    weights = WeightCache.open(Settings().models)
    SCREENSHOTS.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        photo = two_people(weights.samples, Path(folder) / "two.png")
        video = camera_video(photo, Path(folder) / "camera.mjpeg")
        camera = ["--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream"]
        with (
            running(real_server_command(data, weights.directory), data) as server,
            chromium(*camera, f"--use-file-for-fake-video-capture={video}") as browser,
        ):
            fill(server, weights.samples)
            context = browser.new_context(
                base_url=server.endpoint,
                locale="en",
                color_scheme="light",
                viewport={"width": DESK, "height": HEIGHT},
                permissions=["camera"],
            )
            context.set_default_timeout(60_000)
            page = context.new_page()
            sign_in(page, server)
            for view in VIEWS:
                if chosen and view.name not in chosen:
                    continue
                view.prepare(page, weights.samples)
                take_all(page, view)
                if view.until:
                    publish(page, view)
                print(view.name, flush=True)


if __name__ == "__main__":
    main()
