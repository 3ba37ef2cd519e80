#!/bin/sh
# Brings this Debian computer to where the kiosk runs from its checkout: Debian's packages, and .venv at the locked
# versions. Does nothing, quickly and without a network, where all is there.  sh systemd/setup.sh station|town|demo|test
# An installed kiosk (station, town) is the command  kiosk  for everybody: KIOSK_COMMAND, else /usr/local/bin/kiosk, is a
# link to it. A demo and the tests leave none.
set -eu
root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
list=${1:?"what for? station, town, demo or test"}
command=
case $list in
station | town) command=${KIOSK_COMMAND:-/usr/local/bin/kiosk} ;;
demo) list=town ;;
esac

packages="python3 python3-venv ca-certificates procps libudev1 libseccomp2 fonts-wqy-microhei fonts-unifont
    libvlc5 vlc-plugin-base vlc-plugin-video-output libpulse0"
case $list in
station) satisfied="station town test" packages="$packages xserver-xorg-core x11-xserver-utils
    libgl1-mesa-dri va-driver-all pulseaudio pulseaudio-utils alsa-utils v4l-utils smartmontools dbus udev util-linux" ;;
town) satisfied="town test" packages="$packages ffmpeg xvfb" ;;
test) satisfied="test" packages="$packages ffmpeg xvfb x11-utils dbus systemd umockdev libumockdev0
    pulseaudio pulseaudio-utils postgresql chromium" ;;
*) echo "kiosk: $list is not one of station, town, demo, test" >&2 && exit 2 ;;
esac
lock=$root/systemd/$list.lock
venv=$root/.venv

say() {
    echo "kiosk: $*" >&2
}

# Runs a command whose output is shown only if it fails.
quietly() {
    log=$(mktemp)
    if "$@" >"$log" 2>&1 </dev/null; then
        rm -f "$log"
    else
        code=$?
        tail -n 40 "$log" >&2
        rm -f "$log"
        return "$code"
    fi
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    else
        sudo "$@"
    fi
}

missing_packages() {
    # shellcheck disable=SC2086
    installed=" $(dpkg-query --show --showformat '${db:Status-Status}=${Package} ' $packages 2>/dev/null || true)"
    for package in $packages; do
        case $installed in
        *" installed=$package "*) ;;
        *) printf '%s ' "$package" ;;
        esac
    done
}

install_packages() {
    if [ "$(id -u)" -ne 0 ] && ! command -v sudo >/dev/null; then
        say "needs root once, to install $*"
        say "run this script as root, or first, as root: apt-get install --no-install-recommends $*"
        return 1
    fi
    say "installing Debian packages: $*"
    quietly as_root dpkg --configure -a || true # a power cut may have left some half installed
    quietly as_root apt-get --quiet update || say "the package lists could not be renewed; trying with those at hand"
    quietly as_root env DEBIAN_FRONTEND=noninteractive apt-get --quiet --yes --no-install-recommends \
        -o DPkg::Lock::Timeout=600 install "$@" || {
        say "apt-get could not install them; mend what it says above, then run this again"
        return 1
    }
}

# The stamp of a list: it changes with the locked versions, with pyproject.toml, and where the checkout is moved.
wanted_stamp() {
    { echo "$root" && cat "$root/systemd/$1.lock" "$root/pyproject.toml"; } | sha256sum | cut -d ' ' -f 1
}

# Whether its Python runs, and each file of its packages has its length: a power cut may have left some empty.
venv_whole() {
    "$venv/bin/python" -I -c 'import kiosk, msgspec, sys
from importlib.metadata import distributions
for package in distributions():
    for file in package.files or sys.exit(1):
        if file.size is not None and file.locate().stat().st_size != file.size:
            sys.exit(1)' 2>/dev/null
}

venv_in_order() {
    for other in $satisfied; do
        if [ "$(cat "$venv/.locked-$other" 2>/dev/null)" = "$(wanted_stamp "$other")" ]; then
            venv_whole && return 0
        fi
    done
    return 1
}

new_enough_python() {
    for python in /usr/bin/python3 python3; do
        if "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            echo "$python"
            return 0
        fi
    done
    say "needs Python 3.11 or newer; Debian 12 has it as python3"
    return 1
}

install_venv() {
    say "installing the Python packages of systemd/$list.lock into .venv"
    rm -f "$venv"/.locked-*
    again=
    venv_whole || again=--force-reinstall # what is there, but damaged, pip would leave as it is
    if ! "$venv/bin/python" -I -m pip --version >/dev/null 2>&1; then
        python=$(new_enough_python)
        quietly "$python" -m venv --clear "$venv"
    fi
    quietly "$venv/bin/python" -I -m pip install --disable-pip-version-check --no-input --no-deps $again \
        --require-hashes --requirement "$lock" || {
        say "pip could not install them; is the network there? Then run this again"
        return 1
    }
    quietly "$venv/bin/python" -I -m pip install --disable-pip-version-check --no-input --no-deps \
        --no-build-isolation --editable "$root"
    wanted_stamp "$list" >"$venv/.locked-$list"
}

link_command() {
    target=$venv/bin/kiosk
    [ "$(readlink "$command" || true)" != "$target" ] || return 0
    if [ -e "$command" ] && [ ! -L "$command" ]; then
        say "$command is another program and stays as it is; this kiosk's is $target"
        return 0
    fi
    as_root ln -sfn "$target" "$command" || {
        say "could not make the command kiosk; as root: ln -sfn $target $command"
        return 1
    }
    say "the command kiosk is $target"
}

# Two that run at once: the second waits, and then finds all in order. Locking a folder leaves no file behind.
missing=$(missing_packages)
if [ -n "$missing" ]; then
    exec 8</var/lib/dpkg
    flock 8
    missing=$(missing_packages)
    # A service that apt-get starts must not inherit the lock.
    # shellcheck disable=SC2086
    [ -z "$missing" ] || install_packages $missing 8<&-
    exec 8<&-
fi
exec 9<"$root/systemd"
flock 9
venv_in_order || install_venv
[ -z "$command" ] || link_command
