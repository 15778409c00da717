"""The settings in force and where each of them comes from; what is wrong with one, said with its place."""

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
from .settings import Settings

PREFIX = "OPENFRS_"
CONFIG_VARIABLE = f"{PREFIX}CONFIG"
MASK = "********"

_KEY_OF_LINE = re.compile(r"""\s*\[*\s*["']?([\w-]+)["']?\s*[\].=]""")
_PASSWORD_IN_ADDRESS = re.compile(r"(?<=://)[^/@]*:[^/@]*(?=@)")


@dataclass(frozen=True, slots=True)
class Value:
    """A setting in force: what it is, as text of a TOML file, where it was set, and whether the text hides a secret.

    The text is empty for a setting that has no value.
    """

    name: str
    text: str
    origin: str
    masked: bool


@dataclass(frozen=True, slots=True)
class Configuration:
    """The settings, and for each where it was set: ``command line``, a variable, a file and line, or ``default``."""

    settings: Settings
    origins: Mapping[str, str]

    @classmethod
    def read(cls, options: Mapping[str, Any]) -> "Configuration":
        """Command line options over the environment over the file that ``OPENFRS_CONFIG`` names over the defaults.

        Raises:
            OperatorError: the file cannot be read or has an unknown key, or a setting is not what it must be.
        """
        file = os.environ.get(CONFIG_VARIABLE)
        text = _text_of(file) if file else ""
        lines = _lines_of_keys(text)
        where = {name: f"{file}, line {line}" for name, line in lines.items()}
        if unknown := [name for name in _parsed(text, file) if name not in Settings.model_fields]:
            hint = _hint(unknown[0].lower().removeprefix(PREFIX.lower()), Settings.model_fields)
            raise OperatorError(f"{where.get(unknown[0], file)}: there is no setting {unknown[0]}{hint}")
        where |= {name: f"{PREFIX}{name.upper()}" for name in Settings.model_fields if _in_environment(name)}
        where |= dict.fromkeys(options, "command line")
        try:
            settings = Settings(**options)
        except ValidationError as error:
            first = error.errors(include_input=False)[0]
            name = ".".join(map(str, first["loc"]))
            raise OperatorError(f"setting {name} ({where.get(name, 'default')}): {first['msg']}") from error
        return cls(settings, {name: where.get(name, "default") for name in Settings.model_fields})

    def values(self) -> list[Value]:
        """Every setting with its value and origin; secrets and passwords are masked."""
        return [_value(name, getattr(self.settings, name), origin) for name, origin in self.origins.items()]


def unknown_variables() -> list[str]:
    """One line about each variable of the environment that looks like a setting and is none."""
    known = [CONFIG_VARIABLE, *(f"{PREFIX}{name.upper()}" for name in Settings.model_fields)]
    named = sorted(name for name in os.environ if name.upper().startswith(PREFIX) and name.upper() not in known)
    return [f"{name} is no setting{_hint(name.upper(), known)}" for name in named]


def _text_of(file: str) -> str:
    try:
        return Path(file).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise OperatorError(f"the file that {CONFIG_VARIABLE} names cannot be read: {error}") from error


def _parsed(text: str, file: str | None) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise OperatorError(f"{file}: {error}") from error


def _lines_of_keys(text: str) -> dict[str, int]:
    """The line on which each key stands; tomllib does not say. Of lines that look alike, in a long string say, the first counts."""
    lines: dict[str, int] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if found := _KEY_OF_LINE.match(line):
            lines.setdefault(found[1], number)
    return lines


def _hint(name: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.7)
    return f"; did you mean {near[0]}?" if near else ""


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
    shown, passwords = _PASSWORD_IN_ADDRESS.subn(MASK, str(value))
    return Value(name, _quoted(shown), origin, masked=passwords > 0)


def _quoted(text: str) -> str:
    """A string of TOML."""
    escaped = "".join(
        f"\\u{ord(character):04x}" if character < " " or character in '"\\\x7f' else character for character in text
    )
    return f'"{escaped}"'
