"""Parsing of URLs in requests."""

import pytest

from openfrs.core.errors import ServiceError
from openfrs.media.fetching.locations import ObsObject, WebFile, parse_url


@pytest.mark.parametrize(
    ("url", "bucket", "key"),
    [
        ("https://faces.obs.cn-north-4.myhuaweicloud.com/a.jpg", "faces", "a.jpg"),
        ("https://FACES.obs.cn-north-4.myhuaweicloud.com/a/b%20c.jpg", "faces", "a/b c.jpg"),
        ("https://my.faces.obs.local.example/a.jpg?versionId=1", "my.faces", "a.jpg"),
        ("https://faces.obs.cn-north-4.myhuaweicloud.com:443/%E4%B8%AD.jpg", "faces", "中.jpg"),
        ("/faces/a.jpg", "faces", "a.jpg"),
        ("/faces/dir/中 a.jpg", "faces", "dir/中 a.jpg"),
        ("faces/dir/中 a.jpg", "faces", "dir/中 a.jpg"),
    ],
)
def test_all_notations_of_obs_objects_are_parsed(url: str, bucket: str, key: str) -> None:
    assert parse_url(url) == ObsObject(bucket, key)


@pytest.mark.parametrize(
    ("url", "file"),
    [
        ("https://files.example/a.jpg", WebFile("files.example", 443, "/a.jpg")),
        ("HTTPS://Files.Example", WebFile("files.example", 443, "/")),
        ("https://files.example:8443/a%2Fb?x=1&y=#part", WebFile("files.example", 8443, "/a%2Fb?x=1&y=")),
        ("https://obs.files.example/faces/a.jpg", WebFile("obs.files.example", 443, "/faces/a.jpg")),
        ("https://faces.obs.cn.files.example:8443/a", WebFile("faces.obs.cn.files.example", 8443, "/a")),
    ],
)
def test_other_urls_are_files_of_a_host(url: str, file: WebFile) -> None:
    assert parse_url(url) == file


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/faces",
        "/faces/",
        "/Faces/a.jpg",
        "/fa/a.jpg",
        "/../a.jpg",
        "/faces/../secret/a.jpg",
        "/faces/./a.jpg",
        "/faces/a\n.jpg",
        f"/faces/{'a' * 1025}",
        "https://faces.obs.cn-north-4.myhuaweicloud.com/",
        "https://faces.obs.cn-north-4.myhuaweicloud.com/%2e%2e/secret/a.jpg",
    ],
)
def test_an_invalid_obs_path_is_rejected(path: str) -> None:
    with pytest.raises(ServiceError) as caught:
        parse_url(path)
    assert caught.value.entry.code == "FRS.0022"
