"""Workflows of the console in a browser, on a server with the real models."""

import re
from typing import Any

import cv2
import numpy as np
import pytest
from huaweicloudsdkcore.auth.credentials import BasicCredentials
from huaweicloudsdkfrs.v2 import FrsClient, ShowAllFaceSetsRequest
from playwright.sync_api import Locator, Page, expect

from openfrs.vision.weights.cache import WeightCache
from tests.support.servers import RunningServer

from .pages import drop, give, go, sign_in

pytestmark = pytest.mark.models

PHOTOS = ("obama.jpg", "obama2.jpg", "obama3.jpg", "biden.jpg")


@pytest.fixture(scope="module")
def twelve(weights: WeightCache) -> list[tuple[str, bytes]]:
    """Twelve photos: the sample photos unchanged, mirrored and smaller."""
    photos = []
    for name in PHOTOS:
        image = cv2.imread(str(weights.samples / name))
        assert image is not None
        image = cv2.resize(image, None, fx=(scale := 640 / max(image.shape)), fy=scale)
        for variant, changed in {
            "plain": image,
            "mirrored": cv2.flip(image, 1),
            "small": cv2.resize(image, None, fx=0.8, fy=0.8),
        }.items():
            photos.append((f"{name.removesuffix('.jpg')}-{variant}.jpg", cv2.imencode(".jpg", changed)[1].tobytes()))
    return photos


def test_a_wrong_password_is_reported_with_its_code(page: Page, console_server: RunningServer) -> None:
    page.get_by_role("button", name="Sign out").click()
    page.locator("input[type=password]").fill("wrong")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("The username or password is wrong.")
    expect(page.get_by_role("alert")).to_contain_text(re.compile(r"Unauthorized.*[0-9a-f]{32}"))
    sign_in(page, console_server)
    assert (
        page.evaluate("[...Object.values(localStorage), ...Object.values(sessionStorage)].join()").count("gAAAA") == 0
    )
    assert page.evaluate("document.cookie") == ""


def test_a_face_set_is_created_with_custom_fields(page: Page) -> None:
    go(page, "Face sets")
    page.get_by_role("button", name="New face set").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name", exact=False).first.fill("people")
    dialog.get_by_role("button", name="Add a field").click()
    dialog.get_by_label("Name of field 1").fill("age")
    dialog.get_by_role("combobox", name="Type of field 1").click()
    page.get_by_role("option", name="integer").click()
    dialog.get_by_role("button", name="Create").click()
    page.get_by_role("main").get_by_role("link", name="people").click()
    expect(page.get_by_role("heading", name="people", level=1)).to_be_visible()


def test_twelve_photos_are_added_by_one_drop(page: Page, twelve: list[tuple[str, bytes]]) -> None:
    page.get_by_role("tab", name="Add faces").click()
    drop(page, page.get_by_test_id("drop"), [*twelve, ("no-face.jpg", blank())])
    expect(page.get_by_text("12 added, 1 rejected, of 13")).to_be_visible()
    row = page.get_by_role("row", name="no-face.jpg")
    expect(row).to_contain_text("Detect no face, can not add it to face set.")
    expect(row).to_contain_text("FRS.0404")
    page.get_by_role("tab", name="Faces", exact=True).click()
    expect(total(page, "12 faces")).to_be_visible()
    expect(rows(page).locator("img")).to_have_count(12)


def test_a_face_is_edited(page: Page) -> None:
    for photo, age in (("biden-plain", "80"), ("obama-plain", "60")):
        rows(page).filter(has_text=photo).get_by_role("button", name="Edit").click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_label("age", exact=True).fill(age)
        dialog.get_by_role("button", name="Save").click()
        expect(dialog).to_be_hidden()
        expect(rows(page).filter(has_text=photo)).to_contain_text(age)


def test_faces_are_sorted_and_filtered(page: Page) -> None:
    page.get_by_role("button", name="age", exact=True).click()
    expect(rows(page).first).to_contain_text("obama-plain")
    page.get_by_role("button", name="age", exact=True).click()
    expect(rows(page).first).to_contain_text("biden-plain")
    page.get_by_role("button", name="Add a condition").click()
    page.get_by_role("combobox", name="Comparison of condition 1").click()
    page.get_by_role("option", name="at least").click()
    page.get_by_label("Value of condition 1").fill("70")
    expect(page.get_by_text("age:[70 TO *]")).to_be_visible()
    expect(total(page, "1 face")).to_be_visible()
    expect(rows(page)).to_have_count(1)


def test_a_search_finds_the_right_person(page: Page, weights: WeightCache) -> None:
    go(page, "Search")
    give(page, "Search photo", weights.samples / "biden.jpg")
    expect(page.get_by_role("button", name="Face 1")).to_be_visible()
    rate = page.get_by_test_id("false-match-rate")
    expect(rate).to_have_text("False match rate: about 1 in 10,000")
    risk = page.get_by_test_id("risk")
    expect(risk).to_contain_text("1 stranger in")
    expect(risk).to_contain_text("would be named at 0.93")
    page.get_by_role("slider").press("ArrowLeft")
    expect(risk).to_contain_text("would be named at 0.92")
    expect(rate).not_to_have_text("False match rate: about 1 in 10,000")
    page.get_by_role("slider").press("ArrowRight")
    page.get_by_role("button", name="Search", exact=True).click()
    results = page.get_by_test_id("result")
    expect(results).to_have_count(3)
    for number in range(3):
        expect(results.nth(number)).to_contain_text("biden-")
    expect(page.get_by_role("tabpanel", name="curl")).to_contain_text("threshold=0.93")
    page.get_by_role("button", name="Copy").first.click()
    assert "/face-sets/people/search" in page.evaluate("navigator.clipboard.readText()")


def test_boxes_are_drawn_where_the_service_found_the_faces(
    page: Page, console_server: RunningServer, weights: WeightCache
) -> None:
    photo = weights.samples / "obama.jpg"
    with console_server.http() as client:
        response = client.post(f"{console_server.project}/face-detect", files={"image_file": photo.read_bytes()}).json()
    box = response["faces"][0]["bounding_box"]
    go(page, "Detect")
    give(page, "Photo to analyse", photo)
    drawn = page.get_by_role("button", name="Face 1")
    expect(drawn).to_be_visible()
    on_screen, photo_box = drawn.bounding_box(), page.get_by_role("img", name="Photo to analyse").bounding_box()
    assert on_screen is not None
    assert photo_box is not None
    height, width = cv2.imread(str(photo)).shape[:2]  # type: ignore[union-attr]
    # the border is four pixels wide, half of it outside the box
    assert on_screen["x"] - photo_box["x"] == pytest.approx(box["top_left_x"] * photo_box["width"] / width, abs=3)
    assert on_screen["y"] - photo_box["y"] == pytest.approx(box["top_left_y"] * photo_box["height"] / height, abs=3)
    assert on_screen["width"] == pytest.approx(box["width"] * photo_box["width"] / width, abs=5)
    assert on_screen["height"] == pytest.approx(box["height"] * photo_box["height"] / height, abs=5)


def test_two_photos_are_compared(page: Page, weights: WeightCache) -> None:
    go(page, "Compare")
    give(page, "First photo", weights.samples / "obama.jpg")
    give(page, "Second photo", weights.samples / "obama2.jpg")
    expect(page.get_by_text("Probably the same person")).to_be_visible()
    give(page, "Second photo", weights.samples / "biden.jpg")
    expect(page.get_by_text("Probably different people")).to_be_visible()
    expect(page.get_by_text(re.compile(r"0\.\d{4} below the recommended threshold 0\.93"))).to_be_visible()


def test_silent_liveness_of_several_camera_photos(page: Page, all_weights: WeightCache) -> None:
    go(page, "Liveness")
    page.get_by_role("button", name="Use the camera").click()
    page.get_by_role("button", name="Take 5 photos").click()
    verdict = page.get_by_test_id("verdict")
    expect(verdict).to_contain_text(re.compile("Live|Not live"))
    expect(verdict).to_contain_text(re.compile(r"Confidence: [01]\.\d{3}"))
    expect(verdict).to_contain_text(re.compile(r"Confidence of each photo: (?:[01]\.\d\d(?:, |$)){5}"))
    expect(verdict).not_to_contain_text("different people")


def test_silent_liveness_of_a_file(page: Page, weights: WeightCache, all_weights: WeightCache) -> None:
    go(page, "Liveness")
    give(page, "Photo of a face", weights.samples / "obama.jpg")
    verdict = page.get_by_test_id("verdict")
    expect(verdict).to_contain_text(re.compile(r"Confidence: [01]\.\d{3}"))
    expect(verdict.get_by_role("img", name="Evaluated image")).to_be_visible()


def test_a_recording_without_actions_is_not_live(page: Page, all_weights: WeightCache) -> None:
    go(page, "Liveness")
    page.get_by_role("tab", name="With actions").click()
    page.get_by_role("button", name="Record").click()
    expect(page.get_by_test_id("prompt")).to_have_text("Turn your head to the left")
    expect(page.get_by_test_id("prompt")).to_have_text("Nod")
    verdict = page.get_by_test_id("verdict")
    expect(verdict).to_contain_text("Not live")
    expect(verdict).to_contain_text(re.compile(r"Nod [01]\.\d\d"))
    expect(page.get_by_role("heading", name="Head movement")).to_be_visible()


def test_the_sdk_signs_with_a_key_created_by_an_admin(page: Page, console_server: RunningServer) -> None:
    go(page, "Accounts")
    page.get_by_role("button", name="New user").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("User").fill("robot")
    dialog.get_by_role("button", name="Create").click()
    page.get_by_role("button", name="Done").click()
    page.get_by_role("button", name="Access keys of robot").click()
    page.get_by_role("button", name="New access key").click()
    access_key, secret_key = (page.get_by_test_id(name).inner_text() for name in ("Access key", "Secret key"))
    page.get_by_role("button", name="Done").click()
    signing = BasicCredentials(access_key, secret_key, console_server.credentials["project_id"])
    client = FrsClient.new_builder().with_credentials(signing).with_endpoint(console_server.endpoint).build()
    sets: list[Any] = client.show_all_face_sets(ShowAllFaceSetsRequest()).face_sets_info
    assert [each.face_set_name for each in sets] == ["people"]
    page.get_by_role("tab", name="Audit log").click()
    page.get_by_label("Any value contains").fill("/keys")
    expect(page.get_by_text(re.compile("POST .*/keys")).first).to_be_visible()


def test_an_expired_session_resumes_after_signing_in_again(page: Page, console_server: RunningServer) -> None:
    go(page, "Face sets")
    page.route("**/x/v1/*/face-sets/**", expired_once())
    page.get_by_role("main").get_by_role("link", name="people").click()
    dialog = page.get_by_role("dialog", name="Your session has expired")
    dialog.locator("input[type=password]").fill(console_server.credentials["password"])
    dialog.get_by_role("button", name="Sign in").click()
    expect(dialog).to_be_hidden()
    expect(rows(page)).to_have_count(12)
    page.unroute("**/x/v1/*/face-sets/**")


def test_faces_are_deleted_one_by_one_and_by_filter(page: Page) -> None:
    rows(page).filter(has_text="biden-small").get_by_role("button", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(total(page, "11 faces")).to_be_visible()
    page.get_by_role("button", name="Add a condition").click()
    page.get_by_label("Value of condition 1").fill("60")
    page.get_by_role("button", name="Delete the 1 matching face").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("button", name="Delete")).to_be_disabled()
    dialog.get_by_label("Type “people” to confirm").fill("people")
    dialog.get_by_role("button", name="Delete").click()
    page.get_by_role("button", name="Remove condition 1").click()
    expect(total(page, "10 faces")).to_be_visible()


def test_an_unreachable_service_is_reported(page: Page) -> None:
    page.route("**/v2/**", lambda route: route.abort())
    go(page, "Overview")
    go(page, "Face sets")
    expect(page.get_by_role("alert")).to_contain_text("The service cannot be reached.")
    page.unroute("**/v2/**")  # the page tries again by itself
    expect(page.get_by_role("main").get_by_role("link", name="people")).to_be_visible()


def test_the_face_set_is_deleted_after_its_name_is_typed(page: Page) -> None:
    page.get_by_role("button", name="Delete people").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Type “people” to confirm").fill("people")
    dialog.get_by_role("button", name="Delete the face set").click()
    expect(page.get_by_text("There are no face sets yet.")).to_be_visible()


def rows(page: Page) -> Locator:
    """The rows of the table of faces."""
    return page.get_by_role("tabpanel", name="Faces").locator("tbody tr")


def total(page: Page, text: str) -> Locator:
    """The number of faces shown by the table."""
    return page.get_by_role("tabpanel", name="Faces").get_by_role("status").filter(has_text=re.compile(f"^{text}$"))


def blank() -> bytes:
    """An image without a face."""
    return cv2.imencode(".jpg", np.full((240, 320, 3), 128, np.uint8))[1].tobytes()


def expired_once() -> Any:
    """Return a route handler that rejects the first request as the service rejects an expired token."""
    answered: list[Any] = []

    def response(route: Any) -> None:
        if answered:
            route.continue_()
            return
        answered.append(route)
        body = {"error_code": "FRS.0002", "error_msg": "The authentication token is abnormal."}
        route.fulfill(status=401, json=body)

    return response
