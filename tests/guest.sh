#!/bin/sh
# Builds a Debian in a folder, and boots it in QEMU or in systemd-nspawn. Sourced, by scripts that have set  root  (the
# checkout) and  name  (for messages); it makes the folder  work  and removes it at the end. As root.
# What this computer says of its mirrors, proxies and certificates is copied into a guest at run time.
# shellcheck disable=SC2154

say() {
    echo "$name: $*" >&2
}

quietly() {
    "$@" >"$work/said" 2>&1 </dev/null || { tail -n 40 "$work/said" >&2 && return 1; }
}

make_work() {
    work=$(mktemp -d)
    export work root # for the hooks of mmdebstrap
    trap 'rm -rf "$work"' EXIT
    trap 'exit 130' INT TERM
}

# need COMMAND:PACKAGE...: installs the packages of the commands that are not here.
need() {
    missing=
    for pair; do
        command -v "${pair%%:*}" >/dev/null || missing="$missing ${pair#*:}"
    done
    [ -n "$missing" ] || return 0
    say "installing$missing"
    quietly apt-get --quiet update
    # shellcheck disable=SC2086
    quietly env DEBIAN_FRONTEND=noninteractive apt-get --quiet --yes --no-install-recommends install $missing
}

# build RELEASE PACKAGES [HOOK...]: a Debian in $work/tree.
build() {
    release=$1 packages=$2
    shift 2
    say "building a Debian: $release"
    for hook; do
        set -- "$@" --customize-hook="$hook"
        shift
    done
    quietly mmdebstrap --variant=minbase --include="$packages" "$@" "$release" "$work/tree"
}

# make_disk SIZE: turns the tree into a disk for QEMU, with its kernel beside it.
make_disk() {
    cp "$work"/tree/boot/vmlinuz-* "$work/kernel"
    cp "$work"/tree/boot/initrd.img-* "$work/initrd"
    quietly mke2fs -q -t ext4 -d "$work/tree" "$work/disk" "$1"
    rm -rf "$work/tree"
}

# emulator ARGUMENTS...: runs QEMU, with our processor, or, where SLOW is set, with one of its own in a slower time.
emulator() {
    if [ -z "${SLOW:-}" ]; then
        qemu-system-x86_64 -accel kvm -cpu max,-arch-capabilities "$@"
    elif [ "$SLOW" = 1 ]; then
        qemu-system-x86_64 -accel tcg,thread=multi,tb-size=1024 -cpu max "$@"
    else
        faketime -m -f "+0 x$(awk "BEGIN { print 1 / $SLOW }")" \
            qemu-system-x86_64 -accel tcg,thread=multi,tb-size=1024 -cpu max "$@"
    fi
}

# boot_qemu SHARED SIZE COMMAND [ARGUMENTS FOR QEMU...]: boots the disk, runs COMMAND in it, and ends. The guest finds the
# folder SHARED by the tag "shared"; what is written to the disk is forgotten.
boot_qemu() {
    shared=$1 size=$2 command=$3
    shift 3
    kernel="root=/dev/vda rw console=ttyS0 panic=-1 nowatchdog"
    kernel="$kernel tsc=reliable no_timer_check" # what it finds of the clocks in a slow time is right, but unusual
    kernel="$kernel systemd.run_success_action=poweroff systemd.run_failure_action=poweroff"
    emulator -machine q35 -smp 2 -m 3072 -no-reboot -snapshot -nodefaults -display none \
        -device "virtio-vga,xres=${size%x*},yres=${size#*x}" -serial "file:$shared/console" \
        -kernel "$work/kernel" -initrd "$work/initrd" \
        -append "$kernel systemd.run=\"$command\"" \
        -drive "file=$work/disk,format=raw,if=virtio,cache=unsafe" \
        -virtfs "local,path=$shared,mount_tag=shared,security_model=none" "$@"
}

# boot_nspawn SHARED COMMAND: boots the tree in a container with a network of its own that leads out by this computer's,
# runs COMMAND in it, and ends. The guest finds the folder SHARED at /mnt; what is written to the tree is forgotten.
boot_nspawn() {
    printf '#!/bin/sh\nexec %s\n' "$2" >"$work/tree/guest" # one word: releases differ in how they read several
    chmod +x "$work/tree/guest"
    systemd-nspawn --quiet --directory="$work/tree" --volatile=overlay --register=no --keep-unit --private-network \
        --system-call-filter="landlock_create_ruleset landlock_add_rule landlock_restrict_self" \
        --bind="$1:/mnt" --resolv-conf=off --console=pipe --boot -- \
        systemd.run_success_action=exit-force systemd.run_failure_action=exit-force systemd.run=/guest \
        >"$1/console" 2>&1 </dev/null &
    container=$!
    until [ -n "$(inner_of "$container")" ] || ! kill -0 "$container" 2>/dev/null; do sleep 0.1; done
    slirp4netns --configure --mtu=1500 "$(inner_of "$container")" tap0 >"$1/network" 2>&1 &
    network=$!
    wait "$container" || true
    kill "$network" 2>/dev/null || true
}

# The process of the container's init.
inner_of() {
    tr -d ' ' <"/proc/$1/task/$1/children" 2>/dev/null
}

# copy_settings: what a guest needs of this computer's settings to install packages: apt's sources are mmdebstrap's own.
copy_settings() {
    for file in /etc/pip.conf /etc/apt/apt.conf /etc/apt/apt.conf.d/*proxy*; do
        [ ! -e "$file" ] || install -D -m 644 "$file" "$1$file"
    done
    mkdir -p "$1/usr/local/share/ca-certificates" "$1/etc/systemd/network"
    cp /usr/local/share/ca-certificates/*.crt "$1/usr/local/share/ca-certificates/" 2>/dev/null || true
    rm -f "$1/etc/resolv.conf"
    echo "nameserver 10.0.2.3" >"$1/etc/resolv.conf" # of both emulated networks
    printf '[Match]\nName=en* eth*\n[Network]\nAddress=10.0.2.15/24\nGateway=10.0.2.2\n' >"$1/etc/systemd/network/80-guest.network"
}
