"""Operation ids of the OpenAPI document, which name the functions of generated clients.

They derive from the names of the routes, which label metrics and key quotas and are the same for both versions of FRS.
"""

from collections.abc import Callable, Mapping
from typing import Final

from fastapi.routing import APIRoute

_FULL_NAMES: Final[Mapping[str, str]] = {
    "blur_classify": "classifyBlur",
    "compare": "compareFaces",
    "detect": "detectFaces",
    "face_quality": "measureFaceQuality",
    "head_pose_estimate": "estimateHeadPose",
    "health": "checkHealth",
    "hold": "holdFaceSet",
    "ready": "checkReadiness",
    "release": "releaseFaceSet",
    "search": "searchFaces",
}
"""Ids of routes whose name is not a verb with its object."""


def operation_id(route: APIRoute) -> str:
    """Return the id of an operation: the name of its route in camel case."""
    first, *others = route.name.split("_")
    return _FULL_NAMES.get(route.name, first + "".join(word.capitalize() for word in others))


def with_suffix(suffix: str) -> Callable[[APIRoute], str]:
    """Return a function for the ids of routes that exist under another prefix too."""
    return lambda route: operation_id(route) + suffix
