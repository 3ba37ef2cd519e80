#!/bin/sh
# Sets up what is missing and runs all checks; arguments go to pytest. Ends with the code of the first that failed.
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
check .venv/bin/pytest "$@"
exit "$status"
