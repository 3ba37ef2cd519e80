"""`kiosk demo`: sets up screen, town and station, runs them, and reports what was seen."""

import contextlib
import json
import sqlite3
import sys
import tempfile
import threading
import time
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import click

import kiosk
from kiosk.contract.playlist import span
from kiosk.demo.forger import ALL, Forger
from kiosk.demo.judge import Planned, Row, Signed, Verdict, judge, showings
from kiosk.demo.presser import free_port, press_stop
from kiosk.demo.rehearsal import (
    FORGED,
    OFFICER,
    STATION,
    DemoError,
    Published,
    Sampler,
    daemon,
    enrol,
    pin,
    publish_all,
    run,
    screen,
    wait_for_line,
    write_config,
)
from kiosk.demo.time_shift import ShiftError
from kiosk.town.publishing.source import SourceError

PREPARE_SECONDS = 26.0
"""From the workbook, once it is read, to the first slot: publishing, enrolment, and the time for the forgeries."""
DELIVERY_SECONDS = 15.0
"""How long the record may take to arrive at the town after the room was stopped."""


@click.command("demo")
@click.option("--seconds", type=click.IntRange(20, 3600), default=75, show_default=True, help="How long to watch.")
@click.option("--json", "json_file", type=click.Path(dir_okay=False, path_type=Path), help="Write the figures here.")
@click.option(
    "--week",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Another week to play: a workbook with its programmes, or a week's JSON.",
)
def demo_command(seconds: int, json_file: Path | None, week: Path | None) -> None:
    """Show the whole kiosk on this computer, with a town on loopback."""
    week = week or Path(kiosk.__file__).parent.parent / "playlists" / "month-plan.xlsx"
    if not week.exists():
        raise click.ClickException(f"{week} is missing; run the demo from a checkout, or name a week with --week")
    try:
        verdict = perform(week, seconds)
    except (DemoError, ShiftError, SourceError) as error:
        raise click.ClickException(str(error)) from None
    line = json.dumps(verdict.figures())
    for miss in verdict.misses:
        click.echo(f"missed: {miss}")
    click.echo(line)
    if json_file is not None:
        json_file.write_text(line + "\n", encoding="utf-8")
    sys.exit(0 if verdict.completed and not verdict.lost and not verdict.doubled and verdict.refused_unsigned else 1)


def perform(week: Path, seconds: int) -> Verdict:
    """Run the whole of it for ``seconds`` and judge. Raises :class:`DemoError`."""
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="kiosk-demo-")))
        display, virtual = stack.enter_context(screen())
        click.echo(f"screen {display}{' (virtual)' if virtual else ''}; the town signs three weeks of {week.name} ...")
        started = time.monotonic()
        published = publish_all(folder, week, PREPARE_SECONDS)
        log = folder / "town.log"
        town = stack.enter_context(daemon(log, "town", "--folder", str(published.town), "serve", "--port", "0"))
        url = wait_for_line(log, "http://", town).split()[-1]
        stack.enter_context(daemon(folder / "work.log", "town", "--folder", str(published.town), "work"))
        forger = Forger(url, published.forgeries)
        threading.Thread(target=forger.serve_forever, name="forger", daemon=True).start()
        stack.callback(forger.shutdown)
        port, typed = free_port(), pin()
        config = write_config(folder, display, virtual, port)
        enrol(forger.url, published.code, config)
        run("panel-pin", "--config", str(config), "--pin-stdin", typed=typed + "\n")
        click.echo(f"the officer's console: {url}   name: {OFFICER}   password: {published.password}")
        click.echo(f"the room's panel: http://127.0.0.1:{port}   PIN: {typed}")
        sampler = Sampler(display)
        threading.Thread(target=sampler.follow, name="sampler", daemon=True).start()
        stack.callback(sampler.stop)
        station_log = folder / "station.log"
        station = stack.enter_context(daemon(station_log, "station", "--config", str(config)))
        wait_for_line(station_log, "runs", station)
        end = max(time.monotonic() + 5, started + seconds)
        _watch(published, sampler, end)
        press_stop(port, typed)
        cut_off = time.monotonic()
        _wait_for_delivery(folder / "station" / "journal.db")
        verdict = _judge(published, sampler, folder, cut_off, forger)
        if not verdict.completed or verdict.lost:
            click.echo(station_log.read_text()[-3000:])
        return verdict


def _watch(published: Published, sampler: Sampler, end: float) -> None:
    """The live view: what is on the screen (as sampled), what is next, what the town has."""
    titles = {number: programme.title for number, programme in enumerate(published.playlist.programmes, 1)}
    plan = _plan(published)
    while (now := time.monotonic()) < end:
        seen = sampler.seen[-1] if sampler.seen else None
        on_air = titles.get(seen.programme, "poster") if seen and seen.programme >= 0 else "black"
        wall = time.time() * 1000
        coming = next((one for one in plan if one.due_ms > wall), None)
        then = f"{titles[coming.programme.number]} in {(coming.due_ms - wall) / 1000:.0f} s" if coming else "filler"
        rows = len(_town_rows(published.town))
        text = f"{end - now:4.0f} s   on air: {on_air}   next: {then}   delivered: {rows}"
        click.echo(f"\r\x1b[K{text}" if sys.stdout.isatty() else text, nl=not sys.stdout.isatty())
        time.sleep(0.5 if sys.stdout.isatty() else 5)
    if sys.stdout.isatty():
        click.echo("")


def _signed(published: Published) -> dict[str, Signed]:
    programmes = published.playlist.programmes
    return {p.id: Signed(p.id, number, p.duration_ms) for number, p in enumerate(programmes, 1)}


def _plan(published: Published) -> list[Planned]:
    """What the slots fix to the second, in order."""
    signed, zone = _signed(published), ZoneInfo(published.playlist.time_zone)
    plan: list[Planned] = []
    for slot in published.playlist.slots:
        at, end = span(slot, zone)
        turn = 0
        while at < end and (slot.mode == "loop" or turn < len(slot.programmes)):
            programme = signed[slot.programmes[turn % len(slot.programmes)]]
            plan.append(Planned(programme, round(at.timestamp() * 1000)))
            at += timedelta(milliseconds=programme.duration_ms)
            turn += 1
    return sorted(plan, key=lambda one: one.due_ms)


def _town_rows(town: Path) -> list[Row]:
    with contextlib.closing(sqlite3.connect(f"file:{town / 'town.db'}?mode=ro", uri=True, timeout=5)) as db:
        sql = "SELECT programme, actual_start_ms, actual_end_ms FROM play WHERE station = ? AND played_ms > 0"
        return [Row(*row) for row in db.execute(sql, [STATION])]


def _acknowledged(journal: Path) -> tuple[int, int]:
    """Plays of the station that the town has countersigned, and entries that still wait."""
    with contextlib.closing(sqlite3.connect(f"file:{journal}?mode=ro", uri=True, timeout=5)) as db:
        sql = "SELECT count(*) FROM plays WHERE played_ms > 0 AND seq <= (SELECT seq FROM delivery)"
        delivered: int = db.execute(sql).fetchone()[0]
        waiting: int = db.execute("SELECT count(*) FROM entries WHERE seq > (SELECT seq FROM delivery)").fetchone()[0]
    return delivered, waiting


def _wait_for_delivery(journal: Path) -> None:
    deadline = time.monotonic() + DELIVERY_SECONDS
    time.sleep(1)
    while _acknowledged(journal)[1] and time.monotonic() < deadline:
        time.sleep(0.2)


def _judge(published: Published, sampler: Sampler, folder: Path, cut_off: float, forger: Forger) -> Verdict:
    offset = time.time() * 1000 - time.monotonic() * 1000
    until = cut_off * 1000 + offset
    plan = [one for one in _plan(published) if one.due_ms + one.programme.duration_ms < until]
    for name in sorted(ALL):
        click.echo(f"{'offered' if name in forger.offered else 'NOT offered'}: {name}")
    return judge(
        plan,
        list(_signed(published).values()),
        showings(list(sampler.seen), offset),
        _town_rows(published.town),
        _acknowledged(folder / "station" / "journal.db")[0],
        frozenset(FORGED),
        forger.offered >= ALL,
    )
