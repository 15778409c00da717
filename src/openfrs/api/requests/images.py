"""The files that operations take, pictures above all: base64 text, a part of a form, or a URL."""

from starlette.concurrency import run_in_threadpool

from openfrs.core import limits
from openfrs.core.errors import ServiceError, wrong_format
from openfrs.media.decoding.base64_text import decode_base64
from openfrs.recognition.recognizer import Picture

from .body import Input


class PictureInput(Input):
    """One picture, given in exactly one way."""

    image_base64: str | None = None
    image_url: str | None = None
    image_file: bytes | None = None


async def picture(values: Input, prefix: str = "image", *, other: str | None = None) -> Picture:
    """The picture that an input carries; otherwise as :func:`sent_file`."""
    parameter, data = await sent_file(values, prefix, other=other)
    return Picture(data, parameter)


async def sent_file(values: Input, prefix: str, *, other: str | None = None) -> tuple[str, bytes]:
    """The file that an input carries as ``{prefix}_base64`` or ``{prefix}_file``, or that ``{prefix}_url`` names.

    The parameter it came in comes first. ``other`` is the value of an input that could be given instead.

    Raises:
        ServiceError: ``FRS.0011`` none is given, ``FRS.0012`` more than one is, ``FRS.0015`` it is not base64, ``FRS.0017`` it is
            too large.
    """
    given = [
        (kind, value)
        for kind in ("base64", "url", "file")
        if (value := getattr(values, f"{prefix}_{kind}", None)) is not None
    ]
    if len(given) + (other is not None) > 1:
        raise wrong_format(f"{prefix}_{given[-1][0]}", "only one kind of picture input may be given")
    if not given:
        raise ServiceError("FRS.0011", f"{prefix}_base64")
    kind, value = given[0]
    parameter = f"{prefix}_{kind}"
    if not value:
        raise ServiceError("FRS.0011", parameter)
    if len(value) > limits.MAX_PICTURE_BYTES:
        raise ServiceError("FRS.0017", f"1 to {limits.MAX_PICTURE_BYTES} bytes for {parameter}")
    match kind:
        case "url":
            return parameter, values.fetched(parameter)
        case "file":
            return parameter, value
        case _:
            if len(value) < limits.LARGE_BODY_BYTES:
                return parameter, decode_base64(value, parameter)
            return parameter, await run_in_threadpool(decode_base64, value, parameter)
