#!/bin/sh
# What xorg.sh runs in the computer that it boots: Xorg on the virtual card, and cuts.py on its screen.
# All that they say goes to the folder that both computers share.    sh xorg_guest.sh plain|glamor [FOR CUTS.PY ...]
set -eu
root=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd -P)
way=$1
shift
shared=/mnt
mount -t 9p -o trans=virtio shared "$shared"
cd "$root"
export TMPDIR=/bench HOME=/root DISPLAY=:0  # clips are linked, so they lie on one disk with what the bench makes

cat >/etc/X11/xorg.conf <<'END'
Section "Device"
    Identifier "card"
    Driver "modesetting"
EndSection
END
# Xorg does not draw by OpenGL where Mesa calls itself llvmpipe, its software; so it is given another name.
[ "$way" = plain ] || cat >/etc/drirc <<'END'
<driconf><device><application name="Xorg" executable="Xorg">
    <option name="force_gl_renderer" value="software"/>
</application></device></driconf>
END

Xorg :0 vt7 -nolisten tcp -nocursor -keeptty -s 0 -noreset >"$shared/Xorg.out" 2>&1 &
tries=0
until xrandr >"$shared/xrandr" 2>&1 || [ "$tries" -ge 100 ]; do
    tries=$((tries + 1))
    sleep 0.2
done
{
    grep -E 'X.Org X Server|modeset\(0\).*(glamor|using drv)' /var/log/Xorg.0.log
    grep -F '*' "$shared/xrandr"
    xvinfo | grep -iE 'adaptor'
} >"$shared/facts" 2>&1 || true
if [ "$way" = hostile ]; then
    set -- "$root/tests/chaos/hostile_child.py"
else
    set -- "$root/tests/bench/cuts.py" --display :0 "$@"
fi
"$root/.venv/bin/python" "$@" >"$shared/cuts.out" 2>"$shared/cuts.err" || true
cp /var/log/Xorg.0.log "$shared"
