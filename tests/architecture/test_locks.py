"""The locks install the same everywhere: hashes for everything, and no host named."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LOCKS = ("requirements.lock", "requirements-dev.lock")
PIN = re.compile(r"^([a-z0-9][a-z0-9._-]*)==\S+(?: ; .+)? \\$", re.MULTILINE)


def pins(lock: str) -> dict[str, str]:
    text = (ROOT / lock).read_text()
    blocks = re.split(r"^(?=[a-z0-9])", text, flags=re.MULTILINE)
    return {m.group(1): block for block in blocks if (m := PIN.match(block))}


@pytest.mark.parametrize("lock", LOCKS)
def test_no_lock_names_a_host(lock: str) -> None:
    text = (ROOT / lock).read_text()
    assert "://" not in text
    assert not re.search(r"^\s*-", text.replace("    --hash=", ""), re.MULTILINE)


@pytest.mark.parametrize("lock", LOCKS)
def test_every_pin_has_hashes(lock: str) -> None:
    found = pins(lock)
    assert len(found) > 20
    assert [name for name, block in found.items() if "--hash=sha256:" not in block] == []


def test_both_locks_agree_and_hold_what_is_asked_for() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    run, develop = pins("requirements.lock"), pins("requirements-dev.lock")

    def asked(lines: list[str]) -> set[str]:
        return {re.split(r"[\[<>=~; ]", line)[0].lower().replace("_", "-") for line in lines}

    extras = project["project"]["optional-dependencies"].values()
    wanted = asked([*project["project"]["dependencies"], *(line for e in extras for line in e)])
    assert wanted | {"hatchling", "editables"} <= set(run)
    assert asked(project["dependency-groups"]["dev"]) <= set(develop)

    def version(block: str) -> str:
        return block.split("==")[1].split(maxsplit=1)[0]

    shared = run.keys() & develop.keys()
    assert {n: version(run[n]) for n in shared} == {n: version(develop[n]) for n in shared}
