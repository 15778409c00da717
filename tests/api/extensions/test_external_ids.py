"""External image ids of names over the API."""

import httpx
import pytest

from openfrs.faces.external_ids import external_id_of
from tests.support.servers import Server


@pytest.mark.parametrize("name", ["anna", "张三", "Ann Marie", "علی", "a/b?c=d&e"])
def test_a_name_has_the_id_of_an_import(server: Server, http: httpx.Client, name: str) -> None:
    url = f"{server.endpoint}/x/v1/{server.credentials['project_id']}/external-image-id"
    assert http.get(url, params={"name": name}).json() == {"external_image_id": external_id_of(name)}


@pytest.mark.parametrize("name", ["", "x" * 257])
def test_a_name_without_or_with_too_many_characters_is_rejected(server: Server, http: httpx.Client, name: str) -> None:
    url = f"{server.endpoint}/x/v1/{server.credentials['project_id']}/external-image-id"
    assert http.get(url, params={"name": name}).status_code == 400
