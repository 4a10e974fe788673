"""The file of a list: text stays text in every spreadsheet, and parts make the whole."""

from pathlib import Path

import pytest
from starlette.requests import Request

from dashboard.app import create_app
from dashboard.web import lists, spreadsheet
from dashboard.web.list_lifts import LIFTS
from tests.support.dashboards import Dashboards


@pytest.mark.parametrize("text", ["=1", "+1", "-1", "@x", "\t=1", "\r=1", "＝1"])
def test_every_beginning_of_a_formula_is_guarded(text: str) -> None:
    assert spreadsheet.guarded(text) == f"'{text}"


@pytest.mark.parametrize("cell", ["a=1", "", -1, 1.5, None])
def test_what_is_no_formula_stays_as_it_is(cell: str | float | None) -> None:
    assert spreadsheet.guarded(cell) == cell


def test_parts_make_one_file_with_one_head() -> None:
    text = "".join(spreadsheet.lines(["a"], ([n] for n in range(500))))
    assert text.count("\r\n") == 501
    assert text.startswith("\ufeffa\r\n0\r\n")


async def test_a_file_that_holds_not_all_says_so_at_its_end(tmp_path: Path) -> None:
    app = create_app(Dashboards(tmp_path).context("staff"))
    scope = {"type": "http", "app": app, "path": "/", "query_string": b"", "state": {}}
    request = Request({**scope, "headers": [(b"accept-language", b"en")]})
    told = lists.asked(request, LIFTS)
    answer = lists.export(request, told, "lifts", [1, 2], 5, lambda keys: keys, lambda n: [n])
    text = "".join([str(part) async for part in answer.body_iterator])
    assert text.splitlines()[1:] == ["1", "2", "Only the first 2 of 5 rows: narrow the list."]
