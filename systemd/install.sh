#!/bin/sh
# Makes this Debian computer (12 or 13, no desktop) a station of an education room, or a town's end. Run it again to
# repair or to upgrade: settings and records stay.
#     sudo sh systemd/install.sh station|town [--answers FILE] [--language zh|en] [--try] [--remove]
# It copies its checkout to /opt/kiosk, installs packages, users, folders, settings and units, asks what it must know, and
# for a station shows a test picture and plays a test sound. --answers: systemd/answers.example.toml says what stands in
# that file. --try: picture and sound once more. --remove: units and program go, records and settings stay.
set -eu
umask 022
root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
home=/opt/kiosk
units=/etc/systemd/system
rules=/etc/udev/rules.d/90-kiosk.rules
keys=/etc/sysctl.d/90-kiosk.conf
role=
answers=
language=zh
again=
remove=
[ "${TERM:-}" != linux ] || language=en # the console has no Chinese letters

# say ENGLISH CHINESE
say() {
    if [ "$language" = zh ]; then echo "kiosk: $2" >&2; else echo "kiosk: $1" >&2; fi
}

stop() {
    say "$@"
    exit 2
}

usage() {
    stop "usage: sudo sh systemd/install.sh station|town [--answers FILE] [--language zh|en] [--try] [--remove]" \
        "用法：sudo sh systemd/install.sh station|town [--answers 文件] [--language zh|en] [--try] [--remove]"
}

while [ "$#" -gt 0 ]; do
    case $1 in
    station | town) role=$1 ;;
    --answers) [ "$#" -gt 1 ] || usage && shift && answers=$1 ;;
    --language) [ "$#" -gt 1 ] || usage && shift && language=$1 ;;
    --try) again=yes ;;
    --remove) remove=yes ;;
    *) usage ;;
    esac
    shift
done
[ -n "$role" ] || usage
case $language in zh | en) ;; *) usage ;; esac
if [ "$role" = station ]; then state=/var/lib/kiosk; else state=/var/lib/kiosk-town; fi

check_system() {
    [ "$(id -u)" -eq 0 ] || stop "run this as root: sudo sh $0 $role" "请以 root 身份运行：sudo sh $0 $role"
    # shellcheck source=/dev/null
    version=$(. /etc/os-release && echo "${ID:-} ${VERSION_ID:-0}")
    case $version in
    "debian 12" | "debian 13") ;;
    *) stop "this needs Debian 12 or 13; here is: $version" "需要 Debian 12 或 13；本机是：$version" ;;
    esac
    [ -d /run/systemd/system ] || stop "systemd does not run here" "本机未运行 systemd"
    [ -z "$answers" ] || [ -f "$answers" ] || stop "there is no file $answers" "没有文件 $answers"
}

# Where the checkout is not /opt/kiosk itself. The Python packages that are there already move along.
copy_checkout() {
    [ "$root" != "$home" ] || return 0
    say "copying the program to $home" "正在把程序复制到 $home"
    if [ ! -d "$home/.venv" ] && [ -d "$home.new/.venv" ]; then # a power cut in the midst of this
        mkdir -p "$home"
        mv "$home.new/.venv" "$home/.venv"
    fi
    rm -rf "$home.new"
    mkdir "$home.new"
    tar -C "$root" --exclude=./.git --exclude=./.venv --exclude=__pycache__ --exclude='*_cache' --exclude='*.egg-info' \
        -c . | tar -C "$home.new" --no-same-owner -x
    chmod -R go+rX "$home.new"
    [ ! -d "$home/.venv" ] || mv "$home/.venv" "$home.new/.venv"
    rm -rf "$home.old"
    [ ! -e "$home" ] || mv "$home" "$home.old"
    mv "$home.new" "$home"
    rm -rf "$home.old"
}

install_program() {
    copy_checkout
    sh "$home/systemd/setup.sh" "$role"
    # a PC that is both: the other one's packages follow the same versions
    for other in station town; do
        [ "$other" = "$role" ] || [ ! -e "$units/kiosk-$other.service" ] || sh "$home/systemd/setup.sh" "$other"
    done
    "$home/.venv/bin/python" -m compileall -q "$home/kiosk" # users who cannot write there start faster
    ln -sfn "$home/.venv/bin/kiosk" /usr/local/bin/kiosk
}

# add_user NAME HOME GROUP...
add_user() {
    name=$1 folder=$2
    shift 2
    getent passwd "$name" >/dev/null ||
        useradd --system --user-group --home-dir "$folder" --shell /usr/sbin/nologin "$name"
    for group; do
        usermod --append --groups "$group" "$name"
    done
}

# The state folder, with all that root has put back into it from a backup.
own_state() {
    install -d -o "$1" -g "$1" -m 700 "$state"
    chown -R "$1:$1" "$state"
}

# The units of this role, each on a line; wherever they lie in this checkout: the installed one may be damaged.
role_units() {
    find "$root/systemd" -name 'kiosk-*.service' -o -name 'kiosk-*.path' -o -name 'kiosk-*.timer' | sort |
        if [ "$role" = town ]; then grep /kiosk-town; else grep -v /kiosk-town; fi
}

# Those of them that wait for a wish of the daemon, or for the time.
waiting_units() {
    role_units | sed -n -e 's|.*/||' -e '/@[.]path$/{h; s/@/@x/p; g; s/@/@sound/p; d}' -e '/service$/!p'
}

install_units() {
    for unit in $(role_units); do
        install -m 644 "$unit" "$units/"
    done
    systemctl daemon-reload
    for name in $(waiting_units); do
        systemctl enable --quiet --now "$name"
    done
}

# Network time, unless somebody has chosen a program for that.
install_clock() {
    for program in systemd-timesyncd chrony ntpsec openntpd; do
        ! dpkg-query --show --showformat '${db:Status-Status}' "$program" 2>/dev/null | grep -qx installed || return 0
    done
    DEBIAN_FRONTEND=noninteractive apt-get --quiet --quiet --yes install systemd-timesyncd >/dev/null </dev/null ||
        say "network time could not be installed; the town's clock will be used" "未能安装网络校时，将使用镇里的时间"
}

as_town() {
    runuser --user kiosk-town -- env KIOSK_TOWN="$state" "$home/.venv/bin/kiosk" town "$@"
}

install_town() {
    install_program
    add_user kiosk-town "$state"
    own_state kiosk-town
    install_clock
    install_units
    if [ -n "$answers" ]; then
        as_town setup --language "$language" --answers - <"$answers"
    else
        as_town setup --language "$language"
    fi
    systemctl enable --quiet kiosk-town kiosk-town-work
    systemctl restart kiosk-town kiosk-town-work
    install_web_server
    tries=0
    until town_answers; do
        tries=$((tries + 1))
        [ "$tries" -lt 60 ] || stop "the town's server does not answer; see: journalctl -u kiosk-town" \
            "镇端服务没有应答，请看：journalctl -u kiosk-town"
        sleep 1
    done
    say "the town's server runs; its folder, to be backed up: $state" "镇端服务已运行；请备份文件夹：$state"
    say "keys to move to sticks: $state/keys/root-*.pem" "请把密钥移到 U 盘分开保管：$state/keys/root-*.pem"
}

town_answers() {
    "$home/.venv/bin/python" -c 'from urllib.request import urlopen
urlopen("http://127.0.0.1:8090/v1/root/1.root.json", timeout=5)' 2>/dev/null
}

# The file that `kiosk town setup` has written for the web server that was chosen; none: somebody else sees to that.
install_web_server() {
    [ -e "$state/site" ] || return 0
    server=$(sed -n '1s/^# //p' "$state/site")
    say "installing the web server $server" "正在安装网站服务 $server"
    DEBIAN_FRONTEND=noninteractive apt-get --quiet --quiet --yes --no-install-recommends install "$server" \
        >/dev/null </dev/null
    place=$(site_place "$server")
    [ "$server" != nginx ] || make_certificate
    [ ! -e "$place" ] || [ -e "$place.before-kiosk" ] || cp -p "$place" "$place.before-kiosk"
    install -m 644 "$state/site" "$place"
    systemctl enable --quiet "$server"
    systemctl restart "$server" || say "$server does not start; see: journalctl -u $server" \
        "$server 未能启动，请看：journalctl -u $server"
}

site_place() {
    if [ "$1" = nginx ]; then echo /etc/nginx/conf.d/kiosk-town.conf; else echo /etc/caddy/Caddyfile; fi
}

# What somebody has changed in it since is theirs.
remove_site() {
    for server in nginx caddy; do
        place=$(site_place "$server")
        cmp -s "$state/site" "$place" || continue
        rm -f "$place"
        [ ! -e "$place.before-kiosk" ] || mv "$place.before-kiosk" "$place"
        systemctl try-restart "$server" || true
    done
}

# nginx does not start without a certificate: until the true one is there, one that it signs itself.
make_certificate() {
    [ ! -e /etc/kiosk-town/town.pem ] || return 0
    host=$(sed -n 's/^ *server_name \(.*\);$/\1/p' "$state/site" | head -n 1)
    install -d -m 700 /etc/kiosk-town
    openssl req -x509 -newkey rsa:2048 -nodes -days 3650 -subj "/CN=$host" \
        -addext "subjectAltName=$(case $host in *[!0-9.]*) echo DNS ;; *) echo IP ;; esac):$host" \
        -keyout /etc/kiosk-town/town.key -out /etc/kiosk-town/town.pem 2>/dev/null
    say "put the true certificate and its key to /etc/kiosk-town/town.pem and town.key; until then stations need a copy \
of that town.pem and name it as [town] ca_file" \
        "请把正式证书和密钥放到 /etc/kiosk-town/town.pem 和 town.key；在此之前，各站点须有 town.pem 的副本，并在设置 [town] ca_file 中写明"
}

install_station() {
    systemctl is-enabled --quiet kiosk-station 2>/dev/null || again=yes # new here, or it was removed
    systemctl stop kiosk-station 2>/dev/null || true # its files change, and the test needs the screen
    trap '! systemctl is-enabled --quiet kiosk-station 2>/dev/null || systemctl start --no-block kiosk-station' EXIT
    install_program
    add_user kiosk-sound /run/kiosk-sound audio
    add_user kiosk "$state" video render audio input systemd-journal kiosk-sound
    own_state kiosk
    [ -s /etc/kiosk/config.toml ] || install -D -m 644 "$home/config.example.toml" /etc/kiosk/config.toml
    install_clock
    install_units
    install -m 644 "$home/systemd/kiosk.rules" "$rules"
    udevadm control --reload 2>/dev/null || true # a container has none
    install -m 644 "$home/systemd/kiosk.sysctl" "$keys"
    sysctl --quiet --load="$keys" 2>/dev/null || true # a container may not
    systemctl enable --quiet kiosk-x kiosk-sound
    systemctl restart kiosk-x || say "the X server does not start; see: journalctl -u kiosk-x" \
        "屏幕服务未能启动，请看：journalctl -u kiosk-x"
    systemctl restart kiosk-sound || say "the sound server does not start; see: journalctl -u kiosk-sound" \
        "声音服务未能启动，请看：journalctl -u kiosk-sound"
    step ask ${answers:+--answers "$answers"}
    if [ -n "$again" ] || [ ! -e "$state/installation.json" ]; then
        step try ${answers:+--answers "$answers"} || trouble=yes
    fi
    systemctl enable --quiet kiosk-station
    systemctl restart kiosk-station || trouble=yes # why, the doctor says below
    step summary || trouble=yes
    final_check || trouble=yes
    if [ -n "${trouble:-}" ]; then
        stop "installed, but something above is not right; mend it, then run this again with --try" \
            "已安装，但上面有问题；处理后请加 --try 再运行一次"
    fi
    say "installed. Records, to be backed up: $state" "安装完成。记录请备份：$state"
}

step() {
    name=$1
    shift
    "$home/.venv/bin/kiosk" setup "$name" --language "$language" "$@"
}

# What is wrong, if anything.
final_check() {
    if "$home/.venv/bin/kiosk" doctor --help >/dev/null 2>&1; then
        "$home/.venv/bin/kiosk" doctor
    else
        "$home/.venv/bin/kiosk" check-config
    fi
}

remove_role() {
    for name in $(waiting_units) $(role_units | sed 's|.*/||'); do
        systemctl disable --quiet --now "$name" 2>/dev/null || true
        rm -f "$units/$name"
    done
    if [ "$role" = town ]; then remove_site; else rm -f "$rules" "$keys"; fi
    systemctl daemon-reload
    if [ ! -e "$units/kiosk-station.service" ] && [ ! -e "$units/kiosk-town.service" ]; then
        rm -rf "$home" "$home.new" "$home.old"
        [ "$(readlink /usr/local/bin/kiosk || true)" != "$home/.venv/bin/kiosk" ] || rm -f /usr/local/bin/kiosk
    fi
    say "removed. What was kept: $state$([ "$role" = town ] || echo ", /etc/kiosk")" \
        "已卸载。数据保留在：$state$([ "$role" = town ] || echo "、/etc/kiosk")"
}

check_system
if [ -n "$remove" ]; then
    remove_role
elif [ "$role" = town ]; then
    install_town
else
    install_station
fi
