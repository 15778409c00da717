"""Records of deletions, and the check of a photo against a policy, in a browser."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from openfrs.vision.weights.cache import WeightCache
from tests.support.servers import RunningServer

from .pages import give, go

pytestmark = pytest.mark.models


def test_a_deletion_is_recorded_with_its_digest(
    page: Page, make_set: Callable[..., str], console_server: RunningServer, tmp_path: Path
) -> None:
    name = make_set("recorded", {"obama": "obama.jpg"})
    with console_server.http() as client:
        assert (
            client.delete(f"{console_server.project}/face-sets/{name}/faces?external_image_id=obama").status_code == 200
        )
        deletions = client.get(f"/x/v1/{console_server.credentials['project_id']}/deletions").json()["deletions"]
    go(page, "Deletions")
    row = page.get_by_role("row", name=name).first
    expect(row).to_contain_text("request")
    row.get_by_text("1 face").click()
    expect(row).to_contain_text(deletions[0]["face_ids"][0])
    expect(page.get_by_text(f"openfrs retention report --known {deletions[0]['digest']}")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("button", name="Save as JSONL").click()
    download.value.save_as(tmp_path / "deletions.jsonl")
    lines = (tmp_path / "deletions.jsonl").read_text("utf-8").splitlines()
    assert json.loads(lines[0]) == deletions[0]


def test_a_photo_is_checked_against_the_policy_of_a_set(
    page: Page, make_set: Callable[..., str], console_server: RunningServer, all_weights: WeightCache
) -> None:
    name = make_set("strict", {"obama": "obama.jpg"})
    with console_server.http() as client:
        policy = {"policy": {"min_face_size": 4000, "duplicate_similarity": 0.9}}
        url = f"/x/v1/{console_server.credentials['project_id']}/face-sets/{name}/policy"
        assert client.put(url, json=policy).status_code == 200
    go(page, "Check photos")
    give(page, "Photo to check", all_weights.samples / "obama2.jpg")
    expect(page.get_by_text("1 of 1 faces would be accepted.")).to_be_visible()
    page.get_by_role("combobox", name="Check against").click()
    page.get_by_role("option", name=f"Policy and faces of {name}").click()
    expect(page.get_by_text("0 of 1 faces would be accepted.")).to_be_visible()
    reasons = page.get_by_role("list", name="Reasons")
    expect(reasons).to_contain_text("The face is too small.")
    expect(reasons).to_contain_text("The person is in the set already")
    expect(page.get_by_text("Looks like obama")).to_be_visible()
