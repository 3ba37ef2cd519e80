#!/bin/sh
# Sets up what is missing and runs all checks; arguments go to pytest. Ends with the code of the first that failed.
# Without arguments, what needs no screen runs in two halves beside what waits for one: more at once disturb its timing.
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
parts=
# beside NAME COMMAND...: runs it beside the others; what it says is shown at the end.
beside() {
    name=$1
    shift
    "$@" >"$said/$name" 2>&1 &
    parts="$parts $name:$!"
}

beside station nice -n 10 .venv/bin/pytest -m "not screen" tests/station
beside others nice -n 10 .venv/bin/pytest -m "not screen" --ignore=tests/station
check .venv/bin/pytest -m screen
for part in $parts; do
    check wait "${part#*:}"
    cat "$said/${part%:*}"
done
exit "$status"
