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
    newer >>"systemd/$list.lock"
}

# What Python 3.11 has and newer ones have not: pip-compile leaves it out. For x86_64 and aarch64.
newer() {
    cat <<'END'
audioop-lts==0.2.2 ; python_version >= "3.13" \
    --hash=sha256:47eba38322370347b1c47024defbd36374a211e8dd5b0dcbce7b34fdb6f8847b \
    --hash=sha256:51c916108c56aa6e426ce611946f901badac950ee2ddaf302b7ed35d9958970d
    # via kiosk (pyproject.toml)
END
}

compile station "$@"
compile town --extra town --constraint systemd/station.lock "$@"
compile test --extra town --extra test --constraint systemd/town.lock "$@"
