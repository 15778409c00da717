"""Translations of the service's messages."""

import csv
import json

from tests.support.servers import REPOSITORY

ERRORS = REPOSITORY / "src" / "openfrs" / "core" / "errors.csv"
CHINESE = REPOSITORY / "console" / "src" / "i18n" / "messages.zh-CN.json"


def test_every_raised_error_has_a_chinese_message() -> None:
    with ERRORS.open(encoding="utf-8", newline="") as file:
        messages = {row["message"] for row in csv.DictReader(file) if row["raised"] == "yes" and row["message"] != "{}"}
    assert messages - json.loads(CHINESE.read_text("utf-8")).keys() == set()
