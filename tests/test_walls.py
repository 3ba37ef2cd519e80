"""The walls of the house: who may import whom, read from the sources; and that every module says what it is for."""

import ast
import fnmatch
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TOP_LEVEL = {"README.md", "config.example.toml", "kiosk", "playlists", "pyproject.toml", "systemd", "tests"}

ROOMS_SEEN_FROM = {
    "contract": {"contract"},
    "common": {"common", "contract"},
    "station": {"station", "common", "contract"},
    "town": {"town", "common", "contract"},
    "demo": {"demo", "station", "town", "common", "contract"},
    "cli": {"station"},
    "__main__": {"cli"},
    "__init__": set[str](),
}
PURE = (
    "kiosk.contract",
    "kiosk.station.schedule.timetable",
    "kiosk.station.schedule.fetch_order",
    "kiosk.station.schedule.fetch_hours",
    "kiosk.station.health.rules",
    "kiosk.town.tickets",
    "kiosk.town.bulletin",
)
PURE_MAY_USE = {"msgspec"}
TRUST_MAY_USE = {"tuf", "securesystemslib"}
IMPURE_STDLIB = {
    *("asyncio", "concurrent", "multiprocessing", "queue", "sched", "select", "selectors", "signal", "threading"),
    *("fileinput", "glob", "io", "logging", "os", "pathlib", "shutil", "sqlite3", "subprocess", "tempfile"),
    *("ftplib", "http", "smtplib", "socket", "socketserver", "ssl", "urllib"),
    *("ctypes", "random", "secrets", "time"),
}
IMPURE_CALLS = {"open", "input", "print", "now", "today", "utcnow"}

LIVES_IN = {
    "vlc": ("kiosk.station.projector",),
    "Xlib": ("kiosk.station.projector", "kiosk.demo"),  # the demo watches the screen from outside the station
    "pyudev": ("kiosk.station.health.devices",),
    "apscheduler": ("kiosk.station.service.timers",),
    "sqlite_utils": ("kiosk.station.journal.journal*",),
    "requests": ("kiosk.station.link.link*", "kiosk.station.link.enrol"),
    "urllib3": ("kiosk.station.link.link*", "kiosk.station.link.enrol"),
    "sqlalchemy": ("kiosk.town",),
    "alembic": ("kiosk.town",),
    "psycopg": ("kiosk.town",),
}
DISTRIBUTIONS = {
    "PIL": "pillow",
    "Xlib": "python-xlib",
    "vlc": "python-vlc",
    "multipart": "python-multipart",
    "urllib3": "requests",
}


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 2 else parts)


MODULES = {module_name(path): path for path in sorted((ROOT / "kiosk").rglob("*.py"))}


def imported(source: str, module: str, *, package: bool = False) -> set[str]:
    """Full names of all that ``source`` imports, wherever in the file."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                above = module.split(".")[: len(module.split(".")) - node.level + (1 if package else 0)]
                base = ".".join([*above, base] if base else above)
            modules = {f"{base}.{alias.name}" for alias in node.names} & set(MODULES)
            names |= modules if len(modules) == len(node.names) else modules | {base}
    return names


def imports_of(module: str) -> set[str]:
    path = MODULES[module]
    return imported(path.read_text(encoding="utf-8"), module, package=path.name == "__init__.py")


def under(name: str, *prefixes: str) -> bool:
    return any(name == prefix or name.startswith(prefix + ".") for prefix in prefixes)


def at_home(module: str, home: str) -> bool:
    return fnmatch.fnmatch(module, home) or under(module, home)


def foreign(module: str) -> Iterator[str]:
    """Top-level names of other people's packages that a module imports."""
    for name in imports_of(module):
        top = name.partition(".")[0]
        if top not in sys.stdlib_module_names and top != "kiosk":
            yield top


def test_imports_are_found_wherever_they_stand() -> None:
    source = (
        "import os.path\nfrom . import wire\nfrom .trust import x\ndef f():\n    from kiosk.station import nothing\n"
    )
    assert imported(source, "kiosk.contract.station") == {
        "os.path",
        "kiosk.contract.wire",
        "kiosk.contract.trust",
        "kiosk.station",
    }
    assert imported("from . import wire, x", "kiosk.contract", package=True) == {
        "kiosk.contract",
        "kiosk.contract.wire",
    }


@pytest.mark.parametrize("module", MODULES)
def test_station_and_town_never_import_each_other_and_the_rest_looks_one_way(module: str) -> None:
    room = module.split(".")[1]
    for name in imports_of(module):
        if name.startswith("kiosk."):
            assert name.split(".")[1] in ROOMS_SEEN_FROM[room], f"{module} imports {name}"


def pure_modules() -> list[str]:
    """The pure rooms, and all that they import: it has to be as pure as they are."""
    found = {module for module in MODULES if under(module, *PURE)}
    waiting = list(found)
    while waiting:
        new = (imports_of(waiting.pop()) & set(MODULES)) - found
        found |= new
        waiting += new
    return sorted(found)


def test_pure_rooms_import_the_standard_library_msgspec_and_each_other() -> None:
    assert {"kiosk.contract.trust", "kiosk.station.schedule.timetable", "kiosk.station.health.rules"} <= set(
        pure_modules()
    )
    for module in pure_modules():
        allowed = PURE_MAY_USE | (TRUST_MAY_USE if module == "kiosk.contract.trust" else set())
        for name in imports_of(module) - set(MODULES):
            top = name.partition(".")[0]
            assert top in allowed or top in sys.stdlib_module_names - IMPURE_STDLIB, f"{module} imports {name}"


def test_pure_rooms_read_no_clock_and_open_no_file() -> None:
    for module in pure_modules():
        for node in ast.walk(ast.parse(MODULES[module].read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                called = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
                assert called not in IMPURE_CALLS, f"{module}:{node.lineno} calls {called}()"


@pytest.mark.parametrize("library", LIVES_IN)
def test_device_bound_library_lives_in_one_room(library: str) -> None:
    users = [module for module in MODULES if library in foreign(module)]
    strays = [user for user in users if not any(at_home(user, home) for home in LIVES_IN[library])]
    assert strays == []


def test_packages_in_use_are_declared_and_the_station_needs_no_extra() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

    def names(requirements: list[str]) -> set[str]:
        return {re.split(r"[^A-Za-z0-9_.-]", requirement)[0] for requirement in requirements}

    base, town = names(project["dependencies"]), names(project["optional-dependencies"]["town"])
    for module in MODULES:
        allowed = base | town if under(module, "kiosk.town", "kiosk.demo") else base
        for top in foreign(module):
            name = DISTRIBUTIONS.get(top, top.lower().replace("_", "-"))
            assert name in allowed, f"{module} imports {top}"


@pytest.mark.parametrize("module", MODULES)
def test_module_opens_with_one_line_that_says_what_it_is_for(module: str) -> None:
    head = ast.get_docstring(ast.parse(MODULES[module].read_text(encoding="utf-8")))
    assert head, f"{module} has no docstring"
    first, _, rest = head.partition("\n")
    assert len(first) > 15 and first[-1] in ".?:", first
    assert rest == "" or rest.startswith("\n"), f"{module}: the head is one line, then an empty one"


def test_top_level_holds_what_the_design_allows() -> None:
    ignored = [line.strip("/") for line in (ROOT / ".gitignore").read_text().split()]
    found = {
        path.name
        for path in ROOT.iterdir()
        if not path.name.startswith(".") and not any(fnmatch.fnmatch(path.name, pattern) for pattern in ignored)
    }
    assert found <= TOP_LEVEL
    assert {"README.md", "pyproject.toml", "kiosk"} <= found
