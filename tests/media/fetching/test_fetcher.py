"""Fetching of files by URL: rules, limits, and no packets to other addresses."""

import asyncio
import gzip
import itertools
from collections.abc import Iterator
from ipaddress import ip_network
from pathlib import Path

import pytest

from openfrs.core import limits
from openfrs.core.errors import OperatorError, ServiceError
from openfrs.core.settings import Settings
from openfrs.media.fetching.fetcher import Fetcher
from openfrs.media.fetching.rules import FetchRules
from tests.support.refused_addresses import REFUSED
from tests.support.web import NAME, FakeResolver, RecordingNetwork, WebServer, certificate, slow_chunks, web_server

ALL = FetchRules(hosts=frozenset({"*"}))
LOOPBACK = (ip_network("127.0.0.0/8"),)
PUBLIC = "93.184.215.14"


def error_of(fetcher: Fetcher, url: str, max_bytes: int = 1000) -> str:
    with pytest.raises(ServiceError) as caught:
        asyncio.run(fetcher.fetch(url, "p", "image_url", max_bytes))
    assert url not in caught.value.message
    return caught.value.entry.code


# URLs and hosts that are rejected before a packet is sent


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("file:///etc/passwd", "FRS.0021"),
        ("gopher://good.example/_x", "FRS.0021"),
        ("ftp://good.example/a.jpg", "FRS.0021"),
        ("dict://good.example/d", "FRS.0021"),
        ("http://good.example/a.jpg", "FRS.0021"),
        ("//good.example/a.jpg", "FRS.0021"),
        ("good.example/a.jpg", "FRS.0021"),
        ("https:///a.jpg", "FRS.0021"),
        ("https://good.example:port/", "FRS.0021"),
        ("https://good.example:99999/", "FRS.0021"),
        ("https://good.example\\@evil.example/", "FRS.0021"),
        ("https://good.example/a b", "FRS.0021"),
        ("https://good.example/\r\nHost: evil.example", "FRS.0021"),
        ("https://good.example/\x00", "FRS.0021"),
        ("https://ⓛocalhost.example/", "FRS.0021"),
        ("https://\uff11\uff12\uff17.0.0.1/", "FRS.0021"),
        (f"https://good.example/{'a' * 4096}", "FRS.0021"),
        ("https://[::1/", "FRS.0021"),
        ("https://localhost/", "FRS.0035"),
        ("https://0.0.0.0/", "FRS.0035"),
        ("https://127.1/", "FRS.0035"),
        ("https://2130706433/", "FRS.0035"),
        ("https://0x7f.1/", "FRS.0035"),
        ("https://0x7f000001/", "FRS.0035"),
        ("https://0177.0.0.1/", "FRS.0035"),
        ("https://169.254.169.254/latest/meta-data/", "FRS.0035"),
        ("https://2852039166/", "FRS.0035"),
        ("https://0xa9fea9fe/", "FRS.0035"),
        ("https://0xa9.0xfe.0xa9.0xfe/", "FRS.0035"),
        ("https://0251.0376.0251.0376/", "FRS.0035"),
        ("https://169.16689662/", "FRS.0035"),
        ("https://100.100.100.200/", "FRS.0035"),
        ("https://8.8.8.8/", "FRS.0035"),
        ("https://[::1]/", "FRS.0035"),
        ("https://[::ffff:169.254.169.254]/", "FRS.0035"),
        ("https://[64:ff9b::a9fe:a9fe]/", "FRS.0035"),
        ("https://[2002:a9fe:a9fe::]/", "FRS.0035"),
        ("https://[fd00:ec2::254]/", "FRS.0035"),
        ("https://[2001:0:a9fe:a9fe::1]/", "FRS.0035"),
        ("https://[fe80::1%25eth0]/", "FRS.0035"),
        ("https://[ff02::1]/", "FRS.0035"),
        ("https://good.example@evil.example/", "FRS.0035"),
        ("https://good.example:secret@evil.example/", "FRS.0035"),
        ("https://good.example%2eevil.example/", "FRS.0035"),
        ("https://good.example./", "FRS.0035"),
        ("https://good.example:80/", "FRS.0035"),
        ("https://good.example:22/", "FRS.0035"),
    ],
)
def test_no_packet_is_sent_for_a_rejected_url(url: str, code: str) -> None:
    resolver, network = FakeResolver({}), RecordingNetwork()
    assert error_of(Fetcher(ALL, resolve=resolver, network=network), url) == code
    assert (resolver.queries, network.calls) == ([], [])


@pytest.mark.parametrize("address", REFUSED.values(), ids=REFUSED)
def test_no_packet_is_sent_to_a_name_with_a_non_public_address(address: str) -> None:
    resolver, network = FakeResolver({"evil.example": [[address]]}), RecordingNetwork()
    assert error_of(Fetcher(ALL, resolve=resolver, network=network), "https://evil.example/") == "FRS.0035"
    assert network.calls == []


def test_one_non_public_address_rejects_the_host() -> None:
    resolver, network = FakeResolver({"evil.example": [[PUBLIC, "10.0.0.1"]]}), RecordingNetwork()
    assert error_of(Fetcher(ALL, resolve=resolver, network=network), "https://evil.example/") == "FRS.0035"
    assert network.calls == []


def test_a_host_is_resolved_once_and_its_address_pinned() -> None:
    resolver = FakeResolver({"changing.example": [[PUBLIC, "93.184.215.15"], ["127.0.0.1"]]})
    network = RecordingNetwork()
    assert error_of(Fetcher(ALL, resolve=resolver, network=network), "https://changing.example/") == "FRS.0036"
    assert resolver.queries == ["changing.example"]
    assert network.calls == [(PUBLIC, 443), ("93.184.215.15", 443)]


@pytest.mark.parametrize(
    ("hosts", "url", "allowed"),
    [
        ("files.example", "https://files.example/", True),
        ("files.example", "https://FILES.example/", True),
        ("files.example", "https://a.files.example/", False),
        ("files.example", "https://files.example.evil.example/", False),
        ("files.example", "https://files.example:8443/", False),
        ("files.example:8443", "https://files.example:8443/", True),
        ("files.example:8443", "https://files.example/", False),
        ("*.files.example", "https://a.b.files.example/", True),
        ("*.files.example", "https://files.example/", False),
        ("*.files.example", "https://evilfiles.example/", False),
        (" other.example , files.example", "https://files.example/", True),
    ],
)
def test_only_allowed_hosts_are_contacted(hosts: str, url: str, allowed: bool) -> None:
    resolver, network = FakeResolver({}), RecordingNetwork()
    fetcher = Fetcher(FetchRules.from_settings(Settings(url_hosts=hosts)), resolve=resolver, network=network)
    assert error_of(fetcher, url) == ("FRS.0036" if allowed else "FRS.0035")  # the host is unknown
    assert bool(resolver.queries) is allowed


@pytest.mark.parametrize("url", ["https://files.example/a.jpg", "/faces/a.jpg", "file:///etc/passwd", "x"])
def test_nothing_is_fetched_without_settings(url: str) -> None:
    resolver, network = FakeResolver({}), RecordingNetwork()
    fetcher = Fetcher(FetchRules.from_settings(Settings()), resolve=resolver, network=network)
    assert error_of(fetcher, url) == "FRS.0020"
    assert (resolver.queries, network.calls) == ([], [])


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        ({"url_networks": "10.0.0.1/8"}, "url_networks"),
        ({"obs_endpoint": "s3.example"}, "obs_endpoint"),
        ({"obs_endpoint": "ftp://s3.example"}, "obs_endpoint"),
        ({"obs_endpoint": "https://s3.example/path"}, "obs_endpoint"),
        ({"obs_endpoint": "https://s3.example"}, "obs_access_key"),
    ],
)
def test_invalid_settings_are_reported(settings: dict[str, str], name: str) -> None:
    with pytest.raises(OperatorError, match=name):
        FetchRules.from_settings(Settings.model_validate(settings))


# responses of an allowed server


@pytest.fixture(scope="module")
def certified(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return certificate(tmp_path_factory.mktemp("certificate"))


@pytest.fixture
def web(certified: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> Iterator[WebServer]:
    monkeypatch.setenv("SSL_CERT_FILE", str(certified[0]))
    with web_server({}, *certified) as server:
        yield server


def fetcher_of(web: WebServer, *, networks: bool = True) -> Fetcher:
    rules = FetchRules(hosts=frozenset({f"*:{web.port}"}), networks=LOOPBACK if networks else ())
    return Fetcher(rules, resolve=FakeResolver({NAME: [["127.0.0.1"]], "other.example": [["127.0.0.1"]]}))


def test_a_file_is_fetched_with_its_host_name(web: WebServer) -> None:
    web.files["/a.jpg"] = 200, {"Content-Type": "text/html"}, [b"abc", b"def"]
    assert asyncio.run(fetcher_of(web).fetch(web.url("/a.jpg?x=%2F"), "p", "image_url", 6)) == b"abcdef"
    ((path, headers),) = web.requests
    assert path == "/a.jpg?x=%2F"
    assert headers["host"] == f"{NAME}:{web.port}"
    assert headers["accept-encoding"] == "identity"
    assert headers.keys() == {"host", "accept-encoding", "user-agent"}


def test_loopback_is_contacted_only_if_allowed(web: WebServer) -> None:
    web.files["/a.jpg"] = 200, {}, [b"abc"]
    assert error_of(fetcher_of(web, networks=False), web.url("/a.jpg")) == "FRS.0035"
    assert web.requests == []


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(web: WebServer, status: int) -> None:
    web.files["/a.jpg"] = status, {"Location": web.url("/b.jpg")}, []
    web.files["/b.jpg"] = 200, {}, [b"abc"]
    assert error_of(fetcher_of(web), web.url("/a.jpg")) == "FRS.0036"
    assert [path for path, _ in web.requests] == ["/a.jpg"]


@pytest.mark.parametrize("status", [204, 206, 400, 401, 404, 500])
def test_a_status_other_than_200_is_an_error(web: WebServer, status: int) -> None:
    web.files["/a.jpg"] = status, {}, [] if status == 204 else [b"abc"]
    assert error_of(fetcher_of(web), web.url("/a.jpg")) == "FRS.0036"


def test_an_endless_response_is_read_up_to_the_limit(web: WebServer) -> None:
    sent = itertools.count()
    web.files["/a.jpg"] = 200, {}, (b"x" * 1000 for _ in sent)
    assert error_of(fetcher_of(web), web.url("/a.jpg"), max_bytes=100_000) == "FRS.0023"
    assert next(sent) < 100_000


@pytest.mark.parametrize(("size", "code"), [(0, "FRS.0023"), (1001, "FRS.0023")])
def test_the_size_is_limited(web: WebServer, size: int, code: str) -> None:
    web.files["/a.jpg"] = 200, {"Content-Length": str(size)}, [b"x" * size]
    assert error_of(fetcher_of(web), web.url("/a.jpg")) == code


def test_a_compressed_response_is_not_decompressed(web: WebServer) -> None:
    bomb = gzip.compress(b"\0" * 10_000_000)
    web.files["/a.jpg"] = 200, {"Content-Encoding": "gzip"}, [bomb]
    assert asyncio.run(fetcher_of(web).fetch(web.url("/a.jpg"), "p", "image_url", len(bomb))) == bomb


def test_a_slow_response_times_out(web: WebServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "FETCH_TIMEOUT_SECONDS", 0.5)
    web.files["/a.jpg"] = 200, {}, slow_chunks(5)
    assert error_of(fetcher_of(web), web.url("/a.jpg")) == "FRS.0036"


def test_a_truncated_response_is_an_error(web: WebServer) -> None:
    web.files["/a.jpg"] = 200, {"Content-Length": "100"}, [b"abc"]
    assert error_of(fetcher_of(web), web.url("/a.jpg")) == "FRS.0036"


def test_the_certificate_must_match_the_host(web: WebServer) -> None:
    web.files["/a.jpg"] = 200, {}, [b"abc"]
    assert error_of(fetcher_of(web), f"https://other.example:{web.port}/a.jpg") == "FRS.0036"
    assert web.requests == []


def test_the_certificate_must_be_trusted(web: WebServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    web.files["/a.jpg"] = 200, {}, [b"abc"]
    assert error_of(fetcher_of(web), web.url("/a.jpg")) == "FRS.0036"
    assert web.requests == []


def test_the_number_of_concurrent_fetches_is_limited(web: WebServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_CONCURRENT_FETCHES", 1)
    web.files["/a.jpg"] = 200, {}, slow_chunks(0.3)
    web.files["/b.jpg"] = 200, {}, [b"abc"]
    fetcher = fetcher_of(web)

    async def fetch_two() -> list[bytes | BaseException]:
        fetches = (fetcher.fetch(web.url(path), "p", "image_url", 1000) for path in ("/a.jpg", "/b.jpg"))
        return await asyncio.gather(*fetches, return_exceptions=True)

    first, second = asyncio.run(fetch_two())
    assert isinstance(first, bytes)
    assert isinstance(second, ServiceError)
    assert (second.entry.code, second.headers) == ("FRS.0033", {"Retry-After": "1"})
    assert asyncio.run(fetcher.fetch(web.url("/b.jpg"), "p", "image_url", 1000)) == b"abc"
