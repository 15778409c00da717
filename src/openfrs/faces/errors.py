"""Errors of the store, translated to the errors that clients receive."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from openfrs.core import limits
from openfrs.core.errors import ServiceError
from openfrs.core.text import is_plain
from openfrs.store.faces.deletions import HeldError
from openfrs.store.faces.models import SetMissingError


@contextmanager
def translated_errors(set_name: str) -> Iterator[None]:
    """Translate errors of the store about a face set while the block runs.

    Raises:
        ServiceError: ``FRS.0302`` the set was deleted, ``APIG.0306`` it is under legal hold.
    """
    try:
        yield
    except SetMissingError:
        raise missing_set(set_name) from None
    except HeldError:
        raise held_set(set_name) from None


def missing_set(name: str) -> ServiceError:
    """The error for a face set that does not exist (``FRS.0302``)."""
    return ServiceError(
        "FRS.0302", name if len(name) <= limits.MAX_FACE_SET_NAME_LENGTH and is_plain(name) else "named"
    )


def held_set(name: str) -> ServiceError:
    """The error for deleting from a face set under legal hold (``APIG.0306``)."""
    return ServiceError("APIG.0306/held", name)


def missing_face(face_id: str) -> ServiceError:
    """The error for a face that does not exist (``FRS.0403``)."""
    return ServiceError("FRS.0403", face_id if re.fullmatch(r"[A-Za-z0-9]{1,36}", face_id) else "given")
