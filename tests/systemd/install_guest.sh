#!/bin/sh
# What install.sh runs in the computer that it boots: installs a town and a station, each from a file of answers and with
# no step between, and then watches (install_guest.py). Its log and its figures go to the shared folder /mnt.
#     sh install_guest.sh qemu|nspawn
set -eu
root=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd -P)
where=$1
shared=/mnt
[ "$where" != qemu ] || mount -t 9p -o trans=virtio shared "$shared"
exec >>"$shared/log" 2>&1
export HOME=/root TERM=dumb
[ "$where" != qemu ] || systemctl start systemd-networkd

if [ "$where" = nspawn ]; then
    # A container has no virtual terminal and no graphics card.
    mkdir -p /etc/systemd/system/kiosk-x.service.d /etc/X11/xorg.conf.d
    cat >/etc/systemd/system/kiosk-x.service.d/container.conf <<'END'
[Service]
StandardInput=null
TTYPath=
DevicePolicy=auto
END
    cat >/etc/X11/xorg.conf.d/dummy.conf <<'END'
Section "Device"
    Identifier "card"
    Driver "dummy"
    VideoRam 65536
EndSection
Section "Monitor"
    Identifier "monitor"
    HorizSync 5.0-1000.0
    VertRefresh 5.0-200.0
    Modeline "1280x720" 74.50 1280 1344 1472 1664 720 723 728 748
EndSection
Section "Screen"
    Identifier "screen"
    Device "card"
    Monitor "monitor"
    DefaultDepth 24
    SubSection "Display"
        Depth 24
        Modes "1280x720"
    EndSubSection
EndSection
END
    apt-get --quiet update
    DEBIAN_FRONTEND=noninteractive apt-get --quiet --quiet --yes --no-install-recommends install xserver-xorg-video-dummy
fi

[ "$where" = qemu ] && server=caddy || server=nginx
umask 077
cat >/root/town.toml <<END
name = "丰乐镇"
address = "http://127.0.0.1:8090"
officer = "李萍"
password = "田埂 barley 42"
web_server = "$server"
[[station]]
id = "chenjia"
name = "陈家村"
END
cat >/root/station.toml <<'END'
town = "http://127.0.0.1:8090"
code_file = "/var/lib/kiosk-town/codes/chenjia"
pin = "407815"
picture = "unattended"
sound = "unattended"
END
umask 022

seconds() {
    cut -d ' ' -f 1 /proc/uptime
}

# timed NAME COMMAND...: keeps how long it took, and how it ended.
timed() {
    what=$1 begun=$(seconds) code=0
    shift
    "$@" || code=$?
    echo "$what $begun $(seconds) $code" | tee -a "$shared/times"
}

timed town sh "$root/systemd/install.sh" town --answers /root/town.toml
timed station sh "$root/systemd/install.sh" station --answers /root/station.toml
/opt/kiosk/.venv/bin/python "$root/tests/systemd/install_guest.py" installed "$shared"
timed again sh "$root/systemd/install.sh" station --answers /root/station.toml
/opt/kiosk/.venv/bin/python "$root/tests/systemd/install_guest.py" faults "$shared"
timed removed sh "$root/systemd/install.sh" station --remove
timed town_removed sh "$root/systemd/install.sh" town --remove
python3 "$root/tests/systemd/install_guest.py" removed "$shared"
