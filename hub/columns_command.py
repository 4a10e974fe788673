"""`hub columns`: every kind of file and its columns as a page of the documentation."""

import typer

from devices import register_import
from devices.sheet import Column

_HEAD = """# Files to import · 导入文件

Printed by `hub columns` from the code; a test holds this page against it. Import in this order:
what a row refers to has to stand already. `hub import KIND --template` prints a header and a
sample row. Header words may be ours or Chinese; an optional column that is missing leaves what
stands, an empty cell clears it.

按以下顺序导入：一行所引用的内容须已登记。表头可用英文名或中文名；缺少的选填列不改动已有内容，
空单元格表示清除。
"""
ORDER = (
    *("divisions", "firms", "use_units", "stations", "lifts", "gateways", "kitchens", "cameras"),
    *("workers", "contracts", "inspections", "rosters"),
)


def columns() -> None:
    """Print the kinds of files and their columns for docs/imports.md."""
    typer.echo(page(), nl=False)


def page() -> str:
    """A table for each kind, in the order in which files are to be imported."""
    sheets = register_import.sheets()
    return _HEAD + "".join(
        f"\n## {kind}\n\n| column | 中文表头 | takes | |\n|---|---|---|---|\n"
        + "".join(_row(column) for column in sheets[kind].columns)
        for kind in ORDER
    )


def _row(column: Column) -> str:
    needed = "required · 必填" if column.required else ""
    return f"| `{column.name}` | {'、'.join(column.zh)} | {column.takes} | {needed} |\n"
