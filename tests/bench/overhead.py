"""What the kiosk adds to the cost of playing: processor time of all its processes, beside that of cvlc alone.

``python tests/bench/overhead.py [--seconds N] [--rounds N]`` plays the same film of 1080p25, 4 Mbit/s, on the same kind
of virtual screen with the real daemon and with cvlc, in turn. Counted is a whole programme: for the kiosk from before
its child is started until the child is gone, with the daemon, the stage and every child; for cvlc from its start to its
end. The X server's time is given apart. Last line: JSON, seconds of processor time, means of the rounds.
"""

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import psutil
from loudspeaker import loudspeaker
from peers import peer
from room import Eyes, Item, Stretch, XServer, fetched, media_folder, room, say, sign_week, wait_for, whole_second

from kiosk.demo.testcard import bar_code

NUMBER, RATE, SIZE = 41, 25, (1920, 1080)
SCREEN = "1920x1080x24"
LEAD, AFTER = 10.0, 4.0
"""Seconds before and after the programme that count as its own: the child is started 8 s ahead, and told to leave."""


@dataclass(frozen=True)
class Cost:
    """Processor time of a player and of the X server for one showing, in seconds."""

    player: float
    x: float


def main() -> None:
    """Run the bench."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seconds", type=int, default=180, help="length of the film (180)")
    parser.add_argument("--rounds", type=int, default=1, help="showings by each player (1)")
    options = parser.parse_args()
    film = make_film(options.seconds)
    kiosk: list[Cost] = []
    cvlc: list[Cost] = []
    for turn in range(options.rounds):
        kiosk.append(of_kiosk(film, options.seconds))
        say(f"kiosk {turn + 1}: {kiosk[-1]}")
        cvlc.append(of_cvlc(film, options.seconds))
        say(f"cvlc {turn + 1}: {cvlc[-1]}")
    ours, theirs = (statistics.mean(cost.player for cost in costs) for costs in (kiosk, cvlc))
    figures = {
        "kiosk_cpu_s": round(ours, 2),
        "cvlc_cpu_s": round(theirs, 2),
        "ratio": round(ours / theirs, 3),
        "x_kiosk_s": round(statistics.mean(cost.x for cost in kiosk), 2),
        "x_cvlc_s": round(statistics.mean(cost.x for cost in cvlc), 2),
    }
    print(json.dumps(figures))


def make_film(seconds: int) -> Path:
    """A lively picture with a little noise, at the rate of the town's house profile."""
    target = media_folder("overhead") / f"{seconds}.mp4"
    if target.exists():
        return target
    say(f"making {target} ...")
    half = target.with_name(f"half-made-{target.name}")
    width, height = SIZE
    picture = f"testsrc2=s={width}x{height}:r={RATE}:d={seconds}"
    filters = f"noise=alls=6:allf=t,{bar_code(NUMBER, width, height)}"
    video = ["-c:v", "libx264", "-preset", "veryfast", "-b:v", "4M", "-maxrate", "6M", "-bufsize", "8M"]
    sound = ["-f", "lavfi", "-i", f"sine=f=440:r=48000:d={seconds}", "-c:a", "aac", "-b:a", "128k", "-ac", "2"]
    command = ["ffmpeg", "-v", "error", "-nostdin", "-y", "-f", "lavfi", "-i", picture, *sound, "-vf", filters]
    subprocess.run([*command, *video, "-pix_fmt", "yuv420p", str(half)], check=True)
    return half.rename(target)


def of_kiosk(film: Path, seconds: int) -> Cost:
    """The station's cost of one showing."""
    with tempfile.TemporaryDirectory(prefix="kiosk-overhead-") as name, loudspeaker(readable(Path(name))):
        folder = Path(name)
        start = whole_second(30)
        slot = Stretch(start, seconds, ("film",))
        playlist = sign_week(folder / "town", [Item("film", film, seconds * 1000)], [slot])
        with room(folder, SCREEN) as place:
            wait_for(lambda: fetched(place, playlist), 60, "fetching")
            sleep_until(start.timestamp() - LEAD)
            before, x_before = of_tree(place.station.proc), of_tree(psutil.Process(place.x.pid))
            sleep_until(start.timestamp() + seconds + AFTER)
            cost = Cost(of_tree(place.station.proc) - before, of_tree(psutil.Process(place.x.pid)) - x_before)
            check_seen(place.eyes, seconds, place.station.log)
            return cost


def of_cvlc(film: Path, seconds: int) -> Cost:
    """The cost of cvlc from its start to its end."""
    with tempfile.TemporaryDirectory(prefix="kiosk-overhead-") as name, loudspeaker(readable(Path(name))):
        x = XServer(SCREEN)
        eyes = Eyes(x.name)
        try:
            before, x_before = reaped(), of_tree(psutil.Process(x.pid))
            with peer("cvlc", [film], x.name, Path(name)) as process:
                process.wait()
            cost = Cost(reaped() - before, of_tree(psutil.Process(x.pid)) - x_before)
            check_seen(eyes, seconds, Path(name, "cvlc.log"))
            return cost
        finally:
            eyes.close()
            x.kill()


def readable(folder: Path) -> Path:
    """cvlc runs as nobody where the bench is root's; it has to reach its sound server and its home."""
    folder.chmod(0o755)
    return folder


def check_seen(eyes: Eyes, seconds: int, log: Path) -> None:
    """A programme that was not shown to its end costs little, and says nothing."""
    frames = {one.frame for one in eyes.seen if one.programme == NUMBER}
    say(f"{len(frames)} of {seconds * RATE} pictures were seen on the screen")
    if len(frames) < 0.9 * seconds * RATE:
        sys.exit(f"too few; {log.read_text()[-2000:]}")


def of_tree(process: psutil.Process) -> float:
    """Processor seconds of a process, of its living descendants, and of those that it has reaped."""
    total = 0.0
    for one in (process, *process.children(recursive=True)):
        try:
            times = one.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += times.user + times.system + times.children_user + times.children_system
    return total


def reaped() -> float:
    """Processor seconds of the children of this process that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def sleep_until(utc: float) -> None:
    """Until an instant, in UTC seconds since 1970."""
    time.sleep(max(0.0, utc - time.time()))


if __name__ == "__main__":
    main()
