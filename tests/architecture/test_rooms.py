"""The floor plan is kept by machines."""

import re
import subprocess
from pathlib import Path

import grimp
import pytest
from importlinter.cli import lint_imports

ROOT = Path(__file__).parents[2]
ROOMS = ("core", "devices", "ingest", "alerts", "video", "dashboard", "simulators", "hub")
IMPURE = (
    "alembic",
    "aiomqtt",
    "asyncio",
    "av",
    "cv2",
    "fastapi",
    "httpx2",
    "iotcore",
    "multiprocessing",
    "os",
    "paho",
    "queue",
    "secrets",
    "socket",
    "sqlalchemy",
    "sqlite3",
    "starlette",
    "subprocess",
    "tempfile",
    "threading",
    "time",
    "uvicorn",
)
LONGEST = 400


def tracked(pattern: str = "") -> list[Path]:
    found = subprocess.run(
        ["git", "ls-files", "-z", "--", *([pattern] if pattern else [])],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    return [ROOT / name for name in found.stdout.decode().split("\0") if name]


def listed() -> dict[str, str]:
    lines = (ROOT / "tests/architecture/shells.txt").read_text().splitlines()
    rows = [line.split(maxsplit=1) for line in lines if line and not line.startswith("#")]
    return {row[0]: row[1] for row in rows}


def is_shell(module: str, shells: dict[str, str]) -> bool:
    return module in shells or any(
        name.endswith(".*") and (module + ".").startswith(name[:-1]) for name in shells
    )


@pytest.fixture(scope="module")
def graph() -> grimp.ImportGraph:
    return grimp.build_graph(*ROOMS, include_external_packages=True, cache_dir=None)


def test_imports_follow_the_floor_plan() -> None:
    assert lint_imports(config_filename=str(ROOT / "pyproject.toml"), cache_dir=None) == 0


def test_a_module_is_pure_unless_it_is_listed_with_its_reason(graph: grimp.ImportGraph) -> None:
    shells = listed()
    impure = sorted(
        f"{module} imports {imported}"
        for module in graph.modules
        if module.split(".")[0] in ROOMS and not is_shell(module, shells)
        for imported in graph.find_modules_directly_imported_by(module)
        if imported.split(".")[0] in IMPURE
    )
    assert impure == []


def test_the_list_of_shells_names_only_what_exists(graph: grimp.ImportGraph) -> None:
    gone = [
        name
        for name in listed()
        if not any(is_shell(module, {name: ""}) for module in graph.modules)
    ]
    assert gone == []


def test_no_module_is_too_large_to_live_in() -> None:
    large = {
        str(file.relative_to(ROOT)): count
        for file in tracked("*.py")
        if file.exists() and (count := len(file.read_text().splitlines())) > LONGEST
    }
    assert large == {}


def test_nothing_tracked_names_a_machine_or_a_package_index() -> None:
    # Put together here, so that this file does not hold what it looks for.
    hosts = ["pypi" + ".org", "pythonhosted" + ".org", "registry" + ".npmjs", "deb.debian" + ".org"]
    places = ["/ro" + "ot/", "/wo" + "rk/", "/ho" + "me/"]
    looked_for = re.compile(
        rf"(?:^|[^\w.-])(?:{'|'.join(places)})\w|{'|'.join(re.escape(h) for h in hosts)}"
    )
    found = [
        f"{file.relative_to(ROOT)}: {hit.group().strip()}"
        for file in tracked()
        if "vendor" not in file.parts
        and file.suffix not in {".png", ".jpg", ".mp4"}
        and file.is_file()
        for hit in [looked_for.search(file.read_text(errors="replace"))]
        if hit
    ]
    assert found == []
