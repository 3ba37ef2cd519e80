#!/bin/sh
# Shows the whole kiosk on this computer: sets up what is missing, then runs  kiosk demo  with the same arguments.
set -eu
root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
sh "$root/systemd/setup.sh" demo
exec "$root/.venv/bin/kiosk" demo "$@"
