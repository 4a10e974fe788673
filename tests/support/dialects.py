"""The dialects that come with the product, and a gateway that speaks one."""

import tomllib
from functools import cache
from pathlib import Path

from devices.directory import Directory, directory
from devices.model import Gateway
from devices.protocol.dialects.parsing import parse
from devices.protocol.dialects.reading import Dialect
from tests.support.registry import AREA, sample_lift

ROOT = Path(__file__).parents[2]
SHIPPED = ROOT / "devices" / "protocol" / "dialects" / "shipped"
EXAMPLES = ROOT / "tests" / "data" / "dialects"


@cache
def shipped() -> dict[str, Dialect]:
    """All of them, by name."""
    read = [parse(tomllib.loads(file.read_text("utf-8"))) for file in sorted(SHIPPED.glob("*"))]
    return {dialect.name: dialect for dialect in read}


def speaking(dialect: str) -> Directory:
    """G1 speaks a dialect for 100001 and G2 the canonical one for 100002."""
    lifts = [sample_lift(n, f"10000{n}") for n in (1, 2)]
    return directory([Gateway("G1", AREA, (1,), None, dialect), Gateway("G2", AREA, (2,))], lifts)
