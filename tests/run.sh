#!/bin/sh
# Sets up what is missing and runs all checks; arguments go to pytest. Ends with the code of the first that failed.
# Without arguments, tests that only compute run beside those that wait for a screen and a clock.
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
said=$(mktemp)
trap 'rm -f "$said"' EXIT
computing="tests/bench tests/chaos tests/common tests/contract tests/town"
# shellcheck disable=SC2086
nice -n 10 .venv/bin/pytest $computing >"$said" 2>&1 &
# shellcheck disable=SC2046,SC2086
check .venv/bin/pytest $(printf -- '--ignore=%s ' $computing)
wait "$!"
code=$?
cat "$said"
[ "$status" -ne 0 ] || status=$code
exit "$status"
