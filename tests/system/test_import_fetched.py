"""Imports of images that are fetched: objects of a bucket, and files at the URLs of a table."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from openfrs.core.errors import OperatorError
from openfrs.core.settings import Settings
from openfrs.faces.external_ids import external_id_of
from openfrs.faces.imports.items import Item
from openfrs.faces.imports.report import Line, Outcome
from openfrs.operations.transfer import fetched
from openfrs.operations.transfer.fetched import ImageFetcher
from openfrs.operations.transfer.images import Importing, import_images
from openfrs.operations.transfer.sources import Naming, Skipped
from openfrs.operations.transfer.tables import mapped_items
from tests.support.data_directories import colour, new_data
from tests.support.fake_models import load, photo
from tests.support.object_store import Store, object_store
from tests.support.web import NAME, FakeResolver, certificate, web_server

MANY = 5


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    objects = {
        "staff/2026/anna/1.png": photo(colour(1)),
        "staff/2026/张 三/1 & 2+.png": photo(colour(2)),
        "staff/2026/ben.png": b"not an image",
        "staff/2026/notes.txt": b"text",
        "staff/2026/@eaDir/anna.jpg": b"a thumbnail",
        "staff/2026/.hidden.jpg": b"a hidden file",
        "staff/2026 backup/anna.png": photo(colour(3)),
        "closed/anna.png": photo(colour(4)),
    } | {f"staff/many/{number:04}.png": b"x" for number in range(MANY)}
    with object_store(tmp_path_factory.mktemp("store") / "log", objects, readable="staff") as store:
        yield store


@pytest.fixture
def settings(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    for name, value in store.settings.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("OPENFRS_OBS_BUCKETS", "other=0123")  # restricts clients, not the operator
    return Settings(data=new_data(tmp_path / "data", "s"))


def run(settings: Settings, items: Iterator[Item]) -> dict[str, Line]:
    lines: list[Line] = []
    import_images(settings, items, Importing("s"), lines.append, load_pipeline=load)
    return {line.file: line for line in lines}


def test_the_images_of_a_prefix_are_imported_as_those_of_a_folder(settings: Settings) -> None:
    skipped = Skipped()
    items = ImageFetcher(settings).bucket_items("s3://staff/2026", Naming.FOLDER, skipped)
    report = run(settings, items)
    assert {name: (line.outcome, line.external_image_id) for name, line in report.items()} == {
        "anna/1.png": (Outcome.ADDED, "anna"),
        "张 三/1 & 2+.png": (Outcome.ADDED, external_id_of("张 三")),
        "ben.png": (Outcome.REFUSED, None),
    }
    assert str(skipped) == (
        "files of other types: 1 .txt; hidden files: 1; hidden, thumbnail or linked folders: @eaDir"
    )
    again = run(settings, ImageFetcher(settings).bucket_items("obs://staff/2026/", Naming.FOLDER))
    assert [line.outcome for line in again.values()].count(Outcome.PRESENT) == 2


@pytest.mark.parametrize("keys", [1, 2, 5, 1000])
def test_a_bucket_is_listed_to_its_end(settings: Settings, monkeypatch: pytest.MonkeyPatch, keys: int) -> None:
    monkeypatch.setattr(fetched, "_LISTED_KEYS", keys)
    names = [item.name for item in ImageFetcher(settings).bucket_items("s3://staff/many", Naming.FILE)]
    assert names == [f"{number:04}.png" for number in range(MANY)]
    every = [item.name for item in ImageFetcher(settings).bucket_items("s3://staff", Naming.FILE)]
    assert len(every) == MANY + 4


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("s3://closed/", "cannot list the bucket closed: AccessDenied"),
        ("s3://nowhere", "cannot list the bucket nowhere"),
    ],
)
def test_a_bucket_that_cannot_be_listed_is_an_error(settings: Settings, source: str, message: str) -> None:
    with pytest.raises(OperatorError, match=message):
        list(ImageFetcher(settings).bucket_items(source, Naming.FOLDER))


def test_a_store_that_is_not_configured_or_away_is_an_error(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match="set OPENFRS_OBS_ENDPOINT"):
        list(ImageFetcher(Settings(data=tmp_path, obs_endpoint="")).bucket_items("s3://a", Naming.FOLDER))
    away = settings.model_copy(update={"obs_endpoint": "http://127.0.0.1:1"})
    with pytest.raises(OperatorError, match=r"the object store http://127\.0\.0\.1:1 does not answer"):
        list(ImageFetcher(away).bucket_items("s3://a", Naming.FOLDER))


def test_a_table_of_urls_is_fetched_within_the_rules(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hosts that the settings do not allow are not contacted; a URL that is fetched again is present."""
    cert, key = certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(cert))
    with web_server({"/anna.png": (200, {}, [photo(colour(5))])}, cert, key) as web:
        allowed = settings.model_copy(update={"url_hosts": f"files.example:{web.port}", "url_networks": "127.0.0.0/8"})
        urls = [
            web.url("/anna.png"),
            web.url("/nothing.png"),
            "https://elsewhere.example/anna.png",
            "/staff/2026/ben.png",
        ]
        csv, jsonl = tmp_path / "people.csv", tmp_path / "people.jsonl"
        csv.write_text(
            "url,external_image_id,n\n" + "".join(f"{url},anna,{number}\n" for number, url in enumerate(urls))
        )
        jsonl.write_text(json.dumps({"url": urls[0], "external_image_id": "anna"}))

        def imported(table: Path) -> dict[str, Line]:
            fetcher = ImageFetcher(allowed, resolve=FakeResolver({NAME: [["127.0.0.1"]]}))
            return run(allowed, mapped_items(table, fetcher.read))

        report = imported(csv)
        assert [report[url].outcome for url in urls] == [Outcome.ADDED, *[Outcome.REFUSED] * 3]
        assert (report[urls[0]].external_image_id, report[urls[0]].fields) == ("anna", {"n": 0})
        assert [report[url].reason for url in urls[1:]] == [
            "The file could not be fetched from the URL.",
            "The download address is illegal.",
            "The picture image cannot be parsed.",
        ]
        assert [path for path, _ in web.requests] == ["/anna.png", "/nothing.png"]
        assert [line.outcome for line in imported(jsonl).values()] == [Outcome.PRESENT]


def test_urls_are_not_fetched_unless_the_settings_allow_it(tmp_path: Path) -> None:
    settings = Settings(data=new_data(tmp_path / "data", "s"))
    table = tmp_path / "people.csv"
    table.write_text("url\nhttps://files.example/anna.png\n")
    (line,) = run(settings, mapped_items(table, ImageFetcher(settings).read)).values()
    assert "OPENFRS_URL_HOSTS turn it on" in str(line.reason)
