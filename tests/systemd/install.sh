#!/bin/sh
# Installs a town and a station with systemd/install.sh on a bare Debian, and plays there: Debian 12 in QEMU, with a screen
# and a sound card; Debian 13 in systemd-nspawn, on Xorg's dummy driver and without a sound card. The last line of each is
# its figures, as JSON, with what is wrong.    [SLOW=1] [KEEP=FOLDER FOR LOGS] sh tests/systemd/install.sh [12] [13]
# Without /dev/kvm, or with one that cannot boot a Debian kernel: SLOW=1 emulates the processor, in its own time, which is
# about 15 times slower than a PC. As root; 6 GB of disk.
set -eu
root=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
name=install
# shellcheck source=tests/guest.sh
. "$root/tests/guest.sh"

# shellcheck disable=SC2016
checkout='mkdir "$1/root/checkout" && tar -C "$root" -c --exclude=./.git --exclude=./.venv --exclude=__pycache__ \
    --exclude="*_cache" --exclude="*.egg-info" . | tar -C "$1/root/checkout" --no-same-owner -x'

show() {
    [ -z "${KEEP:-}" ] || cp -r "$1" "$KEEP/"
    cat "$1/log" "$1/figures" 2>/dev/null || true
    [ -s "$1/figures" ] || { tail -n 40 "$1/console" >&2 && return 1; }
    grep -q '"wrong": \[\]' "$1/figures"
}

# cards SHARED: unplugs the sound card, and plugs it in again, when the guest makes a file of that name.
cards() {
    for order in "unplug device_del card" "plug device_add usb-audio,id=card,audiodev=silence"; do
        until [ -e "$1/${order%% *}" ]; do
            sleep 0.2
            [ -d "$1" ] || return 0
        done
        python3 -c 'import socket, sys, time
with socket.socket(socket.AF_UNIX) as monitor:
    monitor.connect(sys.argv[1])
    monitor.sendall(sys.argv[2].encode() + b"\n")
    time.sleep(1)' "$work/monitor" "${order#* }"
    done
}

debian_12() {
    need mmdebstrap:mmdebstrap qemu-system-x86_64:qemu-system-x86 mke2fs:e2fsprogs faketime:faketime
    build bookworm systemd-sysv,udev,linux-image-amd64 "$checkout"
    copy_settings "$work/tree"
    make_disk 6G
    mkdir "$work/12"
    say "booting Debian 12 in QEMU"
    cards "$work/12" &
    boot_qemu "$work/12" "${SIZE:-640x360}" "/bin/sh /root/checkout/tests/systemd/install_guest.sh qemu" \
        -netdev user,id=net -device virtio-net-pci,netdev=net \
        -audiodev none,id=silence -device qemu-xhci -device usb-audio,id=card,audiodev=silence \
        -monitor "unix:$work/monitor,server,nowait"
    show "$work/12"
}

debian_13() {
    need mmdebstrap:mmdebstrap systemd-nspawn:systemd-container slirp4netns:slirp4netns
    build trixie systemd-sysv,udev "$checkout"
    copy_settings "$work/tree"
    mkdir "$work/13"
    say "booting Debian 13 in a container"
    boot_nspawn "$work/13" "/bin/sh /root/checkout/tests/systemd/install_guest.sh nspawn"
    show "$work/13"
    rm -rf "$work/tree"
}

[ "$#" -gt 0 ] || set -- 12 13
make_work
for version; do
    case $version in
    12 | 13) "debian_$version" ;;
    *) say "$version is neither 12 nor 13" && exit 2 ;;
    esac
done
