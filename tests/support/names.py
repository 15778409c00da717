"""Names of people and places with characters that not every check accepts."""

from typing import Final

NAMES: Final = [
    "علی\u200cرضا",  # noqa: RUF001  # Persian, with a zero-width non-joiner
    "क्\u200dष",  # Hindi, with a zero-width joiner
    "ශ්\u200dරී ලංකා",  # Sinhala
    "山田\u3000太郎",  # an ideographic space
    "Jean\u00a0Valjean",  # a no-break space
    "\U0002ebf0\U000323b0",  # newer extensions of Chinese characters
    "\ue000\U000f0000",  # private use, for characters that Unicode lacks
    "\u200eשלום\u200f",  # noqa: RUF001  # marks of direction
    "👨\u200d👩\u200d👧",
]
"""Each is valid as the name of a face set or an account and as the value of a field."""
