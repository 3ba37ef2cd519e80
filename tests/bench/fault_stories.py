"""The stories of faults: what happens in a room, and which faults and recoveries a person must then hear of.

Written before they were run. ``+cause`` is a fault, ``-cause`` its recovery; nothing else may be told.
"""

from collections.abc import Callable
from dataclasses import dataclass

from fault_world import (
    BROKEN,
    FULL,
    IO_ERROR,
    NULL,
    PORTAL,
    READ_ONLY,
    SINK,
    SMART_BAD,
    SMART_OK,
    SMART_SECTORS,
    SMART_WORN,
    START_S,
    STICK,
    UNPAID,
    World,
)  # fmt: skip

MINUTE, HOUR = 60.0, 3600.0
Step = tuple[float, Callable[[World], object]]
AT_ONCE = 70.0


@dataclass(frozen=True)
class Story:
    """``end_s`` is when nothing more is told; ``limit_s`` how soon the first fault must be, after ``began_s``."""

    name: str
    steps: tuple[Step, ...]
    told: tuple[str, ...] = ()
    end_s: float = HOUR
    mended: bool = False
    limit_s: float = AT_ONCE
    began_s: float = 100.0
    open_hours: bool = True


def story(name: str, *steps: Step, told: str = "", **more: object) -> Story:
    return Story(name, steps, tuple(told.split()), **more)  # type: ignore[arg-type]


def spell(seconds: float, bad: Callable[[World], object], good: Callable[[World], object]) -> tuple[Step, Step]:
    """Something is wrong for so long."""
    return (100.0, bad), (100.0 + seconds, good)


def again(times: int, each_s: float, bad: Callable[[World], object], good: Callable[[World], object]) -> list[Step]:
    """Something comes and goes, for so long each."""
    return [(100.0 + n * each_s, bad if n % 2 == 0 else good) for n in range(2 * times)]


def ordinary_day() -> list[Step]:
    """From nine in the morning on, in a room where all is well: people work, the evening comes, and the night."""
    steps: list[Step] = [
        (0.4 * HOUR, World.plug_stick),
        (0.5 * HOUR, World.pull_keypad),  # somebody dusts
        (0.5 * HOUR + 20, World.put_keypad),
        (1.0 * HOUR, lambda w: w.mute(True)),  # the telephone rings
        (1.0 * HOUR + 8, lambda w: w.mute(False)),
        (1.5 * HOUR, lambda w: w.know(sounding=False, sound_wanted=False)),  # a film without sound
        (1.7 * HOUR, lambda w: w.know(sounding=True, sound_wanted=True)),
        (2.0 * HOUR, lambda w: w.know(child_restarts=1)),  # one programme stood still once
        (3.0 * HOUR, lambda w: w.plug_tv("disconnected")),  # the TV's input is changed for some seconds
        (3.0 * HOUR + 6, lambda w: w.plug_tv("connected")),
        (4.0 * HOUR, lambda w: w.supply(False)),  # the lights flicker
        (4.0 * HOUR + 4, lambda w: w.supply(True)),
        (5.0 * HOUR, lambda w: setattr(w, "delay_s", 0.4)),  # the whole village is on line
        (5.2 * HOUR, lambda w: setattr(w, "delay_s", 0.04)),
        (8.5 * HOUR, lambda w: setattr(w, "open", False)),
        (8.5 * HOUR + 60, lambda w: w.know(sounding=False, sound_wanted=False)),
        (9.0 * HOUR, lambda w: w.plug_tv("disconnected")),  # switched off at the wall
        (9.0 * HOUR + 1, lambda w: setattr(w, "mode", "off")),
        (17.1 * HOUR, lambda w: setattr(w, "free_mb", 41_000)),  # the night's fetch
        (18.5 * HOUR, lambda w: w.cable(False)),  # the router starts anew
        (18.5 * HOUR, lambda w: setattr(w, "reachable", False)),
        (18.5 * HOUR, lambda w: w.silent_town(18.5 * HOUR)),
        (18.5 * HOUR + 90, lambda w: w.cable(True)),
        (18.5 * HOUR + 90, lambda w: setattr(w, "reachable", True)),
        (18.5 * HOUR + 90, lambda w: w.silent_town(None)),
        (22.7 * HOUR, lambda w: w.plug_tv("connected")),
        (22.7 * HOUR + 1, lambda w: setattr(w, "mode", "1920x1080")),
        (23.0 * HOUR, lambda w: setattr(w, "open", True)),
        (23.0 * HOUR + 1, lambda w: w.know(sounding=True, sound_wanted=True)),
    ]
    warm = (51, 55, 60, 64, 66, 66, 63, 60, 52, 47, 44, 42, 41, 40, 40, 40, 41, 46, 48, 43, 41, 41, 44, 50)
    steps += [(hour * HOUR + 7, lambda w, t=degrees: w.heat(t)) for hour, degrees in enumerate(warm)]
    memory = (2_900_000, 2_400_000, 2_100_000, 2_600_000)
    steps += [(hour * HOUR + 9, lambda w, kb=memory[hour % 4]: setattr(w, "memory_kb", kb)) for hour in range(24)]
    return steps


def off(w: World) -> None:
    w.plug_tv("disconnected")


def on(w: World) -> None:
    w.plug_tv("connected")


def no_x(w: World) -> None:
    w.know(screen="none")


def x(w: World) -> None:
    w.know(screen="up")


def incurable_x(w: World) -> None:
    w.curable.clear()
    no_x(w)


def no_server(w: World) -> None:
    w.server = False


def incurable_server(w: World) -> None:
    w.curable.clear()
    w.server = False


def server(w: World) -> None:
    w.server = True


def field(**values: object) -> Callable[[World], None]:
    return lambda w: [setattr(w, name, value) for name, value in values.items()] and None  # type: ignore[func-returns-value]


def known(**values: object) -> Callable[[World], None]:
    return lambda w: w.know(**values)


def both(*acts: Callable[[World], object]) -> Callable[[World], None]:
    return lambda w: [act(w) for act in acts] and None


def fake_hour(w: World) -> float:
    return w.now_s


STORIES = (
    # --- the screen ---
    story("a normal hour"),
    story("the TV's cable out for a second", *spell(1, off, on)),
    story("the TV's cable out for 50 seconds", *spell(50, off, on)),
    story("the TV's cable out for ten minutes", *spell(600, off, on), told="+screen-unplugged -screen-unplugged"),
    story("the TV's cable out for an hour", *spell(HOUR, off, on), told="+screen-unplugged -screen-unplugged",
          end_s=2 * HOUR),
    story("the TV off outside opening hours", *spell(HOUR, off, on), open_hours=False, end_s=2 * HOUR),
    story("the TV bounces while it is switched on", *again(4, 1, off, on)),
    story("the TV off and on twice within two minutes", *again(2, 30, off, on)),
    story("a loose cable, every 15 seconds for an hour", *again(120, 15, off, on),
          told="+screen-unplugged -screen-unplugged", end_s=2.5 * HOUR, limit_s=300),
    story("a loose cable, every 40 seconds for an hour", *again(45, 40, off, on),
          told="+screen-unplugged -screen-unplugged", end_s=2.5 * HOUR, limit_s=600),
    story("a loose cable, every two minutes for two hours", *again(30, 120, off, on),
          told="+screen-unplugged -screen-unplugged +screen-unplugged -screen-unplugged "
               "+screen-unplugged -screen-unplugged", end_s=5 * HOUR),
    story("a loose cable that stays out at last", *again(30, 20, off, on), (1400, off), told="+screen-unplugged",
          limit_s=300),
    story("the TV off takes the sound of HDMI along", *spell(600, both(off, field(sinks=[NULL], default="null")),
          both(field(sinks=[SINK, NULL], default=SINK["name"]), on)), told="+screen-unplugged -screen-unplugged"),
    story("the TV comes back in another mode, put back", (100, field(mode="1280x720")), mended=True),
    story("the TV comes back without a picture, put back", (100, field(mode="off")), mended=True),
    story("a mode that cannot be put back", (100, field(mode="1280x720", takes_mode=False)), told="+screen-mode"),
    story("the mode comes back by hand", *spell(600, field(mode="1280x720", takes_mode=False),
          field(mode="1920x1080")), told="+screen-mode -screen-mode"),
    story("the cable out, then another mode, put back", (100, off), (400, both(field(mode="1280x720"), on)),
          told="+screen-unplugged -screen-unplugged", mended=True),
    # --- the X server ---
    story("X killed, back by its unit in a second", *spell(1, no_x, x)),
    story("X hangs, started anew by root", (100, no_x), mended=True),
    story("X cannot be started", (100, incurable_x), told="+no-screen"),
    story("X gone for an hour", *spell(HOUR, incurable_x, x), told="+no-screen -no-screen", end_s=2 * HOUR),
    story("X lets the kiosk in no more, started anew by root", (100, known(screen="denied")), mended=True),
    story("X lets the kiosk in no more", *spell(600, both(incurable_x, known(screen="denied")), x),
          told="+no-screen -no-screen"),
    story("X dies, and players with it", *spell(600, both(incurable_x, known(child_restarts=20)),
          both(x, known(child_restarts=0))), told="+no-screen -no-screen"),
    story("X dies every ten minutes", *again(4, 300, incurable_x, x),
          told="+no-screen -no-screen +no-screen -no-screen +no-screen -no-screen", end_s=3 * HOUR),
    # --- sound ---
    story("the sound server killed, back in a second", *spell(1, no_server, server)),
    story("the sound server hangs, started anew by root", (100, no_server), mended=True),
    story("the sound server cannot be started", *spell(900, incurable_server, server), told="+no-sound -no-sound"),
    story("the sink muted by hand, un-muted", (100, lambda w: w.mute(True)), mended=True),
    story("a sink that stays muted", (100, both(field(stays_muted=True), lambda w: w.mute(True))), told="+no-sound"),
    story("sound goes to the null sink, led to the device", (100, field(default="null")), mended=True),
    story("the sound card pulled for ten minutes", *spell(600, World.pull_card, World.put_card),
          told="+no-sound -no-sound", mended=True),
    story("the sound card pulled and back within 20 s", *spell(20, World.pull_card, World.put_card), mended=True),
    story("no sound outside opening hours", *spell(600, incurable_server, server), open_hours=False),
    story("a programme with sound is silent, its player replaced", (100, field(signal=bytes(6400))), mended=True),
    story("two silent minutes in a programme", *spell(120, field(signal=bytes(6400)), field(signal=b"\x01" * 6400))),
    story("silence while nothing with sound is on", (50, known(sounding=False)), (100, field(signal=bytes(6400)))),
    story("no sound wanted by the settings", (50, known(sound_wanted=False)), (100, incurable_server)),
    # --- USB ---
    story("the keypad pulled for a second", *spell(1, World.pull_keypad, World.put_keypad)),
    story("the keypad pulled for ten minutes", *spell(600, World.pull_keypad, World.put_keypad),
          told="+usb-missing -usb-missing"),
    story("the keypad pulled for good", (100, World.pull_keypad), told="+usb-missing"),
    story("a stick put in", (100, World.plug_stick)),
    # --- the disk ---
    story("the disk fills, and is purged", (100, field(free_mb=1000, purgeable_mb=20_000)), mended=True),
    story("the disk fills for good", *spell(900, field(free_mb=1000), field(free_mb=9000)),
          told="+disk-low -disk-low"),
    story("a full disk, so plays cannot be recorded", (100, both(field(free_mb=0, fsync_error=FULL),
          known(journal_trouble="database or disk is full"))), told="+disk-low"),
    story("the disk read-only, so plays cannot be recorded", *spell(600, both(field(fsync_error=READ_ONLY),
          known(journal_trouble="attempt to write a readonly database")),
          both(field(fsync_error=0), known(journal_trouble=""))), told="+disk-not-writable -disk-not-writable"),
    story("the disk fails while writing, and the kernel says so", (100, both(field(fsync_error=BROKEN,
          journal=IO_ERROR))), told="+disk-not-writable"),
    story("the kernel tells of read errors", (100, field(journal=IO_ERROR)), told="+disk-errors"),
    story("other errors of the kernel", (100, field(journal="{}\nnonsense\n"))),
    story("SMART says that the disk fails", (100, lambda w: w.report(SMART_BAD)), told="+disk-failing", limit_s=100),
    story("SMART: an SSD that is worn out", (100, lambda w: w.report(SMART_WORN)), told="+disk-failing", limit_s=100),
    story("SMART: sectors that cannot be read", (100, lambda w: w.report(SMART_SECTORS)), told="+disk-failing",
          limit_s=100),
    story("SMART says all is well, or a stick nothing", (100, lambda w: w.report(STICK)),
          (300, lambda w: w.report(SMART_OK))),
    story("a programme does not fit", *spell(600, known(lacking=9_000_000, lacking_title="防汛"), known(lacking=0)),
          told="+programmes-do-not-fit -programmes-do-not-fit"),
    story("the journal cannot write for a second", *spell(1, known(journal_trouble="busy"), known(journal_trouble=""))),
    # --- the PC ---
    story("hot for half a minute", *spell(30, lambda w: w.heat(92), lambda w: w.heat(60))),
    story("too hot for ten minutes", *spell(600, lambda w: w.heat(92), lambda w: w.heat(60)),
          told="+too-hot -too-hot"),
    story("warm, about its threshold", *again(20, 60, lambda w: w.heat(85), lambda w: w.heat(81))),
    story("hot and slowed down", (100, lambda w: w.heat(95)), *[(100 + 25.0 * n, lambda w, n=n: w.throttle.write_text(
          f"{n + 1}\n")) for n in range(60)], told="+too-hot"),
    story("undervoltage", *spell(600, lambda w: w.alarm(True), lambda w: w.alarm(False)),
          told="+undervoltage -undervoltage"),
    story("memory runs out", *spell(600, field(memory_kb=40_000), field(memory_kb=2_000_000)),
          told="+memory-low -memory-low"),
    story("the daemon takes too much memory", (100, field(own_pages=300_000, memory_kb=40_000)), told="+daemon-memory"),
    story("players die again and again", *spell(600, known(child_restarts=8), known(child_restarts=1)),
          told="+child-restarts -child-restarts"),
    story("power cut: UPS by NUT, the TV dark", *spell(600, both(lambda w: setattr(w.ups, "status", "OB DISCHRG"), off),
          both(lambda w: setattr(w.ups, "status", "OL CHRG"), on)), told="+on-battery -on-battery", limit_s=100),
    story("UPS: five seconds of no mains", *spell(5, lambda w: setattr(w.ups, "status", "OB"),
          lambda w: setattr(w.ups, "status", "OL"))),
    story("a power supply that says it is off line", *spell(600, lambda w: w.supply(False), lambda w: w.supply(True)),
          told="+on-battery -on-battery", limit_s=100),
    # --- the clock ---
    story("the clock cannot be trusted", *spell(900, known(clock="untrusted"), known(clock="trusted")),
          told="+clock-untrusted -clock-untrusted"),
    story("NTP lost, the clock held", (100, both(field(synchronised=False), known(clock="holdover")))),
    # --- the line and the town ---
    story("the router starts anew at night", *spell(150, lambda w: w.cable(False), lambda w: w.cable(True)),
          open_hours=False),
    story("the cable to the router out", *spell(900, lambda w: w.cable(False), lambda w: w.cable(True)),
          told="+line-unplugged -line-unplugged", limit_s=100),
    story("the router off, the town silent and names gone", *spell(900,
          both(lambda w: w.cable(False), field(resolves=False, reachable=False), lambda w: w.silent_town(100)),
          both(lambda w: w.cable(True), field(resolves=True, reachable=True), lambda w: w.silent_town(None))),
          told="+line-unplugged -line-unplugged", limit_s=100),
    story("the line down for an hour", *spell(HOUR, both(field(reachable=False), lambda w: w.silent_town(100)),
          both(field(reachable=True), lambda w: w.silent_town(None))), end_s=2 * HOUR),
    story("the town silent for 30 hours", *spell(30 * HOUR, both(field(reachable=False), lambda w: w.silent_town(100)),
          both(field(reachable=True), lambda w: w.silent_town(None))), told="+town-silent -town-silent",
          end_s=31 * HOUR, limit_s=24 * HOUR + 60),
    story("no name can be looked up", *spell(HOUR, field(resolves=False), field(resolves=True)),
          told="+no-names -no-names", limit_s=700, end_s=2 * HOUR),
    story("a captive portal", *spell(HOUR, both(lambda w: w.silent_town(100), field(answers=PORTAL)),
          both(lambda w: w.silent_town(None), field(answers=None))), told="+captive-portal -captive-portal",
          limit_s=100, end_s=2 * HOUR),
    story("the line is not paid for", *spell(HOUR, both(lambda w: w.silent_town(100), field(answers=UNPAID)),
          both(lambda w: w.silent_town(None), field(answers=None))), told="+line-unpaid -line-unpaid", limit_s=100,
          end_s=2 * HOUR),
    story("a line that loses a third", *[(100 + 30.0 * n, field(reachable=n % 3 != 0)) for n in range(200)],
          (6200, field(reachable=True)), told="+line-poor -line-poor", limit_s=1500, end_s=3 * HOUR),
    story("answers take three seconds", *spell(HOUR, field(delay_s=3.0), field(delay_s=0.05)),
          told="+line-poor -line-poor", limit_s=1500, end_s=3 * HOUR),
    story("one connection in ten lost", *[(100 + 30.0 * n, field(reachable=n % 10 != 0)) for n in range(100)],
          (3200, field(reachable=True))),
    story("the plan runs out", (100, known(plan_until_ms=(START_S + 86_400) * 1000)), told="+plan-running-out"),
    story("a week cannot be believed", *spell(600, known(refused="roll-back"), known(refused="")),
          told="+week-refused -week-refused"),
    story("a programme is missing near its time", *spell(900, known(missing_soon="春耕技术"), known(missing_soon="")),
          told="+programme-missing -programme-missing"),
    story("a programme arrives half a minute later", *spell(30, known(missing_soon="春耕技术"),
          known(missing_soon=""))),
    story("a programme missing as the cable is out", *spell(900, both(lambda w: w.cable(False),
          known(missing_soon="春耕技术")), both(lambda w: w.cable(True), known(missing_soon=""))),
          told="+line-unplugged -line-unplugged", limit_s=100),
    story("the poster cannot be drawn", *spell(600, known(poster_fails=True), known(poster_fails=False)),
          told="+poster-fails -poster-fails"),
    story("the menu cannot be drawn", *spell(600, known(card_fails=True), known(card_fails=False)),
          told="+menu-fails -menu-fails"),
    story("NTP is overruled by the town", *spell(600, known(ntp_overruled=True), known(ntp_overruled=False)),
          told="+clock-disputed -clock-disputed"),
    story("a probe hangs", *spell(600, known(unread_s=301), known(unread_s=0)), told="+reading-hangs -reading-hangs"),
    story("events wait", *spell(600, known(inbox=5000), known(inbox=0)), told="+inbox-long -inbox-long"),
    story("24 hours of a normal week", *ordinary_day(), end_s=24 * HOUR),
)  # fmt: skip
