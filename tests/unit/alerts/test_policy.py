import tomllib
from pathlib import Path

from alerts.policy import Policy, parse


def test_the_shipped_policy_file_says_what_the_code_defaults_to() -> None:
    shipped = Path(__file__).parents[3] / "alerts" / "policy.toml"
    book = parse(tomllib.loads(shipped.read_text(encoding="utf-8")))
    assert book.default == Policy()
    assert book.by_area == {}
