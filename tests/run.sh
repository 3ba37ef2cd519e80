#!/bin/sh
# Sets up what is missing and runs all checks; arguments go to pytest. Ends with the code of the first that failed.
# Without arguments the tests run in five parts at once. What waits for a screen, and so for a clock, goes first; the
# files of what needs none are kept in memory where there is room: most of its time is waiting for a disk.
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
if [ "$#" -gt 0 ]; then
    check .venv/bin/mypy
    check .venv/bin/pytest "$@"
    exit "$status"
fi
work=$(mktemp -d)
memory=
if [ "$(df --output=avail -k /dev/shm 2>/dev/null | tail -n 1)" -gt 2000000 ] 2>/dev/null; then
    memory=$(mktemp -d /dev/shm/kiosk-tests-XXXXXX)
    chmod 711 "$memory" # as /tmp, where the services' users find what is theirs
fi
trap 'rm -rf "$work" ${memory:+"$memory"}' EXIT
parts=
# beside NAME COMMAND...: runs it beside the others; what it says is shown at the end.
beside() {
    name=$1
    shift
    "$@" >"$work/$name" 2>&1 &
    parts="$parts $name:$!"
}

in_memory="env TMPDIR=${memory:-${TMPDIR:-/tmp}} nice -n 10"
beside types nice -n 10 .venv/bin/mypy
beside screen nice -n 5 .venv/bin/pytest -m screen --ignore=tests/station/player --ignore=tests/station/projector
# shellcheck disable=SC2086
beside station $in_memory .venv/bin/pytest -m "not screen" tests/station
# shellcheck disable=SC2086
beside town $in_memory .venv/bin/pytest -m "not screen" tests/town
# shellcheck disable=SC2086
beside others $in_memory .venv/bin/pytest -m "not screen" --ignore=tests/station --ignore=tests/town
check .venv/bin/pytest -m screen tests/station/player tests/station/projector
for part in $parts; do
    check wait "${part#*:}"
    cat "$work/${part%:*}"
done
exit "$status"
