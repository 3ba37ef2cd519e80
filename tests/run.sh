#!/bin/sh
# Sets up what is missing and runs all checks; arguments go to pytest. Ends with the code of the first that failed.
# Without arguments, what needs no screen runs in three parts beside what waits for one, which is in two as well.
set -u
root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
sh "$root/systemd/setup.sh" test || exit
cd "$root" || exit
status=0

check() {
    "$@"
    code=$?
    [ "$status" -ne 0 ] || status=$code
}

check .venv/bin/ruff check
check .venv/bin/ruff format --check
check .venv/bin/mypy
if [ "$#" -gt 0 ]; then
    check .venv/bin/pytest "$@"
    exit "$status"
fi
said=$(mktemp -d)
trap 'rm -rf "$said"' EXIT
nice -n 10 .venv/bin/pytest -m "not screen" tests/station >"$said/station" 2>&1 &
station=$!
nice -n 10 .venv/bin/pytest -m "not screen" tests/town >"$said/town" 2>&1 &
town=$!
nice -n 10 .venv/bin/pytest -m "not screen" --ignore=tests/station --ignore=tests/town >"$said/others" 2>&1 &
others=$!
.venv/bin/pytest -m screen --ignore=tests/station/player --ignore=tests/station/projector >"$said/rooms" 2>&1 &
rooms=$!
check .venv/bin/pytest -m screen tests/station/player tests/station/projector
check wait "$rooms"
cat "$said/rooms"
check wait "$station"
cat "$said/station"
check wait "$town"
cat "$said/town"
check wait "$others"
cat "$said/others"
exit "$status"
