"""The effective settings, the origin of each, and errors that name the origin."""

import difflib
import os
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import SecretStr, ValidationError

from .errors import OperatorError
from .settings import CONFIG_VARIABLE, PREFIX, Settings

MASK = "********"

_OF_DEVELOPMENT = ("OPENFRS_TEST_DATA", "OPENFRS_FUZZ")
"""Variables of the tests and the Makefile."""

_KEY_OF_LINE = re.compile(r"""\s*\[*\s*["']?([\w-]+)["']?\s*[\].=]""")
_PASSWORD_IN_URL = re.compile(r"(?<=://)[^/@]*:[^/@]*(?=@)")


@dataclass(frozen=True, slots=True)
class Value:
    """A setting as TOML text, its origin, and whether the text masks a secret.

    The text of a setting without a value is empty.
    """

    name: str
    text: str
    origin: str
    masked: bool


@dataclass(frozen=True, slots=True)
class Configuration:
    """The settings, and the origin of each: ``command line``, a variable, a file with a line number, or ``default``."""

    settings: Settings
    origins: Mapping[str, str]

    @classmethod
    def read(cls, options: Mapping[str, Any]) -> "Configuration":
        """Read the settings: options override the environment, the file that ``OPENFRS_CONFIG`` names, and the defaults.

        Raises:
            OperatorError: the file cannot be read or has an unknown key, or a setting is invalid.
        """
        file = os.environ.get(CONFIG_VARIABLE)
        text = _read_file(file) if file else ""
        origins = {name: f"{file}, line {line}" for name, line in _lines_of_keys(text).items()}
        if unknown := [name for name in _parse(text, file) if name not in Settings.model_fields]:
            hint = _hint(unknown[0].lower().removeprefix(PREFIX.lower()), Settings.model_fields)
            raise OperatorError(f"{origins.get(unknown[0], file)}: unknown setting {unknown[0]}{hint}")
        origins |= {name: f"{PREFIX}{name.upper()}" for name in Settings.model_fields if _in_environment(name)}
        origins |= dict.fromkeys(options, "command line")
        try:
            settings = Settings(**options)
        except ValidationError as error:
            first = error.errors(include_input=False)[0]
            name = ".".join(map(str, first["loc"]))
            raise OperatorError(
                f"setting {name} ({origins.get(name, 'default')}): {first['msg'].removeprefix('Value error, ')}"
            ) from error
        return cls(settings, {name: origins.get(name, "default") for name in Settings.model_fields})

    def values(self) -> list[Value]:
        """Return every setting with its value and origin; secrets and passwords are masked."""
        return [_value(name, getattr(self.settings, name), origin) for name, origin in self.origins.items()]


def unknown_variables() -> list[str]:
    """Return one warning for each environment variable that has the prefix of a setting but is not one."""
    known = [CONFIG_VARIABLE, *(f"{PREFIX}{name.upper()}" for name in Settings.model_fields)]
    unknown = sorted(
        name
        for name in os.environ
        if name.upper().startswith(PREFIX) and name.upper() not in {*known, *_OF_DEVELOPMENT}
    )
    return [f"{name} is not a setting{_hint(name.upper(), known)}" for name in unknown]


def _read_file(file: str) -> str:
    try:
        return Path(file).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise OperatorError(f"cannot read the file in {CONFIG_VARIABLE}: {error}") from error


def _parse(text: str, file: str | None) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise OperatorError(f"{file}: {error}") from error


def _lines_of_keys(text: str) -> dict[str, int]:
    """Return the first line of each key, which tomllib does not report. A line of a long string may count as a key."""
    lines: dict[str, int] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if match := _KEY_OF_LINE.match(line):
            lines.setdefault(match[1], number)
    return lines


def _hint(name: str, known: Iterable[str]) -> str:
    similar = difflib.get_close_matches(name, known, n=1, cutoff=0.7)
    return f"; did you mean {similar[0]}?" if similar else ""


def _in_environment(name: str) -> bool:
    return any(variable.lower() == f"{PREFIX}{name}".lower() for variable in os.environ)


def _value(name: str, value: Any, origin: str) -> Value:
    if value is None:
        return Value(name, "", origin, masked=False)
    if isinstance(value, SecretStr):
        return Value(name, f'"{MASK}"', origin, masked=True)
    if isinstance(value, bool):
        return Value(name, str(value).lower(), origin, masked=False)
    if isinstance(value, int | float):
        return Value(name, repr(value), origin, masked=False)
    masked, passwords = _PASSWORD_IN_URL.subn(MASK, str(value))
    return Value(name, _quote(masked), origin, masked=passwords > 0)


def _quote(text: str) -> str:
    """Return a TOML string."""
    escaped = "".join(
        f"\\u{ord(character):04x}" if character < " " or character in '"\\\x7f' else character for character in text
    )
    return f'"{escaped}"'
