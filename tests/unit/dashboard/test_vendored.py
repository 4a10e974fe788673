"""What others wrote stands in static/vendor exactly as published, with its licence."""

import hashlib
import json
from pathlib import Path

VENDOR = Path(__file__).parents[3] / "dashboard" / "static" / "vendor"


def listed() -> list[dict[str, str]]:
    entries: list[dict[str, str]] = json.loads((VENDOR / "vendor.json").read_text(encoding="utf-8"))
    return entries


def test_every_vendored_file_is_the_one_that_was_pinned() -> None:
    for entry in listed():
        content = (VENDOR / entry["file"]).read_bytes()
        assert hashlib.sha256(content).hexdigest() == entry["sha256"], entry["file"]


def test_no_file_is_vendored_unlisted() -> None:
    there = {str(p.relative_to(VENDOR)) for p in VENDOR.rglob("*") if p.is_file()}
    assert there == {entry["file"] for entry in listed()} | {"vendor.json"}


def test_every_library_brings_its_licence() -> None:
    for folder in {entry["file"].split("/")[0] for entry in listed()}:
        assert (VENDOR / folder / "LICENSE").is_file()
