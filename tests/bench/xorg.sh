#!/bin/sh
# Measures cuts on a real Xorg: builds a Debian like this computer's in a temporary folder, boots it in QEMU with a
# virtual graphics card, and runs cuts.py there on the screen of Xorg's modesetting driver. The last line is its JSON.
#     [SLOW=30] [SIZE=1280x720] sh tests/bench/xorg.sh [plain] [glamor] [hostile] [-- ARGUMENTS FOR CUTS.PY]
# plain: Xorg draws in memory, as it does of its own accord on a card that cannot draw. glamor: it draws by OpenGL and
# so offers XVideo, as on a PC's card; Mesa's software plays the card. Without a word it is both, a boot each, and
# --cuts 10 --only kiosk. As root; about 6 GB of disk.
# hostile: runs tests/chaos/hostile_child.py there instead, on that Debian's kernel; the last line is its JSON.
# SLOW: emulate the processor, in a time that goes so many times slower than ours, for computers without /dev/kvm or
# with one that cannot boot a Debian kernel. An emulated processor is 10 to 20 times slower than a true one; with two
# cores to itself and SLOW=30 it plays in its own time what a PC plays in ours, and tells what it measures in its own
# time. Programmes that are "not ready in time" say that it was still too slow. A small screen and light clips help, as
# SIZE=640x360 and --only kiosk --no-apart --clips mpeg4-avi wmv2-wmv flv1-flv mpeg2-ts: 20 minutes, 5 of them to build.
set -eu
root=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
name=xorg
# shellcheck source=tests/guest.sh
. "$root/tests/guest.sh"
size=${SIZE:-1280x720}
# shellcheck source=/dev/null
debian=$(. /etc/os-release && echo "$VERSION_CODENAME")

# The checkout lies at the same place as here, for its .venv; /checkout leads there, for the kernel's command line.
build_bench() {
    say "making the clips"
    quietly "$root/.venv/bin/python" "$root/tests/bench/formats.py" "$work/clips"
    packages=systemd-sysv,udev,dbus,linux-image-amd64,xserver-xorg-core,x11-xserver-utils,x11-utils,pulseaudio
    # shellcheck disable=SC2016
    build "$debian" "$packages" \
        'mkdir -p "$1$root" && tar -C "$root" -c --exclude=./.git . | tar -C "$1$root" -x' \
        'ln -s "$root" "$1/checkout" && chroot "$1" sh /checkout/systemd/setup.sh demo' \
        'mkdir "$1/bench" && cp -r "$work/clips" "$1/bench/kiosk-bench-clips"'
    make_disk 6G
}

# boot WAY ARGUMENTS-FOR-CUTS.PY...
boot() {
    shared=$work/$1
    mkdir "$shared"
    say "booting, for $*"
    boot_qemu "$shared" "$size" "/bin/sh /checkout/tests/bench/xorg_guest.sh $*"
    # without its JSON cuts.py has broken off
    if ! cat "$shared/facts" "$shared/cuts.err" "$shared/cuts.out" || ! [ -s "$shared/cuts.out" ]; then
        tail -n 40 "$shared/console" >&2
        return 1
    fi
}

ways=
while [ "$#" -gt 0 ]; do
    case $1 in
    plain | glamor | hostile) ways="$ways $1" && shift ;;
    --) shift && break ;;
    *) say "$1 is not one of plain, glamor, hostile, --" && exit 2 ;;
    esac
done
[ "$#" -gt 0 ] || set -- --cuts 10 --only kiosk
[ -n "${SLOW:-}" ] || [ -w /dev/kvm ] || { say "no /dev/kvm here; set SLOW=30" && exit 2; }
make_work
sh "$root/systemd/setup.sh" town
need mmdebstrap:mmdebstrap qemu-system-x86_64:qemu-system-x86 mke2fs:e2fsprogs faketime:faketime
build_bench
for way in ${ways:-plain glamor}; do
    boot "$way" "$@"
done
