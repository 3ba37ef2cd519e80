"""The worked example of CONTRACT.md, made anew from seeds: ``python tests/contract/worked_example.py`` prints it."""

import msgspec
from signing import Town, files, playlist, programme, signed_report, slot

from kiosk.contract import trust
from kiosk.contract.enrolment import Code
from kiosk.contract.playlist import Recommended
from kiosk.contract.records import Action, Play
from kiosk.contract.reports import (
    GENESIS,
    Entry,
    Heartbeat,
    HeartbeatAnswer,
    Receipt,
    Report,
    ReportAnswer,
    Witness,
    chain,
    head_of,
)
from kiosk.contract.wire import encode

SECRET = "00112233445566778a"
EPOCH = "3f" * 16
PLAY_START = 1_772_413_200_000  # 2026-03-02 09:00 in Shanghai


def worked_example() -> dict[str, bytes]:
    """Every part of the example by the name that it has in CONTRACT.md."""
    town = Town()
    root = town.root()
    week = playlist(
        programmes=(
            programme(short=True, category="党建", loudness_clufs=-1840, peak_cdbtp=-110),
            programme("rice", title="水稻", duration_ms=9000),
        ),
        slots=(slot(programmes=("opening", "rice"), occasion="主题党日"),),
        recommended=(Recommended(programme="rice", plays=4, first_day="2026-03-02", last_day="2026-03-08"),),
    )
    week_data = encode(week)
    first = encode(Action(id="a-1", at_ms=PLAY_START - 60_000, by="kiosk", action="boot", clock="trusted"))
    second = encode(
        Play(
            id="p-1",
            playlist_version=1,
            programme="opening",
            title="开场",
            sha256=week.programmes[0].sha256,
            category="党建",
            origin="slot",
            occasion="主题党日",
            planned_start_ms=PLAY_START,
            planned_end_ms=PLAY_START + 6000,
            actual_start_ms=PLAY_START + 1,
            actual_end_ms=PLAY_START + 6000,
            played_ms=5999,
            outcome="completed",
            late_ms=1,
            pictures_shown=150,
            screen_evidence="link",
            volume=80,
            video_output="xcb_x11",
            clock="trusted",
            boot_id="boot-1",
            started_monotonic_ms=60_001,
        )
    )
    one = chain(GENESIS, 1, first)
    two = chain(one, 2, second)
    entries = (
        Entry(seq=1, hash=one, record=msgspec.Raw(first)),
        Entry(seq=2, hash=two, record=msgspec.Raw(second)),
    )
    report = signed_report(Report(station="room-1", epoch=EPOCH, previous=GENESIS, entries=entries))
    witness = Witness(station="room-1", epoch=EPOCH, seq=2, hash=two, at_ms=PLAY_START + 7000)
    receipts = (Receipt(seq=1, id="a-1", state="accepted"), Receipt(seq=2, id="p-1", state="accepted"))
    heartbeat = Heartbeat(
        station="room-1",
        epoch=EPOCH,
        sent_ms=PLAY_START + 8000,
        nonce="5f3c",
        boot_id="boot-1",
        up_ms=68_000,
        software="0.1.0",
        root_version=1,
        playlist_version=1,
        clock="trusted",
        head_seq=2,
        head_hash=two,
    )
    heartbeat_answer = HeartbeatAnswer(
        nonce=heartbeat.nonce,
        now_ms=PLAY_START + 8020,
        root_version=1,
        playlist_version=1,
        urgent_version=0,
        station_version=0,
        picture_wanted=True,
    )
    return {
        "root/1.root.json": root,
        "code": str(Code(SECRET, trust.digest(root))).encode(),
        "playlist": week_data,
        "groups/all.json": town.index(files(week, week_data)),
        "head": encode(head_of(report)),
        "report": encode(report),
        "witness": encode(witness),
        "answer": encode(ReportAnswer(receipts=receipts, witness=town.vouch(witness))),
        "heartbeat": encode(heartbeat),
        "heartbeat answer": encode(town.vouch(heartbeat_answer)),
    }


if __name__ == "__main__":
    for name, data in worked_example().items():
        print(f"`{name}`, {len(data)} bytes, SHA-256 `{trust.digest(data)}`:\n\n```text\n{data.decode()}\n```\n")
