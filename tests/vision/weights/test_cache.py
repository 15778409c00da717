import errno
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import onnx
import pytest

from openfrs.core.errors import OperatorError
from openfrs.core.settings import Settings
from openfrs.vision.weights import cache as cache_module
from openfrs.vision.weights.cache import State, WeightCache
from openfrs.vision.weights.conversion import fold_dequantization
from openfrs.vision.weights.download import Progress
from openfrs.vision.weights.manifest import Artefact, manifest
from tests.support.archives import MEMBERS, OTHER, manifest_of, npm_package, sha256, source_archive, wheel, with_other

ONE, TWO = MEMBERS.values()


@pytest.fixture
def empty(tmp_path: Path) -> WeightCache:
    """An empty cache of tiny weights, with the archives that contain them beside it."""
    return WeightCache(tmp_path / "models", manifest_of(wheel(tmp_path), source_archive(tmp_path)))


@pytest.fixture
def filled(empty: WeightCache) -> WeightCache:
    empty.import_file(archive(empty, "tinyweights"))
    return empty


@pytest.fixture
def wide(filled: WeightCache, tmp_path: Path) -> WeightCache:
    """The filled cache with an additional optional weight from npm, which is missing."""
    return replace(filled, manifest=with_other(filled.manifest, npm_package(tmp_path)))


def archive(cache: WeightCache, name: str) -> Path:
    return cache.directory.parent / cache.manifest.artefacts[name].filename


def no_progress(name: str) -> Progress:
    return lambda done, total: None


def test_a_cache_uses_the_shipped_manifest(tmp_path: Path) -> None:
    assert WeightCache.open(tmp_path).manifest == manifest()
    assert WeightCache.open(tmp_path, unattributed=False).manifest == manifest().attributed()


def test_importing_a_wheel_installs_all_its_weights(filled: WeightCache) -> None:
    assert filled.states() == {"one": State.READY, "two": State.READY}
    filled.require()


def test_the_published_and_the_converted_file_are_stored(filled: WeightCache) -> None:
    assert (filled.directory / "two.source.onnx").read_bytes() == TWO
    assert filled.path("two").read_bytes() == fold_dequantization(TWO) != TWO
    assert [node.op_type for node in onnx.load(filled.path("two")).graph.node] == ["Add"]
    assert filled.path("one").read_bytes() == ONE


def test_import_returns_the_imported_names(empty: WeightCache) -> None:
    assert empty.import_file(archive(empty, "tinyweights")) == ["one", "two"]
    assert empty.import_file(archive(empty, "samples")) == ["samples"]


def test_only_photos_of_the_sample_artefact_are_installed(empty: WeightCache) -> None:
    empty.import_file(archive(empty, "samples"))
    assert {file.name: file.read_bytes() for file in empty.samples.iterdir()} == {"a.jpg": b"first", "b.jpg": b"second"}


def test_a_single_weight_file_can_be_imported(empty: WeightCache, tmp_path: Path) -> None:
    (tmp_path / "any name").write_bytes(TWO)
    assert empty.import_file(tmp_path / "any name") == ["two"]
    assert empty.states() == {"one": State.MISSING, "two": State.READY}


def test_the_error_for_an_unknown_file_has_its_hash(empty: WeightCache, tmp_path: Path) -> None:
    (tmp_path / "unknown").write_bytes(b"unknown")
    with pytest.raises(OperatorError, match=sha256(b"unknown")):
        empty.import_file(tmp_path / "unknown")
    assert not empty.directory.exists()


def test_a_missing_file_is_rejected(empty: WeightCache, tmp_path: Path) -> None:
    for path in (tmp_path / "nothing", tmp_path):
        with pytest.raises(OperatorError, match="is not a file"):
            empty.import_file(path)


@pytest.mark.parametrize("file", ["one.onnx", "one.source.onnx", "one.json"])
def test_a_weight_without_one_of_its_files_is_missing(filled: WeightCache, file: str) -> None:
    (filled.directory / file).unlink()
    assert filled.states() == {"one": State.MISSING, "two": State.READY}
    with pytest.raises(OperatorError, match=r"one is missing .* openfrs models fetch --models .*/models$"):
        filled.require()


@pytest.mark.parametrize("file", ["one.onnx", "one.source.onnx"])
def test_an_altered_file_is_detected(filled: WeightCache, file: str) -> None:
    path = filled.directory / file
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    assert filled.state("one") is State.ALTERED
    with pytest.raises(OperatorError, match=r"one .* is altered; run: openfrs models fetch --models .*/models$"):
        filled.require()


@pytest.mark.parametrize("record", [b"", b"{", b"\xff\xfe\0", b"[]", b"null", b"{}"])
def test_an_invalid_record_is_detected(filled: WeightCache, record: bytes) -> None:
    (filled.directory / "one.json").write_bytes(record)
    assert filled.state("one") is State.ALTERED


def test_a_weight_of_another_conversion_is_not_ready(filled: WeightCache) -> None:
    record = filled.directory / "one.json"
    record.write_text(json.dumps({**json.loads(record.read_text()), "conversion": "0"}))
    assert filled.state("one") is State.ALTERED


def test_published_files_are_converted_again_without_a_download(
    filled: WeightCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache_module, "download", None)
    filled.path("one").write_bytes(b"")
    (filled.directory / "two.json").unlink()
    assert filled.fetch(no_progress) == []
    filled.require()


def test_importing_again_repairs_an_altered_file(filled: WeightCache) -> None:
    filled.path("one").write_bytes(b"")
    filled.import_file(archive(filled, "tinyweights"))
    assert filled.state("one") is State.READY


def test_fetch_downloads_only_missing_artefacts(filled: WeightCache, monkeypatch: pytest.MonkeyPatch) -> None:
    fetched = []

    @contextmanager
    def copy_from_parent(artefact: Artefact, progress: Progress) -> Iterator[Path]:
        fetched.append(artefact.package)
        yield filled.directory.parent / artefact.filename

    monkeypatch.setattr(cache_module, "download", copy_from_parent)
    filled.fetch(no_progress)
    assert fetched == []
    filled.fetch(no_progress, samples=True)
    assert fetched == ["tinyphotos"]
    filled.fetch(no_progress, samples=True)
    (filled.directory / "two.source.onnx").unlink()
    filled.fetch(no_progress)
    assert fetched == ["tinyphotos", "tinyweights"]
    filled.require()


def test_a_weight_that_is_not_required_may_be_missing_or_altered(wide: WeightCache) -> None:
    assert wide.state("three") is State.MISSING
    wide.require()
    assert wide.import_file(archive(wide, "other")) == ["three"]
    assert wide.state("three") is State.READY
    wide.path("three").write_bytes(b"")
    assert wide.state("three") is State.ALTERED
    wide.require()


def test_weights_in_other_formats_are_not_converted(wide: WeightCache) -> None:
    wide.import_file(archive(wide, "other"))
    assert wide.path("three").name == "three.tflite"
    assert [wide.path("three").read_bytes()] == [*OTHER.values()]


def test_a_failed_optional_download_is_reported(wide: WeightCache, monkeypatch: pytest.MonkeyPatch) -> None:
    @contextmanager
    def without_npm(artefact: Artefact, progress: Progress) -> Iterator[Path]:
        if artefact.registry == "npm":
            raise OperatorError("npm is not installed")
        yield wide.directory.parent / artefact.filename

    monkeypatch.setattr(cache_module, "download", without_npm)
    wide.path("one").unlink()
    assert wide.fetch(no_progress, samples=True) == ["npm is not installed"]
    assert wide.states() == {"one": State.READY, "two": State.READY, "three": State.MISSING}
    assert wide.samples.is_dir()


def test_files_are_written_atomically(empty: WeightCache, monkeypatch: pytest.MonkeyPatch) -> None:
    complete = {"one.onnx": ONE, "one.source.onnx": ONE, "two.onnx": fold_dequantization(TWO), "two.source.onnx": TWO}
    write = Path.write_bytes

    def write_in_two_steps(self: Path, data: bytes) -> int:
        """Write half of the data, read the directory, then write the rest."""
        write(self, data[: len(data) // 2])
        for file in empty.directory.glob("*.onnx"):
            if not file.name.startswith("."):
                assert file.read_bytes() == complete[file.name]
        for name in empty.manifest.weights:
            assert empty.state(name) in {State.MISSING, State.READY}
        return write(self, data)

    monkeypatch.setattr(Path, "write_bytes", write_in_two_steps)
    empty.import_file(archive(empty, "tinyweights"))
    monkeypatch.undo()
    empty.require()
    assert sorted(file.name for file in empty.directory.iterdir()) == sorted([*complete, "one.json", "two.json"])


def test_a_full_disk_is_reported_in_one_line(empty: WeightCache, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: Path, data: bytes) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OperatorError, match=r"^cannot write to .*models: No space left on device$"):
        empty.import_file(archive(empty, "tinyweights"))


def test_an_unwritable_directory_is_reported_in_one_line(empty: WeightCache, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    below_a_file = WeightCache(tmp_path / "file" / "models", empty.manifest)
    with pytest.raises(OperatorError, match=r"^cannot write to .*file/models: Not a directory$"):
        below_a_file.import_file(archive(empty, "tinyweights"))


def test_the_command_in_a_hint_names_the_directory_unless_it_is_the_default(empty: WeightCache, tmp_path: Path) -> None:
    default = Settings.model_fields["models"].get_default(call_default_factory=True)
    assert WeightCache(default, empty.manifest).fetch_command == "openfrs models fetch"
    spaced = WeightCache(tmp_path / "my models", empty.manifest)
    assert spaced.fetch_command == f"openfrs models fetch --models '{tmp_path}/my models'"


def test_nothing_is_downloaded_to_an_unwritable_directory(
    empty: WeightCache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache_module, "download", lambda *_: pytest.fail("a download has started"))
    (tmp_path / "file").touch()
    with pytest.raises(OperatorError, match=r"^cannot write to .*file/models: Not a directory$"):
        WeightCache(tmp_path / "file" / "models", empty.manifest).fetch(no_progress)
