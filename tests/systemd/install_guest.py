"""Watches what systemd/install.sh has installed, in the computer that tests/systemd/install.sh boots; figures as JSON.

``python install_guest.py installed|faults|removed SHARED``: each writes what it found into SHARED/found.json; the last
writes SHARED/figures. Runs in the guest alone.
"""

import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

PATIENCE_S = 600.0
STATE, TOWN, WEEK = Path("/var/lib/kiosk"), Path("/var/lib/kiosk-town"), Path("/tmp/week")
KIOSK = "/opt/kiosk/.venv/bin/kiosk"
UNITS = ("kiosk-x", "kiosk-sound", "kiosk-station", "kiosk-town")


def run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True)
    print("$", " ".join(command), "->", done.returncode, done.stderr.strip()[-2000:], flush=True)
    return done.stdout


def as_town(*words: str) -> str:
    return run("runuser", "-u", "kiosk-town", "--", "env", f"KIOSK_TOWN={TOWN}", KIOSK, "town", *words)


def until(what: str, found: Callable[[], Any], patience_s: float = PATIENCE_S) -> float:
    """Seconds until ``found()`` is true; minus one if it does not become so."""
    began = time.monotonic()
    while not found():
        if time.monotonic() - began > patience_s:
            print("still not:", what, flush=True)
            return -1.0
        time.sleep(0.1)
    return round(time.monotonic() - began, 1)


def publish() -> None:
    """A light film around the clock, today and tomorrow."""
    WEEK.mkdir(exist_ok=True)
    picture, tone = "testsrc=size=320x180:rate=12.5:duration=12", "sine=frequency=440:duration=12"
    film = ["-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", tone, "-c:v", "mpeg4", "-g", "12", "-c:a", "mp2"]
    run("ffmpeg", "-v", "error", "-y", *film, str(WEEK / "film.avi"))
    days = [(datetime.now().date() + timedelta(days=n)).isoformat() for n in (0, 1)]
    slot = {"start": "00:00:00", "end": "00:00:00", "programmes": ["film"], "mode": "loop"}
    week = {
        "title": "Around the clock",
        "group": "all",
        "time_zone": "UTC",
        "first_day": days[0],
        "last_day": days[-1],
        "programmes": [{"id": "film", "file": "film.avi", "title": "水稻育秧"}],
        "slots": [{"date": day, **slot} for day in days],
    }
    (WEEK / "week.json").write_text(json.dumps(week))
    WEEK.chmod(0o755)
    print(as_town("publish", "--yes", str(WEEK / "week.json")), flush=True)


def on_screen(but: str = "") -> str:
    """The id of the play whose picture is on the screen, as the record has it; another than ``but``."""
    try:
        db = sqlite3.connect(f"file:{STATE}/journal.db?mode=ro", uri=True)
        query = "SELECT id FROM plays WHERE shown_ms IS NOT NULL AND seq IS NULL AND id <> ?"
        row = db.execute(query, [but]).fetchone()
        db.close()
    except sqlite3.OperationalError:
        return ""
    return str(row[0]) if row else ""


def plays_at_town() -> int:
    return as_town("plays").count("completed")


def process_of(name: str) -> int:
    found = run("pgrep", "-x", name).split()
    return int(found[0]) if found else 0


def main_of(unit: str) -> int:
    return int(run("systemctl", "show", "--property", "MainPID", "--value", unit).strip() or 0)


def held_by(pid: int) -> dict[str, str]:
    """What the kernel says that a process may do: it holds there, whatever the unit's file says."""
    status = Path(f"/proc/{pid}/status").read_text()
    wanted = ("NoNewPrivs", "Seccomp", "CapEff", "CapBnd", "Uid")
    found = {key: re.findall(rf"^{key}:\s+(\S+)", status, re.M)[0] for key in wanted}
    return found | {"cgroup": Path(f"/proc/{pid}/cgroup").read_text().strip().split("::")[-1]}


def strangers() -> dict[str, bool]:
    """Whether another user of this PC is kept out of the screen and of the sound."""
    nobody = ("setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups")
    screen = subprocess.run([*nobody, "xset", "-display", ":0", "q"], capture_output=True)
    sound = subprocess.run(
        [*nobody, "env", "PULSE_SERVER=unix:/run/kiosk-sound/native", "pactl", "info"], capture_output=True
    )
    return {"screen_closed": screen.returncode != 0, "sound_closed": sound.returncode != 0}


def installed() -> dict[str, Any]:
    publish()
    shown_s = until("the first programme is shown", on_screen)
    row_s = until("its row is at the town", plays_at_town)
    run("sh", "-c", f"cp /run/kiosk-x/Xorg.log {sys.argv[2]}/; journalctl --no-pager > {sys.argv[2]}/journal")
    as_town("picture", "chenjia", "--out", "/tmp/week/none", "--wait", "0")
    picture = WEEK / "out"
    picture.mkdir(exist_ok=True)
    run("chown", "kiosk-town", str(picture))
    as_town("picture", "chenjia", "--wait", "180", "--out", str(picture / "screen.jpg"))
    run("sh", "-c", f"cp {picture}/screen.jpg {sys.argv[2]}/")
    return {
        "shown_s": shown_s,
        "row_s": row_s,
        "x": held_by(process_of("Xorg")),
        "sound": held_by(process_of("pulseaudio")),
        **strangers(),
        "installation": json.loads((STATE / "installation.json").read_text()),
        "exposure": {unit: exposure(unit) for unit in UNITS},
    }


def exposure(unit: str) -> str:
    found = re.findall(r"exposure level for \S+: (\S+)", run("systemd-analyze", "security", "--no-pager", unit))
    return found[0] if found else ""


def faults() -> dict[str, float]:
    """Seconds until the picture is back (for the sound server: a stream), after each is killed, and frozen."""
    found: dict[str, float] = {}
    until("a programme is shown again", on_screen)
    for by in (signal.SIGKILL, signal.SIGSTOP):
        way = by.name.removeprefix("SIG").lower()
        before = on_screen()
        os.kill(main_of("kiosk-station"), by)
        found[f"daemon_{way}"] = until("the picture is back", lambda: on_screen(but=before))  # noqa: B023
        settle()
        before, server = on_screen(), process_of("Xorg")
        os.kill(server, by)
        new = until("another X server", lambda: process_of("Xorg") not in (0, server))  # noqa: B023
        found[f"x_{way}"] = round(new + until("the picture is back", lambda: on_screen(but=before)), 1)  # noqa: B023
        settle()
        server = process_of("pulseaudio")
        os.kill(server, by)
        new = until("another sound server", lambda: process_of("pulseaudio") not in (0, server))  # noqa: B023
        found[f"sound_{way}"] = round(new + until("a stream", streams), 1)
        settle()
    run("sh", "-c", f"journalctl --no-pager > {sys.argv[2]}/journal")
    return found


def settle() -> None:
    """Until one play is done, so that the next fault meets a room at work."""
    done = plays_at_town()
    until("a play is completed", lambda: plays_at_town() > done, 120)


def streams() -> bool:
    servers = ("PULSE_SERVER=unix:/run/kiosk-sound/native", "PULSE_COOKIE=/run/kiosk-sound/cookie")
    return bool(run("env", *servers, "pactl", "list", "short", "sink-inputs").strip())


def removed() -> dict[str, bool]:
    return {
        "program_gone": not Path("/opt/kiosk").exists() and not Path("/etc/systemd/system/kiosk-x.service").exists(),
        "data_kept": (STATE / "journal.db").exists() and (TOWN / "town.db").exists(),
    }


def main() -> None:
    stage, shared = sys.argv[1], Path(sys.argv[2])
    path = shared / "found.json"
    found = json.loads(path.read_text()) if path.exists() else {}
    found[stage] = {"installed": installed, "faults": faults, "removed": removed}[stage]()
    path.write_text(json.dumps(found))
    if stage == "removed":
        times = (line.split() for line in (shared / "times").read_text().splitlines())
        minutes = {name: round((float(end) - float(begun)) / 60, 1) for name, begun, end, _code in times}
        codes = {line.split()[0]: int(line.split()[3]) for line in (shared / "times").read_text().splitlines()}
        (shared / "figures").write_text(json.dumps({"minutes": minutes, "codes": codes, **found}) + "\n")


if __name__ == "__main__":
    main()
