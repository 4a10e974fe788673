"""The file of a list: text stays text in every spreadsheet, and parts make the whole."""

import pytest

from dashboard.web import spreadsheet


@pytest.mark.parametrize("text", ["=1", "+1", "-1", "@x", "\t=1", "\r=1", "＝1"])
def test_every_beginning_of_a_formula_is_guarded(text: str) -> None:
    assert spreadsheet.guarded(text) == f"'{text}"


@pytest.mark.parametrize("cell", ["a=1", "", -1, 1.5, None])
def test_what_is_no_formula_stays_as_it_is(cell: str | float | None) -> None:
    assert spreadsheet.guarded(cell) == cell


def test_parts_make_one_file_with_one_head(hub: Dashboards) -> None:
    text = "".join(spreadsheet.lines(["a"], ([n] for n in range(500))))
    assert text.count("\r\n") == 501
    assert text.startswith("\ufeffa\r\n0\r\n")
