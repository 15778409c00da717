"""A client of the API: synchronous and asynchronous, typed, with retries.

A function of :mod:`openfrs.client.operations` describes an operation, and a client sends it::

    with Client("https://faces.example.com", Password("anna", "…", domain="openfrs", project="local")) as client:
        client.send(operations.create_face_set("visitors"))
        client.send(operations.add_faces("visitors", image=Path("anna.jpg"), external_image_id="anna"))
        best = client.send(operations.search_faces("visitors", image=Path("door.jpg"))).faces[0]

The package needs ``httpx`` and ``pydantic``, and imports nothing of the service but :mod:`openfrs.core.signing`.
"""

from . import operations
from .calls import Call, Image, Url
from .clients import AsyncClient, Client
from .credentials import AccessKey, Credentials, Password, Token
from .errors import ApiError, ClientError, OverloadedError, UnauthorizedError, UnreachableError
from .retries import Retries

__all__ = [
    "AccessKey",
    "ApiError",
    "AsyncClient",
    "Call",
    "Client",
    "ClientError",
    "Credentials",
    "Image",
    "OverloadedError",
    "Password",
    "Retries",
    "Token",
    "UnauthorizedError",
    "UnreachableError",
    "Url",
    "operations",
]
