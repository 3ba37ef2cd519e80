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
export root  # for the hooks of mmdebstrap
size=${SIZE:-1280x720}
slow=${SLOW:-}
# shellcheck source=/dev/null
debian=$(. /etc/os-release && echo "$VERSION_CODENAME")

say() {
    echo "xorg: $*" >&2
}

quietly() {
    "$@" >"$work/said" 2>&1 </dev/null || { tail -n 40 "$work/said" >&2 && return 1; }
}

install_here() {
    sh "$root/systemd/setup.sh" demo
    command -v mmdebstrap qemu-system-x86_64 mke2fs faketime >"$work/said" && return
    say "installing QEMU, mmdebstrap and faketime"
    quietly apt-get --quiet update
    quietly env DEBIAN_FRONTEND=noninteractive apt-get --quiet --yes --no-install-recommends install \
        mmdebstrap qemu-system-x86 e2fsprogs faketime
}

# The checkout lies at the same place as here, for its .venv; /checkout leads there, for the kernel's command line.
build() {
    say "making the clips"
    quietly "$root/.venv/bin/python" "$root/tests/bench/formats.py" "$work/clips"
    say "building a Debian: $debian"
    packages=systemd-sysv,udev,dbus,linux-image-amd64,xserver-xorg-core,x11-xserver-utils,x11-utils,pulseaudio
    # shellcheck disable=SC2016
    quietly mmdebstrap --variant=minbase --include="$packages" \
        --customize-hook='mkdir -p "$1$root" && tar -C "$root" -c --exclude=./.git . | tar -C "$1$root" -x' \
        --customize-hook='ln -s "$root" "$1/checkout" && chroot "$1" sh /checkout/systemd/setup.sh demo' \
        --customize-hook='mkdir "$1/bench" && cp -r "$work/clips" "$1/bench/kiosk-bench-clips"' \
        "$debian" "$work/tree"
    cp "$work"/tree/boot/vmlinuz-* "$work/kernel"
    cp "$work"/tree/boot/initrd.img-* "$work/initrd"
    quietly mke2fs -q -t ext4 -d "$work/tree" "$work/disk" 6G
    rm -rf "$work/tree"
}

# emulator ARGUMENTS...: runs QEMU, with our processor, or with one of its own in a slower time.
emulator() {
    if [ -z "$slow" ]; then
        qemu-system-x86_64 -accel kvm -cpu max,-arch-capabilities "$@"
    else
        faketime -m -f "+0 x$(awk "BEGIN { print 1 / $slow }")" \
            qemu-system-x86_64 -accel tcg,thread=multi,tb-size=1024 -cpu max "$@"
    fi
}

# boot WAY ARGUMENTS-FOR-CUTS.PY...: what is written to the disk is forgotten when it ends.
boot() {
    shared=$work/$1
    mkdir "$shared"
    say "booting, for $*"
    command="/bin/sh /checkout/tests/bench/xorg_guest.sh $*"
    kernel="root=/dev/vda rw console=ttyS0 panic=-1 nowatchdog"
    kernel="$kernel tsc=reliable no_timer_check"  # what it finds of the clocks in a slow time is right, but unusual
    kernel="$kernel systemd.run_success_action=poweroff systemd.run_failure_action=poweroff"
    emulator -machine q35 -smp 2 -m 3072 -no-reboot -snapshot -nodefaults -display none \
        -device "virtio-vga,xres=${size%x*},yres=${size#*x}" -serial "file:$shared/console" \
        -kernel "$work/kernel" -initrd "$work/initrd" \
        -append "$kernel systemd.run=\"$command\"" \
        -drive "file=$work/disk,format=raw,if=virtio,cache=unsafe" \
        -virtfs "local,path=$shared,mount_tag=shared,security_model=none"
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
[ -n "$slow" ] || [ -w /dev/kvm ] || { say "no /dev/kvm here; set SLOW=30" && exit 2; }
work=$(mktemp -d)
export work
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
install_here
build
for way in ${ways:-plain glamor}; do
    boot "$way" "$@"
done
