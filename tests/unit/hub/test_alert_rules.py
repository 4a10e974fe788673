"""The alert rules of the runbook name nothing that the hub does not tell."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]
from prometheus_client import Counter, Gauge, Histogram

from core import metrics

FILE = Path(__file__).parents[3] / "docs" / "runbook" / "alerts.yml"
SELECTOR = re.compile(r"\b(hub_[a-z_]+)(?:\{([^}]*)\})?")
SUFFIXES = ("_bucket", "_count", "_sum")
# What tells of sight itself: each has a rule of its own.
RULED = ("hub_quarantine_", "hub_door_", "hub_spool_", "hub_ingest_")


def told() -> dict[str, tuple[str, ...]]:
    """Every metric as Prometheus names it, with its labels."""
    found = {}
    for metric in vars(metrics).values():
        if isinstance(metric, Counter | Gauge | Histogram):
            name = metric._name + ("_total" if isinstance(metric, Counter) else "")
            found[name] = tuple(metric._labelnames)
    return found


def rules() -> Iterator[Mapping[str, Any]]:
    for group in yaml.safe_load(FILE.read_text(encoding="utf-8"))["groups"]:
        yield from group["rules"]


def named(expression: str) -> Iterator[tuple[str, str]]:
    for name, labels in SELECTOR.findall(expression):
        plain = next((name.removesuffix(s) for s in SUFFIXES if name.endswith(s)), name)
        yield plain, labels


@pytest.mark.parametrize("rule", list(rules()), ids=lambda rule: rule["alert"])
def test_every_rule_stands_on_metrics_that_exist_and_says_what_to_do(
    rule: Mapping[str, Any],
) -> None:
    known = told()
    found = list(named(rule["expr"]))
    assert found
    for name, labels in found:
        assert name in known
        for label in re.findall(r"(\w+)\s*=", labels):
            assert label in known[name], (name, label)
    for grouped in re.findall(r"by \(([^)]*)\)", rule["expr"]):
        for label in set(re.split(r",\s*", grouped)) - {"le"}:
            assert any(label in known[name] for name, _ in found), label
    assert rule["labels"]["severity"] in {"page", "ticket"}
    assert all(rule["annotations"].get(each) for each in ("summary", "summary_zh", "do"))


def test_no_rule_is_there_twice_and_parentheses_close() -> None:
    names = [rule["alert"] for rule in rules()]
    assert len(set(names)) == len(names)
    for rule in rules():
        for one, other in ("()", "[]", "{}"):
            assert rule["expr"].count(one) == rule["expr"].count(other)


def test_every_metric_of_telemetry_has_a_rule() -> None:
    ruled = {name for rule in rules() for name, _ in named(rule["expr"])}
    assert {name for name in told() if name.startswith(RULED)} <= ruled
