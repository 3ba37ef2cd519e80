"""Watches what systemd/install.sh has installed, in the computer that tests/systemd/install.sh boots; figures as JSON.

``python install_guest.py installed|faults|removed SHARED``: each writes what it found into SHARED/found.json; the last
writes SHARED/figures, with a list of what is wrong. ``moving`` tells by its exit code whether the picture on the screen
moves. Runs in the guest alone.
"""

import fcntl
import json
import os
import re
import signal
import sqlite3
import ssl
import struct
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

PATIENCE_S = 600.0
STATE, TOWN, WEEK = Path("/var/lib/kiosk"), Path("/var/lib/kiosk-town"), Path("/tmp/week")
KIOSK = "/opt/kiosk/.venv/bin/kiosk"
UNITS = ("kiosk-x", "kiosk-sound", "kiosk-station", "kiosk-town", "kiosk-town-work")


def run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True)
    print("$", " ".join(command), "->", done.returncode, done.stderr.strip()[-2000:], flush=True)
    return done.stdout


def as_town(*words: str) -> str:
    return run("runuser", "-u", "kiosk-town", "--", "env", f"KIOSK_TOWN={TOWN}", KIOSK, "town", *words)


def until(what: str, found: Callable[[], Any], patience_s: float = PATIENCE_S, every_s: float = 0.1) -> float:
    """Seconds until ``found()`` is true, asked every ``every_s``; minus one if it does not become so."""
    began = time.monotonic()
    while not found():
        if time.monotonic() - began > patience_s:
            print("still not:", what, flush=True)
            return -1.0
        time.sleep(every_s)
    return round(time.monotonic() - began, 1)


def publish() -> None:
    """A light film around the clock for five days (a plan that runs out is a fault); a long one for a slow PC, which
    begins slowly."""
    WEEK.mkdir(exist_ok=True)
    long = 12 if Path("/run/systemd/container").exists() else 60
    picture, tone = f"testsrc=size=320x180:rate=12.5:duration={long}", f"sine=frequency=440:duration={long}"
    film = ["-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", tone, "-c:v", "mpeg4", "-g", "12", "-c:a", "mp2"]
    run("ffmpeg", "-v", "error", "-y", *film, str(WEEK / "film.avi"))
    days = [(datetime.now().date() + timedelta(days=n)).isoformat() for n in range(5)]
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


def on_screen() -> str:
    """The id of the play whose picture is on the screen, as the record has it."""
    try:
        db = sqlite3.connect(f"file:{STATE}/journal.db?mode=ro", uri=True)
        row = db.execute("SELECT id FROM plays WHERE shown_ms IS NOT NULL AND seq IS NULL").fetchone()
        db.close()
    except sqlite3.OperationalError:
        return ""
    return str(row[0]) if row else ""


def moving() -> bool:
    """Whether a film runs on the screen: two looks at it differ, which the poster's never do."""
    from Xlib import X, display

    os.environ["XAUTHORITY"] = "/run/kiosk-x/authority"
    screen = display.Display(":0").screen()
    height, middle = screen.height_in_pixels, screen.width_in_pixels // 2
    looks = []  # at a column from top to bottom: it crosses the test film's rainbow, which runs
    for _ in range(2):
        looks.append(screen.root.get_image(middle, 0, 8, height, X.ZPixmap, 0xFFFFFFFF).data)
        time.sleep(0.4)
    return bool(looks[0] != looks[1])


def picture_moves() -> bool:
    """:func:`moving`, asked by a process of its own, which a server that hangs cannot hold."""
    try:
        return subprocess.run([sys.executable, __file__, "moving"], capture_output=True, timeout=30).returncode == 0
    except subprocess.TimeoutExpired:
        return False


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


def web_server_answers() -> bool:
    """Whether the web server in front leads to the town, by TLS with the certificate that it has made itself, and tells
    the console that it is TLS: only then is there a password to type."""
    unverified = ssl._create_unverified_context()  # noqa: S323, SLF001 - whose it is is not the question here
    try:
        answer = urllib.request.urlopen("https://127.0.0.1/v1/root/1.root.json", timeout=60, context=unverified)
        page = urllib.request.urlopen("https://127.0.0.1/login", timeout=60, context=unverified).read()
        return bool(json.loads(answer.read())["signed"]) and b'name="password"' in page
    except (OSError, ValueError, KeyError) as error:
        print("web server:", error, flush=True)
        return False


def installed() -> dict[str, Any]:
    publish()
    shown_s = until("the first programme is shown", on_screen, every_s=1)
    row_s = until("its row is at the town", plays_at_town, every_s=5)
    run("sh", "-c", f"cp /run/kiosk-x/Xorg.log {sys.argv[2]}/; journalctl --no-pager > {sys.argv[2]}/journal")
    as_town("picture", "chenjia", "--out", "/tmp/week/none", "--wait", "0")
    picture = WEEK / "out"
    picture.mkdir(exist_ok=True)
    run("chown", "kiosk-town", str(picture))
    as_town("picture", "chenjia", "--wait", "180", "--out", str(picture / "screen.jpg"))
    run("sh", "-c", f"cp {picture}/screen.jpg {sys.argv[2]}/")
    return {
        "shown_s": shown_s,
        "moving": picture_moves(),
        "row_s": row_s,
        "x": held_by(process_of("Xorg")),
        "sound": held_by(process_of("pulseaudio")),
        **strangers(),
        "web_server": web_server_answers(),
        "installation": json.loads((STATE / "installation.json").read_text()),
        "exposure": {unit: exposure(unit) for unit in UNITS},
    }


def exposure(unit: str) -> str:
    found = re.findall(r"exposure level for \S+: (\S+)", run("systemd-analyze", "security", "--no-pager", unit))
    return found[0] if found else ""


def faults() -> dict[str, Any]:
    """Seconds until the picture (for the sound server: a stream) is back, after each is killed, and frozen."""
    found: dict[str, Any] = {"keys_lead_nowhere": keys_lead_nowhere()}
    until("the picture moves", picture_moves)
    for by in (signal.SIGKILL, signal.SIGSTOP):
        way = by.name.removeprefix("SIG").lower()
        for name, find, back in (
            ("daemon", lambda: main_of("kiosk-station"), picture_moves),
            ("x", lambda: process_of("Xorg"), picture_moves),
            ("sound", lambda: process_of("pulseaudio"), streams),
        ):
            before = find()
            os.kill(before, by)
            new = until(f"another {name}", lambda: find() not in (0, before))  # noqa: B023
            again = until(f"what {name} gives is back", back)
            found[f"{name}_{way}_s"] = round(new + again, 1) if new >= 0 and again >= 0 else -1.0
            settle()
    found |= asked_of_root()
    found |= card_gone_and_back()
    run("sh", "-c", f"journalctl --no-pager > {sys.argv[2]}/journal")
    return found


def asked_of_root() -> dict[str, Any]:
    """Seconds until the server is another one, and works, after the daemon's user has asked root for it; and whether
    root has asked the disks."""
    found: dict[str, Any] = {}
    for name, process, back in (("x", "Xorg", picture_moves), ("sound", "pulseaudio", streams)):
        before = process_of(process)
        run("runuser", "-u", "kiosk", "--", "touch", f"/run/kiosk/restart-{name}")
        new = until(f"another {name}", lambda: process_of(process) not in (0, before))  # noqa: B023
        again = until(f"what {name} gives is back", back)
        found[f"asked_{name}_s"] = round(new + again, 1) if new >= 0 and again >= 0 else -1.0
        settle()
    run("systemctl", "start", "kiosk-smart.service")
    found["disks_asked"] = run("systemctl", "show", "--property", "Result", "--value", "kiosk-smart").strip()
    found["timer"] = run("systemctl", "is-active", "kiosk-smart.timer").strip()
    return found


def card_gone_and_back() -> dict[str, Any]:
    """Seconds from the card's return until the sound is on it again; whether the picture and the X server stayed."""
    if not sink().startswith("kiosk_card"):
        return {}
    server, shared = process_of("Xorg"), Path(sys.argv[2])
    (shared / "unplug").touch()
    gone = until("the card's sink is gone", lambda: sink() == "kiosk_null")
    kept = picture_moves()
    (shared / "plug").touch()
    until("the card is back", lambda: "playback" in Path("/proc/asound/pcm").read_text())
    back = until("the sound is on the card", lambda: sink() == "kiosk_card" and streams())
    return {"card_gone_s": gone, "card_back_s": back, "picture_kept": kept and process_of("Xorg") == server}


def sink() -> str:
    return run("env", *SERVERS, "pactl", "get-default-sink").strip()


KEYS = ((29, 56, 59), (29, 56, 14), (56, 99, 37))
"""Ctrl+Alt+F1, Ctrl+Alt+Backspace, Alt+SysRq+K, as the kernel numbers keys."""


def keys_lead_nowhere() -> bool | None:
    """Whether a keyboard that somebody plugs in can leave the programme; None where none can be played."""
    run("modprobe", "uinput")
    try:
        keyboard = os.open("/dev/uinput", os.O_WRONLY)
    except OSError:
        return None
    server = process_of("Xorg")
    fcntl.ioctl(keyboard, 0x40045564, 1)  # UI_SET_EVBIT, EV_KEY
    for key in {key for keys in KEYS for key in keys}:
        fcntl.ioctl(keyboard, 0x40045565, key)  # UI_SET_KEYBIT
    os.write(keyboard, struct.pack("80sHHHHi64i64i64i64i", b"a keyboard", 3, 1, 1, 1, 0, *[0] * 256))
    fcntl.ioctl(keyboard, 0x5501)  # UI_DEV_CREATE
    time.sleep(5)
    for keys in KEYS:
        for pressed in (1, 0):
            for key in keys:
                os.write(keyboard, struct.pack("qqHHi", 0, 0, 1, key, pressed) + struct.pack("qqHHi", 0, 0, 0, 0, 0))
        time.sleep(1)
    os.close(keyboard)
    terminal = Path("/sys/class/tty/tty0/active").read_text().strip()
    print("terminal", terminal, "X", server, process_of("Xorg"), flush=True)
    return terminal == "tty7" and process_of("Xorg") == server


def settle() -> None:
    """Until one play is done, so that the next fault meets a room at work."""
    done = plays_at_town()
    until("a play is completed", lambda: plays_at_town() > done, 300, 5)


SERVERS = ("PULSE_SERVER=unix:/run/kiosk-sound/native", "PULSE_COOKIE=/run/kiosk-sound/cookie")


def streams() -> bool:
    return bool(run("env", *SERVERS, "pactl", "list", "short", "sink-inputs").strip())


def removed() -> dict[str, bool]:
    return {
        "program_gone": not Path("/opt/kiosk").exists() and not Path("/etc/systemd/system/kiosk-x.service").exists(),
        "data_kept": (STATE / "journal.db").exists() and (TOWN / "town.db").exists(),
    }


EXPOSURE = {"kiosk-x": 2.0, "kiosk-sound": 2.5, "kiosk-station": 2.1, "kiosk-town": 2.0, "kiosk-town-work": 2.0}


def wrong(figures: dict[str, Any]) -> list[str]:
    """What is not as it must be, by name."""
    found, back = figures["installed"], figures["faults"]
    card = found["installation"]["sound"] != "failed"
    holds = {
        "moving": found["moving"],
        "codes": figures["codes"]
        == {name: 0 if card or name not in ("station", "again") else 2 for name in figures["codes"]},
        "picture at installation": found["installation"]["picture"] == "unconfirmed",
        "shown": found["shown_s"] >= 0 and found["row_s"] >= 0,
        "web server": found["web_server"],
        "strangers": found["screen_closed"] and found["sound_closed"],
        "exposure": all(float(found["exposure"][unit]) <= most for unit, most in EXPOSURE.items()),
        "keys": back["keys_lead_nowhere"] is not False,
        "card": not card or back.get("picture_kept", False),
        "faults": all(seconds >= 0 for name, seconds in back.items() if name.endswith("_s")),
        "disks": back["disks_asked"] == "success" and back["timer"] == "active",
        "removed": all(figures["removed"].values()),
    }
    for server in ("x", "sound"):
        kernel = found[server]
        none = int(kernel["CapEff"], 16) == int(kernel["CapBnd"], 16) == 0 and kernel["Uid"] != "0"
        holds[f"limits of {server}"] = none and kernel["NoNewPrivs"] == "1" and kernel["Seccomp"] == "2"
        holds[f"unit of {server}"] = kernel["cgroup"].endswith(f"kiosk-{server}.service")
    return [name for name, good in holds.items() if not good]


def main() -> None:
    if sys.argv[1] == "moving":
        sys.exit(0 if moving() else 1)
    stage, shared = sys.argv[1], Path(sys.argv[2])
    path = shared / "found.json"
    found = json.loads(path.read_text()) if path.exists() else {}
    found[stage] = {"installed": installed, "faults": faults, "removed": removed}[stage]()
    path.write_text(json.dumps(found))
    if stage == "removed":
        steps = [line.split() for line in (shared / "times").read_text().splitlines()]
        minutes = {name: round((float(end) - float(begun)) / 60, 1) for name, begun, end, _code in steps}
        figures = {"minutes": minutes, "codes": {step[0]: int(step[3]) for step in steps}, **found}
        (shared / "figures").write_text(json.dumps({**figures, "wrong": wrong(figures)}) + "\n")


if __name__ == "__main__":
    main()
