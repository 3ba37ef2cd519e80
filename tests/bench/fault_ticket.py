"""From a cable pulled out in the room to a message in town, and back to the room's panel: seconds to each.

Run: ``python tests/bench/fault_ticket.py [--quick]``. The uevent is a real one (umockdev), and so are the daemon, its
screen (Xvfb), the town's two processes, the mail server and the web address; an officer and an administrator press
what their pages offer. With the settings of a new room the room's hysteresis and its heartbeat make up most of the
times; ``--quick`` takes 0 s and 5 s for them. The last line is JSON.
"""

import argparse
import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
TESTS = HERE.parent
PRELOAD = "libumockdev-preload.so.0"
NAME, PASSWORD, PIN = "李萍", "水稻 correct horse", "271828"


class Story:
    """What happened when: each wait is a figure, in seconds since the deed before it."""

    def __init__(self, about: Callable[[], str]) -> None:
        """``about`` gives what to look at where something does not happen."""
        self._about = about
        self.seconds: dict[str, float] = {}
        self._since = time.monotonic()

    def deed(self, what: str) -> None:
        print(f"        {what}")
        self._since = time.monotonic()

    def until(self, name: str, seen: Callable[[], Any], seconds: float = 240) -> Any:
        """Wait until ``seen`` gives something; its time is the figure ``name``."""
        while not (found := seen()):
            if time.monotonic() - self._since > seconds:
                raise SystemExit(f"{name}: not within {seconds:.0f} s; so far {self.seconds}\n{self._about()}")
            time.sleep(0.05)
        self.seconds[name] = round(time.monotonic() - self._since, 2)
        print(f"{self.seconds[name]:7.2f} s {name}")
        return found


@contextlib.contextmanager
def process(log: Path, *command: str, devices: Path | None = None) -> Iterator["subprocess.Popen[bytes]"]:
    """A program that runs until the block ends; only with ``devices`` does it see those of the bed there."""
    env = dict(os.environ)
    if devices is None:
        env.pop("LD_PRELOAD")
    else:
        env["UMOCKDEV_DIR"] = str(devices)
    with log.open("wb") as out:
        running = subprocess.Popen(command, stdout=out, stderr=out, env=env)
        try:
            yield running
        finally:
            running.send_signal(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                running.wait(15)
            running.kill()


def kiosk(*arguments: str) -> tuple[str, ...]:
    return (sys.executable, "-u", "-m", "kiosk", *arguments)


def prepared(folder: Path, hysteresis_ms: int, mail: int, web: int) -> str:
    """A town with one room, an officer and two channels; returns the room's enrolment code."""
    from kiosk.demo.rehearsal import ALWAYS_OPEN
    from kiosk.town.accounts import accounts, passwords
    from kiosk.town.stations import registry
    from kiosk.town.tickets.channels import Channel, Settings, keep_settings
    from kiosk.town.town import found_town

    town = found_town(folder / "town", "丰乐镇", town="fengle", by="bench")
    document = folder / "room.json"
    document.write_text(json.dumps({**ALWAYS_OPEN, "thresholds": {"hysteresis_ms": hysteresis_ms, "disk_free_mb": 1}}))
    code = str(registry.add_station(town, "chenjia", "all", "陈家村", document, by="bench"))
    hashed = passwords.hash_password(PASSWORD, NAME)
    with town.store.write() as connection:
        number = accounts.add(connection, "bench", NAME, "officer", hashed)
        accounts.set_password(connection, NAME, number, hashed, temporary=False)
    always = {"quiet_from": "00:00", "quiet_to": "00:00"}
    smtp = {"host": "127.0.0.1", "port": str(mail), "sender": "kiosk@town.example", "to": "li@town.example"}
    channels = (
        Channel("mail", "邮箱", "email", smtp | {"security": "insecure"}, **always),
        Channel("hook", "值班群", "webhook", {"address": f"http://127.0.0.1:{web}/"}, **always),
    )
    keep_settings(town.folder, Settings(channels=channels), 0)
    town.close()
    return code


def settings(folder: Path, display: str, port: int, heartbeat_s: int) -> Path:
    """The station's settings: as they are by default, but for where things are."""
    path = folder / "config.toml"
    path.write_text(
        f'station.state = "{folder / "station"}"\nstation.runtime = "{folder / "run"}"\nscreen.display = "{display}"\n'
        f'sound.output = "none"\npanel.listen = "127.0.0.1"\npanel.port = {port}\ntown.heartbeat_s = {heartbeat_s}\n'
    )
    return path


def tell(folder: Path, hysteresis_ms: int, heartbeat_s: int) -> dict[str, float]:
    """Live through the story; returns the figures."""
    from panel_room import Browser
    from screen import XServer
    from town.console.conftest import Visitor
    from town.tickets.receivers import mail_server, web_address
    from udev_bed import Bed

    from kiosk.demo.presser import free_port
    from kiosk.demo.rehearsal import enrol, wait_for_line
    from kiosk.station.panel.pin import choose, save

    bed = Bed()
    cable = bed.connector("HDMI-A-1", "connected")
    with contextlib.ExitStack() as stack:
        mails, hook = stack.enter_context(mail_server()), stack.enter_context(web_address())
        code = prepared(folder, hysteresis_ms, mails.port, hook.port)
        screen = XServer()
        stack.callback(screen.stop)
        port = free_port()
        config = settings(folder, f":{screen.number}", port, heartbeat_s)
        town = ("town", "--folder", str(folder / "town"))
        served = stack.enter_context(process(folder / "town.log", *kiosk(*town, "serve", "--port", "0")))
        url = wait_for_line(folder / "town.log", "http://", served).split()[-1]  # type: ignore[arg-type]
        stack.enter_context(process(folder / "work.log", *kiosk(*town, "work")))
        enrol(url, code, config)
        save(folder / "station", choose(PIN))
        daemon = stack.enter_context(
            process(folder / "station.log", *kiosk("station", "--config", str(config)), devices=bed.root)
        )
        wait_for_line(folder / "station.log", "runs", daemon)  # type: ignore[arg-type]
        panel, office = Browser(f"http://127.0.0.1:{port}"), Visitor(url)
        panel.log_in(PIN)
        office.log_in(NAME, PASSWORD)
        story = Story(lambda: f"{panel.text()}\n{(folder / 'station.log').read_text()[-2000:]}")
        return told(story, bed, cable, panel, office, mails, hook)


def told(story: Story, bed: Any, cable: str, panel: Any, office: Any, mails: Any, hook: Any) -> dict[str, float]:
    """The story itself."""
    # The town has published no week, which is a fault of its own: once its message is there, all is running.
    story.until("running", lambda: len(hook.texts) == len(mails.texts) == 1 and "镇里已收到报修" in panel.text(), 240)
    story.seconds.clear()
    story.deed("the screen's cable is pulled out")
    bed.change(cable, status="disconnected\n")
    story.until("fault_on_panel", lambda: "HDMI-A-1" in panel.text())
    ticket = story.until("ticket", lambda: _ticket(office))
    story.until("webhook", lambda: [text for text in hook.texts if "屏幕没有接上" in text])
    story.until("mail", lambda: [text for text in mails.texts if "屏幕没有接上" in text])
    story.until("picture", lambda: office.look(f"{ticket}/picture.jpg").status_code == 200, 60)
    story.deed("the officer calls the telecom")
    office.submit(
        ticket, button="telecom-called", version=_version(office, ticket), work_order="7788", contact="王师傅"
    )
    story.until("work_order_on_panel", lambda: "工单 7788" in panel.text())
    story.deed("the cable is put back")
    bed.change(cable, status="connected\n")
    story.until("repaired_at_town", lambda: "待站点确认" in office.look(ticket).text)
    story.until("message_of_recovery", lambda: [text for text in hook.texts if "已恢复正常" in text], 60)
    story.until("repaired_on_panel", lambda: "据称已修好" in panel.text())
    story.deed("the administrator says that it is repaired")
    panel.post("/repair", panel.fields("/", "/repair"))
    story.until("closed_at_town", lambda: "已办结" in office.look(ticket).text)
    story.until("closed_on_panel", lambda: "镇里已关闭" in panel.text() or "已办结" in panel.text())
    if len(hook.texts) != 3 or len(mails.texts) != 3:
        raise SystemExit(f"one message for each cause: {hook.texts} {mails.texts}")
    return story.seconds


def _ticket(office: Any) -> str:
    """The path of the ticket of the screen; empty while there is none."""
    row = re.search(r'href="(/repairs/\d+)">[^<]*</a></td>\s*<td>屏幕没有接上', office.look("/repairs").text)
    return row[1] if row else ""


def _version(office: Any, path: str) -> str:
    found = re.search(r'name="version" value="(\d+)"', office.look(path).text)
    return found[1] if found else ""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    given = parser.parse_args()
    if PRELOAD not in os.environ.get("LD_PRELOAD", ""):
        os.execve(sys.executable, [sys.executable, *sys.argv], {**os.environ, "LD_PRELOAD": PRELOAD})  # noqa: S606
    sys.path[:0] = [str(TESTS), str(TESTS.parent), str(TESTS / "station")]
    sys.path[:0] = [str(TESTS / "station" / "panel"), str(TESTS / "station" / "health")]
    os.environ.setdefault("PYTHONPATH", str(TESTS.parent))
    hysteresis_ms, heartbeat_s = (0, 5) if given.quick else (60_000, 60)
    with tempfile.TemporaryDirectory(prefix="kiosk-ticket-") as folder:
        found = tell(Path(folder), hysteresis_ms, heartbeat_s)
    print(json.dumps({"hysteresis_ms": hysteresis_ms, "heartbeat_s": heartbeat_s, **found}))


if __name__ == "__main__":
    main()
