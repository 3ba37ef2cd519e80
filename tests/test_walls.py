"""The walls of the house: who may import whom, read from the sources; and that every module says what it is for."""

import ast
import fnmatch
import functools
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TOP_LEVEL = {"README.md", "config.example.toml", "kiosk", "playlists", "pyproject.toml", "systemd", "tests"}

ROOMS_WITH_EVENTS = ("sessions", "record_book", "health", "host", "playout")
"""Rooms of the station whose own events stand below all else, in a module ``events``."""
STATION_DOWN_TO_CONTROL = {
    *("events", "config", "identity", "schedule", "service", "display", "library", "journal", "clock", "link"),
    *("health", "host", "record_book", "projector", "playout", "sessions"),
}
MAY_IMPORT: dict[str, set[str]] = {
    "__init__": set(),
    "__main__": {"cli"},
    "cli": {"__init__", "common"},
    "station": set(),
    "town": set(),
    "common.messages": set(),
    "contract": {"common.messages"},
    "common": {"contract", "common.messages"},
    "demo": {"__init__", "common", "contract", "station.*", "town.*"},
    # --- the station ---
    **{f"station.{name}.events": set() for name in ROOMS_WITH_EVENTS},
    "station.sessions": {"common", "contract", "station.schedule", "station.sessions.events"},
    "station.events": {
        *("contract", "station.projector.messages"),
        *(f"station.{name}.events" for name in ROOMS_WITH_EVENTS),
    },
    "station.config": {"common", "station.schedule", "station.events", "station.host.events"},
    "station.identity": {"common", "contract"},
    "station.schedule": {"contract", "common.opening_hours"},
    "station.service": {"common", "station.events"},
    "station.display": {"common", "contract", "station.events", "station.host.events"},
    "station.library": {"common", "contract", "station.events", "station.schedule"},
    "station.journal": {"common", "contract", "station.events", "station.identity", "station.service"},
    "station.clock": {"common", "contract", "station.events", "station.journal", "station.service"},
    "station.link": {
        *("__init__", "common", "contract", "station.events", "station.identity", "station.library", "station.journal"),
        *("station.schedule", "station.service", "station.config"),
    },
    "station.health": {
        *("common", "contract", "station.events", "station.journal", "station.schedule", "station.service"),
        "station.health.events",
    },
    "station.host": {
        *("common", "station.events", "station.service", "station.health.events", "station.host.events"),
    },
    "station.record_book": {"common", "contract", "station.journal"},
    "station.projector.messages": set(),
    "station.projector": {
        *("contract", "station.events", "station.projector.messages", "station.display", "station.clock"),
    },
    "station.player": {"common", "contract", "station.projector.messages", "station.display"},
    "station.playout": {
        *("contract", "station.config", "station.events", "station.schedule", "station.library", "station.journal"),
        *("station.clock", "station.projector", "station.playout.events", "common", "station.display"),
        *("station.record_book", "station.sessions"),
    },
    "station.panel": {
        *("common", "contract", "station.config", "station.events", "station.service"),
        *("station.display.marks", "station.display.mark_words", "station.projector.screenshots", "station.schedule"),
        *("station.health.rules", "station.health.faults", "station.health.maintenance", "station.health.examination"),
        *("station.journal.refused", "station.link.progress", "station.health.reported"),
        *("station.sessions", "station.health.events", "station.playout.events"),
        *("station.record_book", "station.journal.errors"),
        *("station.journal.proof", "station.display.poster", "station.display.month"),
    },
    "station.control": {"common", "contract", *(f"station.{name}" for name in STATION_DOWN_TO_CONTROL)},
    "station.overview": {
        *("__init__", "common", "contract", "station.panel.snapshot", "station.panel.now_file"),
        *(f"station.{name}" for name in STATION_DOWN_TO_CONTROL),
    },
    "station.status_file": {
        *("common", "contract", "station.panel.snapshot", "station.panel.now_file", "station.link.progress"),
        "station.health.maintenance",
    },
    "station.app": {
        *("common", "contract", "station.overview", "station.status_file", "station.control"),
        "station.panel",
        *(f"station.{name}" for name in STATION_DOWN_TO_CONTROL),
    },
    "station.installation": {"common", "station.host"},
    "station.commands": {
        *("station.host", "station.installation"),
        *("common", "contract", "station.app", "station.overview", "station.status_file", "station.panel"),
        *(f"station.{name}" for name in STATION_DOWN_TO_CONTROL),
    },
    # --- the town ---
    "town.database": {"contract"},
    "town.signing": {"common", "contract"},
    "town.town": {"common", "contract", "town.database", "town.signing"},
    "town.publishing": {"common", "contract", "town.database", "town.signing", "town.town"},
    "town.stations": {
        "common",
        "contract",
        "town.database",
        "town.signing",
        "town.town",
        "town.publishing.source",
        "town.publishing.rooms",
        "town.tickets",
    },
    "town.intake": {"contract", "town.database", "town.tickets"},
    "town.tickets": {"common", "contract", "town.database", "town.publishing.rooms"},
    "town.tickets.watch": {"town.database", "town.ledger", "town.tickets"},
    "town.tickets.worker": {
        *("contract", "town.database", "town.ledger", "town.publishing.in_force", "town.town", "town.tickets"),
        "town.tickets.watch",
    },
    "town.ledger": {"common", "contract", "town.database"},
    "town.sheets": {"common"},
    "town.programmes": {
        *("common", "contract", "town.database", "town.town", "town.sheets.categories"),
        *("town.publishing.source", "town.publishing.subtitles", "town.publishing.measure"),
    },
    "town.months": {
        *("common", "contract", "town.database", "town.signing", "town.town", "town.publishing", "town.sheets"),
        "town.programmes",
    },
    "town.api": {
        *("common", "contract", "town.database", "town.signing", "town.town", "town.publishing", "town.stations"),
        *("town.intake", "town.ledger", "town.tickets"),
    },
    "town.accounts": {"common", "town.database"},
    "town.work": {"common", "town.database", "town.town"},
    "town.work.workers": {"common", "town.work.loop", "town.months", "town.programmes", "town.tickets.worker"},
    "town.console": {
        *("common", "contract", "town.database", "town.signing", "town.town", "town.publishing", "town.stations"),
        *("town.intake", "town.ledger", "town.sheets", "town.accounts", "town.months", "town.work.beats"),
        *("town.programmes", "town.tickets"),
    },
    "town.app": {
        *("common", "contract", "town.api", "town.console", "town.town", "town.stations", "town.database"),
        "town.publishing.issue",
    },
    "town.commands": {
        *("__init__", "common", "contract", "town.database", "town.signing", "town.town", "town.publishing"),
        *("town.stations", "town.intake", "town.ledger", "town.sheets", "town.api", "town.app", "town.accounts"),
        "town.work",
    },
}
"""What each package or module of ours may import beside the standard library, itself and its own packages; ``x.*``
stands for all below ``x``, and a longer name for that module alone."""
MOST_LEVELS = 11
SHEETS_READ_PURELY = (
    *("around", "categories", "cells", "characters", "checks", "closing", "date_lists", "dates", "drafts", "durations"),
    *("grid", "headers", "months", "rows", "settle", "sheet", "table", "times", "timetables", "titles", "told"),
    *("columns", "mending", "no_showing", "table_days", "weekdays"),
)
SESSIONS_PURE = ("attended", "events", "fit", "kept", "make_up", "seen", "sessions")
PURE = (
    "kiosk.contract",
    "kiosk.town.publishing.compose",
    "kiosk.town.publishing.questions",
    "kiosk.town.programmes.profile",
    "kiosk.town.programmes.titles",
    "kiosk.town.ledger.condition",
    "kiosk.town.ledger.needs",
    "kiosk.town.stations.forms",
    "kiosk.town.stations.parts",
    "kiosk.town.stations.typed",
    "kiosk.town.tickets.life_cycle",
    "kiosk.town.tickets.causes",
    *(f"kiosk.town.sheets.{name}" for name in SHEETS_READ_PURELY),
    *(f"kiosk.town.months.{name}" for name in ("changes", "plan", "readiness", "titles", "weeks")),
    "kiosk.common.messages",
    "kiosk.common.refusals",
    "kiosk.common.text",
    "kiosk.station.record_book.table",
    "kiosk.common.planned",
    "kiosk.common.known",
    "kiosk.common.opening_hours",
    "kiosk.common.outcomes",
    "kiosk.station.display.marks",
    "kiosk.station.display.menu",
    "kiosk.station.panel.no_picture",
    "kiosk.common.decode",
    "kiosk.town.publishing.subtitles",
    "kiosk.station.schedule",
    *(f"kiosk.station.sessions.{name}" for name in SESSIONS_PURE),
    "kiosk.station.events",
    "kiosk.station.health.rules",
    "kiosk.station.health.observation",
    "kiosk.station.health.checks",
    "kiosk.station.health.examination",
    "kiosk.station.health.ticket_states",
    "kiosk.station.health.repairs.remedy",
    "kiosk.station.health.evidence",
    "kiosk.station.playout.loudness",
    "kiosk.station.playout.heard",
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
    "vlc": ("kiosk.station.player",),
    "Xlib": ("kiosk.station.player", "kiosk.demo"),  # the demo watches the screen from outside the station
    "pyudev": ("kiosk.station.health.devices",),
    "zxingcpp": ("kiosk.common.photo_child",),
    "evdev": ("kiosk.station.host.keypad",),
    "apscheduler": ("kiosk.station.service.timers",),
    "sqlite_utils": ("kiosk.station.journal",),
    "requests": ("kiosk.station.link", "kiosk.town.tickets.gateways"),
    "urllib3": ("kiosk.station.link",),
    "click": ("kiosk.cli", "kiosk.station.commands", "kiosk.town.commands", "kiosk.demo"),
    "PIL": (
        "kiosk.common.stills",
        "kiosk.common.photo_child",
        "kiosk.station.display.lettering",
        "kiosk.station.display.poster_image",
        "kiosk.station.display.menu_image",
        "kiosk.station.player",
        "kiosk.town.months.notice_picture",
        "kiosk.demo",
    ),
    "sqlalchemy": ("kiosk.town",),
    "alembic": ("kiosk.town.database",),
    "apprise": ("kiosk.town.tickets.gateways",),
    "psycopg": ("kiosk.town.database",),
    "python_calamine": ("kiosk.town.sheets.reading",),
    "xlrd": ("kiosk.town.sheets.xls",),
    "openpyxl": ("kiosk.town.sheets", "kiosk.station.record_book.workbook"),
    "chinese_calendar": ("kiosk.town.sheets.holidays",),
    "argon2": ("kiosk.town.accounts.passwords",),
}
DISTRIBUTIONS = {
    "evdev": "evdev-binary",
    "zxingcpp": "zxing-cpp",
    "argon2": "argon2-cffi",
    "PIL": "pillow",
    "Xlib": "python-xlib",
    "vlc": "python-vlc",
    "multipart": "python-multipart",
    "urllib3": "requests",
    "chinese_calendar": "chinesecalendar",
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


@functools.cache
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


def room_of(module: str) -> str:
    """The entry of :data:`MAY_IMPORT` that a module of ours stands under, the longest that fits; empty for none."""
    name = module.removeprefix("kiosk.") if module != "kiosk" else "__init__"
    exact = {"station", "town"} - {name}  # these two are their own __init__.py, and not what lies below them
    return max((room for room in MAY_IMPORT.keys() - exact if under(name, room)), key=len, default="")


def allowed(room: str, name: str) -> bool:
    """Whether a module that stands in ``room`` may import the module ``name`` of ours."""
    target = name.removeprefix("kiosk.") if name != "kiosk" else "__init__"
    return room_of(name) == room or any(under(target, one.removesuffix(".*")) for one in MAY_IMPORT[room])


@pytest.mark.parametrize("module", MODULES)
def test_each_package_imports_what_the_table_allows(module: str) -> None:
    assert room_of(module), f"{module} stands in no package of the table"
    strays = [name for name in imports_of(module) if under(name, "kiosk") and not allowed(room_of(module), name)]
    assert strays == []


def test_only_the_roots_stand_beside_the_packages() -> None:
    def files(folder: str) -> set[str]:
        return {path.stem for path in (ROOT / folder).glob("*.py")}

    beside = {"__init__", "app", "events", "config", "identity", "overview", "status_file"}
    assert files("kiosk/station") == beside
    assert files("kiosk/town") == {"__init__", "app", "town"}


def test_nobody_imports_what_only_the_root_or_a_process_may() -> None:
    """The overview is no bag to reach through, a handler serves the inbox alone, and the player is a process apart."""
    users = {
        "kiosk.station.overview": ("kiosk.station.app",),
        "kiosk.station.control": ("kiosk.station.app", "kiosk.station.control"),
        "kiosk.station.app": ("kiosk.station.commands",),
        "kiosk.station.player": ("kiosk.station.player",),
        "kiosk.station.journal.recovery": ("kiosk.station.journal.journal", "kiosk.station.journal.recovery"),
    }
    for target, homes in users.items():
        strays = [m for m in MODULES if any(under(name, target) for name in imports_of(m)) and not under(m, *homes)]
        assert strays == [], target


def test_stage_and_children_start_without_what_they_do_not_need() -> None:
    """They are started before the daemon has imported the rest, and their packages' faces import nothing."""
    for name in ("kiosk.station", "kiosk.station.projector", "kiosk.station.player"):
        assert imports_of(name) == set(), name


def levels(graph: dict[str, set[str]]) -> dict[str, int]:
    """Of each node, how many lie below it at most, itself counted. Raises AssertionError for a circle."""
    found: dict[str, int] = {}

    def level(node: str, above: tuple[str, ...]) -> int:
        assert node not in above, f"a circle: {' -> '.join((*above[above.index(node) :], node))}"
        if node not in found:
            found[node] = 1 + max((level(below, (*above, node)) for below in sorted(graph[node])), default=0)
        return found[node]

    for node in graph:
        level(node, ())
    return found


def test_no_module_imports_itself_by_way_of_others() -> None:
    levels({module: imports_of(module) & set(MODULES) for module in MODULES})


def packages() -> dict[str, set[str]]:
    """Which package imports from which: the imports of their modules, seen from further off."""
    graph: dict[str, set[str]] = {}
    for module in MODULES:
        here = room_of(module)
        below = {room_of(name) for name in imports_of(module) & set(MODULES)} - {here}
        graph.setdefault(here, set()).update(below)
    return graph


def test_packages_stand_on_few_levels_without_a_circle() -> None:
    found = levels(packages())
    assert max(found.values()) <= MOST_LEVELS, sorted(found.items(), key=lambda one: one[1])


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
        trust = module in ("kiosk.contract.trust", "kiosk.station.events")  # its records hold what TUF has read
        allowed = PURE_MAY_USE | (TRUST_MAY_USE if trust else set())
        for name in imports_of(module) - set(MODULES):
            top = name.partition(".")[0]
            assert top in allowed or top in sys.stdlib_module_names - IMPURE_STDLIB, f"{module} imports {name}"


def test_pure_rooms_read_no_clock_and_open_no_file() -> None:
    for module in pure_modules():
        for node in ast.walk(ast.parse(MODULES[module].read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                called = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
                assert called not in IMPURE_CALLS, f"{module}:{node.lineno} calls {called}()"


def test_every_module_that_calls_itself_pure_is_checked() -> None:
    heads = {module: ast.get_docstring(ast.parse(path.read_text("utf-8"))) or "" for module, path in MODULES.items()}
    assert {module for module, head in heads.items() if re.search(r"\bPure\b", head)} <= set(pure_modules())


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


def test_no_module_grows_too_large() -> None:
    large = {module: count for module, path in MODULES.items() if (count := path.read_bytes().count(b"\n")) > 350}
    assert large == {}, "what belongs to a room of its own moves there"


def test_top_level_holds_what_the_design_allows() -> None:
    ignored = [line.strip("/") for line in (ROOT / ".gitignore").read_text().split()]
    found = {
        path.name
        for path in ROOT.iterdir()
        if not path.name.startswith(".") and not any(fnmatch.fnmatch(path.name, pattern) for pattern in ignored)
    }
    assert found <= TOP_LEVEL
    assert {"README.md", "pyproject.toml", "kiosk"} <= found


if __name__ == "__main__":
    for name, count in sorted(levels(packages()).items(), key=lambda one: (one[1], one[0])):
        print(f"{count:3} {name or 'kiosk'}")
