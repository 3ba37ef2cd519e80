"""Cue and cut on a real screen with real libVLC: what is seen, not what is said."""

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from rig import Rig
from screen import BLACK, BLUE, GOLD, GREEN, POSTER, RED, Sampler, kill_all, position

from kiosk.station.events import Crashed
from kiosk.station.projector.messages import Cue
from kiosk.station.projector.projector import ATTEMPTS, Projector
from kiosk.station.projector.reports import Coming, OffScreen, OnScreen, Position, Replaced, Showing
from kiosk.station.projector.showing import TAIL

LATE = 0.15
"""Seconds that a cut may be late on a busy machine; seen are 5 to 10 ms."""
START = 1.5
"""Seconds within which a child is ready on a machine that is not too busy."""
TWO_START = 3.0
"""Seconds within which two are, whatever else runs."""

Clips = Callable[[str], Path]


@pytest.mark.parametrize(
    ("first", "second"),
    [(("red.mp4", RED), ("blue.mkv", BLUE)), (("green.ts", GREEN), ("gold.avi", GOLD))],
    ids=["mp4-mkv", "ts-avi"],
)
def test_cut_between_unlike_formats_shows_no_black(
    rig: Rig, sampler: Sampler, clips: Clips, first: tuple[str, int], second: tuple[str, int]
) -> None:
    at = time.monotonic() + TWO_START
    cut = at + 1.5
    rig.cue("a", clips(first[0]), at, end=cut)
    rig.cue("b", clips(second[0]), cut)
    rig.run_to(cut)
    rig.notes += rig.projector.drop("a", time.monotonic(), follower="b")
    rig.run_to(cut + 1)
    assert sampler.programmes(at - 1, cut + 1) == [POSTER, first[1], second[1]]
    for due, number in ((at, first[1]), (cut, second[1])):
        seen = sampler.wait_for(number)
        assert -0.01 <= seen.monotonic - due < LATE
        assert position(seen) < 0.5
    for play, due in (("a", at), ("b", cut)):
        note = rig.note(OnScreen, play)
        assert abs(note.at - due - note.late) < 0.001 and 0 <= note.late < LATE
        assert note.gap == 0
    [over] = rig.of(OffScreen)
    assert over.cause == "" and 1.3 < over.played <= 1.51
    rig.until(lambda: len(rig.children()) == 1, 5)


@pytest.mark.parametrize("before", [0.1, 0.01])
def test_programme_dropped_shortly_before_its_cut_is_not_seen(
    rig: Rig, sampler: Sampler, clips: Clips, before: float
) -> None:
    at = time.monotonic() + START
    rig.cue("a", clips("green.ts"), at)
    rig.ready("a.1")
    rig.run_to(at - before - 0.02)
    time.sleep(max(0.0, at - before - time.monotonic()))
    rig.notes += rig.projector.drop("a", time.monotonic())
    rig.run_to(at + 0.5)
    assert sampler.programmes(at - 1, at + 0.5) == [POSTER]
    assert rig.of(OnScreen) == []


def test_programme_runs_to_its_last_picture_and_stays_until_it_is_dropped(
    rig: Rig, sampler: Sampler, clips: Clips
) -> None:
    at = time.monotonic() + START
    showing = rig.cue("a", clips("blue.mkv"), at)
    rig.run_to(showing.end + 1)
    assert sampler.programmes(at - 0.5, showing.end + 1) == [POSTER, BLUE]
    assert max(position(one) for one in sampler.between(at + LATE, showing.end + 1)) > 3.8
    frames = [one.frame for one in sampler.between(at + LATE, showing.end)]
    assert frames == sorted(frames) and len(set(frames)) > 60
    last = rig.of(Position)[-1]
    assert 3.5 < last.played <= 4.01
    assert 60 < last.pictures <= 105


def test_join_in_progress_shows_a_frame_near_the_right_position(rig: Rig, sampler: Sampler, clips: Clips) -> None:
    now = time.monotonic()
    rig.cue("a", clips("red.mp4"), now, head=now - 0.5)
    rig.note(OnScreen)
    rig.run_to(time.monotonic() + 0.5)
    seen = sampler.wait_for(RED)
    middle = sampler.at(seen.monotonic + 0.4)
    assert abs(position(middle) - (seen.monotonic + 0.4 - now + 0.5)) < 1
    assert sampler.programmes(now, seen.monotonic + 0.4) == [POSTER, RED]


@pytest.mark.parametrize("joins", [True, False], ids=["join", "late head"])
def test_picture_that_is_not_there_when_it_was_due_is_announced_first(
    rig: Rig, sampler: Sampler, clips: Clips, joins: bool
) -> None:
    now = time.monotonic()
    due = now if joins else now + 0.05  # nothing is ready so soon
    rig.cue("a", clips("red.mp4"), due, head=now - 1 if joins else due, end=now + 4)
    coming = rig.note(Coming)
    assert not rig.of(OnScreen) and sampler.programmes(now, time.monotonic()) == [POSTER]
    assert -0.02 < sampler.wait_for(RED).monotonic - coming.at < LATE
    assert abs(rig.note(OnScreen).at - coming.at) < LATE


def test_picture_that_is_there_when_it_was_due_is_not_announced(rig: Rig, clips: Clips) -> None:
    rig.cue("a", clips("red.mp4"), time.monotonic() + START)
    rig.note(OnScreen)
    assert not rig.of(Coming)


def test_killed_child_is_replaced_at_the_same_position(rig: Rig, sampler: Sampler, clips: Clips) -> None:
    at = time.monotonic() + START
    showing = rig.cue("a", clips("blue.mkv"), at, end=at + 6)
    rig.note(OnScreen)
    rig.run_to(at + 0.6)
    [child] = rig.children()
    os.kill(child, signal.SIGKILL)
    assert rig.note(Replaced).cause == "the player ended with -9"
    killed = time.monotonic()
    rig.ready("a.2")
    again = sampler.wait_for(BLUE, since=sampler.wait_for(POSTER, since=killed - 0.1).monotonic)
    rig.run_to(again.monotonic + 0.4)
    assert abs(position(sampler.at(again.monotonic + 0.3)) - (again.monotonic + 0.3 - at)) < 1
    assert len(rig.of(OnScreen)) == len(rig.of(Replaced)) == 1
    assert sampler.programmes(at - 0.2, again.monotonic + 0.3) == [POSTER, BLUE, POSTER, BLUE]
    rig.notes += rig.projector.drop("a", time.monotonic())
    [over] = rig.of(OffScreen)
    on_screen = over.at - at - (again.monotonic - killed)
    assert abs(over.played - on_screen) < 1.2, "what the killed child was last heard of, and the new one's share"
    assert showing.end > over.at


def test_hung_child_is_replaced(rig: Rig, sampler: Sampler, clips: Clips) -> None:
    rig.lose_patience()
    at = time.monotonic() + START
    rig.cue("a", clips("red.mp4"), at, end=at + 30)
    rig.note(OnScreen)
    rig.run_to(at + 0.3)
    [child] = rig.children()
    os.kill(child, signal.SIGSTOP)
    assert rig.note(Replaced).cause == "the player hangs"
    rig.until(lambda: child not in rig.children(), 5)
    hung = sampler.wait_for(POSTER, since=at + 0.3)
    assert sampler.wait_for(RED, since=hung.monotonic)
    assert len(rig.of(OnScreen)) == 1


def test_child_that_hangs_before_its_cut_is_replaced(rig: Rig, sampler: Sampler, clips: Clips) -> None:
    rig.lose_patience()
    at = time.monotonic() + START
    rig.cue("a", clips("blue.mkv"), at, end=at + 30)
    rig.ready("a.1")
    [child] = rig.children()
    os.kill(child, signal.SIGSTOP)
    assert rig.note(Replaced, seconds=10).cause == "the player does not come up"
    shown = rig.note(OnScreen)
    assert sampler.wait_for(BLUE).monotonic == pytest.approx(shown.at, abs=LATE)
    rig.until(lambda: child not in rig.children(), 5)


def test_child_that_is_lost_just_before_the_end_is_not_replaced_but_told(rig: Rig, clips: Clips) -> None:
    at = time.monotonic() + START
    rig.cue("a", clips("red.mp4"), at, end=at + TAIL + 0.5)
    rig.note(OnScreen)
    rig.run_to(at + 0.8)
    os.kill(*rig.children(), signal.SIGKILL)
    rig.run_to(at + TAIL + 0.5)
    [over] = rig.projector.drop("a", time.monotonic())
    assert isinstance(over, OffScreen)
    assert over.cause == "the player ended with -9" and over.played < 1
    assert rig.of(Replaced) == [] and not rig.children()


def test_child_that_never_gets_ready_is_replaced(rig: Rig, clips: Clips, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kiosk.station.projector.showing.READY_WITHIN", 2.0)
    at = time.monotonic() + START
    rig.cue("a", clips("blue.mkv"), at, end=at + 30)
    [child] = rig.children()
    os.kill(child, signal.SIGSTOP)
    assert rig.note(Replaced, seconds=10).cause == "the player does not get ready"
    rig.note(OnScreen)


@pytest.mark.parametrize("data", [b"this is no film" * 1000, b"", b"\0" * 100_000], ids=["text", "empty", "zeros"])
def test_file_that_is_no_media_has_failed_after_three_attempts(
    rig: Rig, sampler: Sampler, tmp_path: Path, data: bytes
) -> None:
    (tmp_path / "film.mp4").write_bytes(data)
    at = time.monotonic() + START
    rig.cue("a", tmp_path / "film.mp4", at)
    over = rig.note(OffScreen)
    assert over.cause and over.played == 0 and over.pictures == 0
    assert len(rig.of(Replaced)) == ATTEMPTS - 1
    assert rig.of(OnScreen) == []
    assert rig.projector.plays == frozenset()
    rig.until(lambda: not rig.children(), 5)
    assert sampler.programmes(at - START, time.monotonic()) == [POSTER]


def test_file_that_is_missing_has_failed(rig: Rig, tmp_path: Path) -> None:
    rig.cue("a", tmp_path / "none.mp4", time.monotonic() + START)
    assert rig.note(OffScreen).cause
    rig.until(lambda: not rig.children(), 5)


def test_last_picture_does_not_wait_for_a_follower_that_has_failed(rig: Rig, sampler: Sampler, clips: Clips) -> None:
    at = time.monotonic() + START
    rig.cue("a", clips("red.mp4"), at, end=at + 1)
    rig.note(OnScreen, "a")
    [leaving] = rig.children()
    rig.cue("b", clips("blue.mkv"), at + 30)
    rig.run_to(at + 1)
    rig.projector.drop("a", time.monotonic(), follower="b")
    dropped = time.monotonic()
    while not rig.of(OffScreen, "b"):
        assert time.monotonic() < dropped + 20
        kill_all(set(rig.children()) - {leaving})
        rig.turn()
    rig.until(lambda: leaving not in rig.children(), 1)
    sampler.wait_for(POSTER, 1, since=dropped)


def red_on_air(rig: Rig, clips: Clips, seconds: float) -> float:
    """The red clip has been on the screen for so long; since when."""
    at = time.monotonic() + START
    rig.cue("a", clips("red.mp4"), at)
    rig.note(OnScreen)
    rig.run_to(at + seconds)
    return at


def test_drop_at_once_shows_the_poster(rig: Rig, sampler: Sampler, clips: Clips) -> None:
    at = red_on_air(rig, clips, 0.4)
    dropped = time.monotonic()
    rig.notes += rig.projector.drop("a", dropped)
    rig.run_to(dropped + 0.5)
    assert sampler.wait_for(POSTER, since=dropped).monotonic - dropped < LATE
    assert BLACK not in sampler.programmes(at, dropped + 0.5)
    rig.until(lambda: not rig.children(), 5)
    assert rig.of(Replaced) == []


def test_dropped_programme_stands_still_until_the_next_one_is_there(rig: Rig, sampler: Sampler, clips: Clips) -> None:
    red_on_air(rig, clips, 1)
    dropped = time.monotonic()
    rig.cue("b", clips("blue.mkv"), dropped, head=dropped - 0.5)
    rig.notes += rig.projector.drop("a", dropped, follower="b")
    rig.note(OnScreen, "b")
    first = sampler.wait_for(BLUE, since=dropped)
    last = [seen for seen in list(sampler.seen) if seen.programme == RED][-1]
    assert position(last) - position(sampler.at(dropped)) < LATE, "its record ends where it was dropped"
    assert sampler.programmes(dropped, first.monotonic) == [RED, BLUE]


def test_programme_that_is_not_ready_before_its_end_is_not_seen(rig: Rig, sampler: Sampler, clips: Clips) -> None:
    now = time.monotonic()
    rig.cue("a", clips("red.mp4"), now, head=now - 1, end=now + 0.2)
    rig.ready("a.1")
    rig.run_to(time.monotonic() + 2)  # longer than a child has patience
    rig.notes += rig.projector.drop("a", time.monotonic())
    assert sampler.programmes(now, time.monotonic()) == [POSTER] and not rig.of(OnScreen)


def test_drop_before_the_cut_shows_nothing(rig: Rig, sampler: Sampler, clips: Clips) -> None:
    at = time.monotonic() + START
    rig.cue("a", clips("red.mp4"), at)
    rig.ready("a.1")
    [over] = rig.projector.drop("a", time.monotonic())
    assert isinstance(over, OffScreen) and over.played == 0
    rig.run_to(at + 0.3)
    assert sampler.programmes(at - 1, at + 0.3) == [POSTER]
    rig.until(lambda: not rig.children(), 5)


def test_retime_moves_a_cut(rig: Rig, sampler: Sampler, clips: Clips) -> None:
    at = time.monotonic() + START
    rig.cue("a", clips("red.mp4"), at)
    rig.ready("a.1")
    later = at + 1
    rig.projector.retime("a", later, later + 2)
    rig.run_to(later + 0.3)
    assert -0.01 <= sampler.wait_for(RED).monotonic - later < LATE
    assert rig.note(OnScreen).late < LATE
    rig.projector.retime("a", later, later + 1)
    rig.run_to(later + 1.8)
    seen = [position(one) for one in sampler.between(later + LATE, later + 1.8)]
    assert 0.8 < max(seen) < 1 + LATE + 0.2, "it stands still at its new end"


def test_volume_is_taken_by_a_programme_on_air_and_by_one_that_waits(rig: Rig, clips: Clips) -> None:
    at = time.monotonic() + START
    rig.cue("a", clips("red.mp4"), at)
    rig.cue("b", clips("gold.avi"), at + 1)
    rig.note(OnScreen, "a")
    rig.projector.volume("a", 35)
    rig.projector.volume("b", 0)
    rig.note(OnScreen, "b")
    rig.run_to(at + 1.5)
    assert rig.of(Replaced) == [] and rig.of(OffScreen) == []


def test_programme_before_is_off_the_screen_at_the_cut_though_nobody_tells_it_to_leave(
    rig: Rig, sampler: Sampler, clips: Clips
) -> None:
    red, gold = clips("red.mp4"), clips("gold.avi")
    at = time.monotonic() + TWO_START
    rig.cue("a", red, at, end=at + 1)
    [first] = rig.children()
    rig.cue("b", gold, at + 1)
    [second] = rig.children().keys() - {first}
    rig.run_to(at + 0.9)
    time.sleep(0.4)  # the daemon is busy
    assert sampler.at(time.monotonic()).programme == GOLD
    gone = time.monotonic()
    os.kill(second, signal.SIGKILL)
    time.sleep(0.4)
    assert sampler.programmes(gone, time.monotonic()) in ([GOLD, POSTER], [POSTER])


def test_gap_is_the_time_without_a_picture(rig: Rig, sampler: Sampler, clips: Clips) -> None:
    at = time.monotonic() + TWO_START
    rig.cue("a", clips("red.mp4"), at)
    rig.cue("b", clips("gold.avi"), at + 1)
    rig.run_to(at + 0.5)
    rig.notes += rig.projector.drop("a", time.monotonic())  # without a follower: the poster comes
    gap = rig.note(OnScreen, "b").gap
    rig.run_to(at + 1.2)
    bare = sampler.wait_for(POSTER, since=at + LATE)
    assert abs(sampler.wait_for(GOLD).monotonic - bare.monotonic - gap) < LATE
    assert gap > 0.3


def test_nonsense_from_a_child_is_survived(
    rig: Rig, sampler: Sampler, tmp_path: Path, clips: Clips, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first child speaks nonsense and ends; the second one is real."""
    (tmp_path / "babbler.py").write_text(
        "import os, sys\n"
        "lines = [b'hello', b'{', b'[]', b'{}', b'null', b'7', b'{\"say\": \"dance\"}', b'\\xff\\xfe\\x00',\n"
        '         b\'{"say": "failed", "cause": "\\xff"}\', b\'{"say": "shown", "at": "soon"}\',\n'
        '         b\'{"say": "progress", "at": 1e999, "media_ms": 1, "pictures": 1, "lost": 1}\',\n'
        '         b\'{"say": "shown", "at": 1e300}\', b\'{"say": "ready", "kind": "x", "video_output": ""}\',\n'
        '         b\'{"say": "progress", "at": 1, "media_ms": 9223372036854775807, "pictures": 1, "lost": -1}\',\n'
        "         b'[' * 100000, b'9' * 100000, b'{\"say\": \"ready\", \"video_output\": \"' + b'x' * 100000]\n"
        "for line in lines: os.write(1, line + b'\\n')\n"
        "os.write(1, b'no end of line')\n"
        "os._exit(9)\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    from kiosk.station.projector import projector

    real = projector.Process

    def process(module: str, child: str, *rest: object, folder: Path) -> object:
        return real("babbler" if child == "a.1" else module, child, *rest, folder=folder)

    monkeypatch.setattr(projector, "Process", process)
    at = time.monotonic() + START
    rig.cue("a", clips("red.mp4"), at)
    assert rig.note(Replaced).cause == "the player ended with 9"
    rig.note(OnScreen)
    sampler.wait_for(RED)
    assert [event for event in rig.events if isinstance(event, Crashed)] == []
    assert rig.ready_children() == ["a.2"]


def test_children_carry_no_secrets(rig: Rig, clips: Clips, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("KIOSK_TOWN_DB", "KIOSK_TOKEN", "NOTIFY_SOCKET", "WATCHDOG_USEC", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "a secret")
    rig.cue("a", clips("red.mp4"), time.monotonic() + START)
    rig.ready("a.1")
    [child] = rig.children()
    environment = Path(f"/proc/{child}/environ").read_bytes()
    assert b"secret" not in environment and b"KIOSK" not in environment and b"NOTIFY" not in environment
    assert b"secret" not in Path(f"/proc/{child}/cmdline").read_bytes()


def test_d6_programme_that_was_due_without_a_screen_says_so() -> None:
    projector = Projector(lambda event: None)
    now = time.monotonic()
    showing = Showing("a", Cue(file="none.mp4", display=":987"), now - 3, now - 3, now + 1)

    def dropped() -> OffScreen:
        projector.cue(showing, now)
        [report] = projector.drop("a", now)
        assert isinstance(report, OffScreen)
        return report

    assert not dropped().screen_lost, "nobody has looked yet"
    projector.screen_went()
    assert dropped().screen_lost
