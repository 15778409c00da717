"""Real ids, images and credentials for most generated requests, which would be rejected without them."""

import copy
from collections.abc import MutableMapping
from typing import Any, Final

from schemathesis.core.parameters import ParameterLocation

from .api_objects import Objects

_ATTRIBUTES: Final = {
    ParameterLocation.PATH: "path_parameters",
    ParameterLocation.QUERY: "query",
    ParameterLocation.HEADER: "headers",
    ParameterLocation.BODY: "body",
}


def fill(case: Any, objects: Objects) -> None:
    """Replace values of a case by objects of the same names, except in parts that are invalid on purpose."""
    valid = {location: case.meta is None or not case.meta.is_negative_at(location) for location in _ATTRIBUTES}
    label = case.operation.label
    object.__setattr__(case, "body", copy.deepcopy(case.body))  # a copy: the value may belong to the document
    for location, attribute in _ATTRIBUTES.items():
        values = getattr(case, attribute)
        if valid[location] and isinstance(values, MutableMapping):
            for name in [*values]:
                object_name = _object_name(label, location, name)
                if object_name in objects and not _stays(values[name]):
                    values[name] = objects[object_name]
            if label.startswith("POST /v3"):
                _fill_identity(values, objects)
            if (
                label == "POST /x/v1/password"
                and location is ParameterLocation.BODY
                and not _stays(values.get("new_password"))
            ):
                values.update(objects["password change"])
            if label.startswith("DELETE") and label.endswith("/faces") and location is ParameterLocation.QUERY:
                _keep_one(values)


def _object_name(label: str, location: ParameterLocation, name: str) -> str:
    """Return the name of the object for a parameter."""
    if label == "POST /x/v1/accounts/{project_id}/users" and name == "name":
        return "new user"
    if label.endswith("/samples/{name}") and name == "name":
        return "sample"
    if label.endswith("/people/merge") and name == "people":
        return "other people"
    if label.endswith("{session_id}/result") and name == "session_id":
        return "judged session"
    if label.endswith("/face-sets") and location is ParameterLocation.BODY:
        return ""  # the name of a new object
    return name


def _stays(value: Any) -> bool:
    """Return whether a generated value is kept: one in four, by its length, so that runs are equal."""
    return isinstance(value, str) and len(value) % 4 == 3


def _keep_one(query: MutableMapping[str, Any]) -> None:
    """Keep one parameter that selects faces to delete: the schema cannot express that two are too many."""
    if len(query) > 1 and not any(_stays(value) for value in query.values()):
        for name in [*query][1:]:
            del query[name]


def _fill_identity(body: MutableMapping[str, Any], objects: Objects) -> None:
    match body:
        case {"auth": {"identity": {"password": {"user": dict(user)}}}} if not _stays(user.get("password")):
            user.clear()
            user.update(objects["login"])
    match body:
        case {"auth": {"identity": {"token": {"id": str()} as token}}} if not _stays(token["id"]):
            token["id"] = objects["X-Subject-Token"]
    match body:
        case {"auth": {"scope": {"project": dict(project)}}} if not _stays(project.get("name")):
            project.clear()
            project["id"] = objects["project_id"]
