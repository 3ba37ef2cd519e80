#!/bin/sh
# Locks the versions anew from pyproject.toml: systemd/*.lock. Needs tests/run.sh to have set up .venv before.
# Each list builds on the one before, so that one .venv can hold all three. Arguments go to pip-compile (--upgrade).
set -eu
root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
cd "$root"

compile() {
    list=$1
    shift
    CUSTOM_COMPILE_COMMAND="sh systemd/lock.sh" .venv/bin/pip-compile --quiet --strip-extras --generate-hashes \
        --allow-unsafe --no-emit-index-url --no-emit-trusted-host --no-emit-find-links \
        --build-deps-for editable --build-deps-for wheel --output-file "systemd/$list.lock" "$@" pyproject.toml
}

compile station "$@"
compile town --extra town --constraint systemd/station.lock "$@"
compile test --extra town --extra test --constraint systemd/town.lock "$@"
