"""install.sh in a copy of this computer's files that is forgotten afterwards; packages and services are played."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CHROOT = """
set -e
mkdir "$WORK/memory" "$WORK/tree"
mount -t tmpfs tmpfs "$WORK/memory"
mkdir "$WORK/memory/upper" "$WORK/memory/work"
mount -t overlay overlay -o "lowerdir=/,upperdir=$WORK/memory/upper,workdir=$WORK/memory/work" "$WORK/tree"
mount --rbind /dev "$WORK/tree/dev"
mount -t proc proc "$WORK/tree/proc"
mount --bind "$WORK" "$WORK/tree/mnt"
mkdir -p "$WORK/tree/run/systemd/system"
printf 'ID=debian\\nVERSION_ID="%s"\\n' "$VERSION" >"$WORK/memory/os-release"
mount --bind "$WORK/memory/os-release" "$WORK/tree/usr/lib/os-release"
exec chroot "$WORK/tree" sh /mnt/story.sh
"""
SETUP = """#!/bin/sh
home=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
echo "setup.sh $1" >>/mnt/calls
mkdir -p "$home/.venv/bin"
cp /mnt/bin/kiosk /mnt/bin/python "$home/.venv/bin/"
"""
KIOSK = """#!/bin/sh
echo "$(id -un): kiosk $*" >>/mnt/calls
case "$*" in
*answers*-) cat >/dev/null ;;
"setup ask"*) [ ! -e /mnt/ask-breaks ] ;;
"setup try"*) touch /var/lib/kiosk/installation.json ;;
doctor*) exit 2 ;;
esac
"""
SYSTEMCTL = """#!/bin/sh
echo "systemctl $*" >>/mnt/calls
case "$*" in
is-enabled*) [ -e /mnt/enabled ] ;;
"enable --quiet kiosk-station") touch /mnt/enabled ;;
"restart kiosk-station") [ ! -e /mnt/start-breaks ] ;;
esac
"""
NOTHING = "#!/bin/sh\nexit 0\n"


class Computer:
    """A checkout with a stub of setup.sh, and the story that runs beside it, as root."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        checkout = folder / "checkout"
        shutil.copytree(ROOT / "systemd", checkout / "systemd")
        shutil.copy(ROOT / "config.example.toml", checkout)
        (checkout / "kiosk").mkdir()
        self._script(checkout / "systemd/setup.sh", SETUP)
        played = {"kiosk": KIOSK, "python": NOTHING, "systemctl": SYSTEMCTL, "udevadm": NOTHING, "sysctl": NOTHING}
        played["apt-get"] = NOTHING
        for name, text in played.items():
            self._script(folder / "bin" / name, text)
        (folder / "answers").write_text("")
        (folder / "answers").chmod(0o600)

    @staticmethod
    def _script(path: Path, text: str) -> None:
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        path.chmod(0o755)

    def run(self, story: str, version: str = "12") -> tuple[int, str, list[str]]:
        """Run the shell lines ``story``, in which ``install`` is the script. Code, what was printed, and the calls."""
        head = 'PATH=/mnt/bin:$PATH\ninstall_sh() { sh /mnt/checkout/systemd/install.sh "$@"; }\nset -e\n'
        (self.folder / "story.sh").write_text(head + story)
        (self.folder / "calls").write_text("")
        (self.folder / "calls").chmod(0o666)
        as_root = [] if os.geteuid() == 0 else ["sudo", "-n", "-E"]
        done = subprocess.run(
            [*as_root, "unshare", "--mount", "sh", "-c", CHROOT],
            env={**os.environ, "WORK": str(self.folder), "VERSION": version, "TERM": "dumb"},
            capture_output=True,
            text=True,
        )
        return done.returncode, done.stdout + done.stderr, (self.folder / "calls").read_text().splitlines()


@pytest.fixture
def computer(tmp_path: Path) -> Computer:
    for folder in (tmp_path, *tmp_path.parents[:2]):
        folder.chmod(folder.stat().st_mode | 0o011)  # other users come by: pytest's folders are root's alone
    return Computer(tmp_path)


def test_station_is_installed_in_order_and_again_over_itself(computer: Computer) -> None:
    story = """
        install_sh station --answers /mnt/answers --language en
        stat -c '%U %a' /var/lib/kiosk
        stat -c '%U %a' /etc/kiosk/config.toml /etc/systemd/system/kiosk-x.service
        id -Gn kiosk
        ls /opt /etc/udev/rules.d/90-kiosk.rules
        readlink /usr/local/bin/kiosk
        echo '# mine' >>/etc/kiosk/config.toml
        echo kept >/var/lib/kiosk/journal.db
        echo kept >/opt/kiosk/.venv/packages
        echo again >>/mnt/calls
        install_sh station --answers /mnt/answers --language en
        tail -n 1 /etc/kiosk/config.toml /opt/kiosk/.venv/packages
    """
    code, said, calls = computer.run(story)
    assert code == 0, said
    assert "kiosk 700\nroot 644\nroot 644\n" in said
    assert {"video", "render", "audio", "kiosk-sound", "systemd-journal"} <= set(said.split())
    assert "/opt/kiosk/.venv/bin/kiosk" in said
    assert "# mine" in said and "kept" in said
    first, again = calls[: calls.index("again")], calls[calls.index("again") + 1 :]
    wanted = [
        "systemctl stop kiosk-station",
        "setup.sh station",
        "systemctl daemon-reload",
        "systemctl restart kiosk-x",
        "systemctl restart kiosk-sound",
        "root: kiosk setup ask --language en --answers /mnt/answers",
        "root: kiosk setup try --language en --answers /mnt/answers",
        "systemctl enable --quiet kiosk-station",
        "systemctl restart kiosk-station",
        "root: kiosk setup summary --language en",
        "root: kiosk check-config",
    ]
    assert [call for call in first if call in wanted] == wanted
    assert not [call for call in again if "setup try" in call]  # nobody need be in the room
    assert again.count("systemctl restart kiosk-station") == 1


def test_installation_that_breaks_off_leaves_the_room_as_it_was(computer: Computer) -> None:
    """A station that played before plays again."""
    (computer.folder / "enabled").touch()
    (computer.folder / "ask-breaks").touch()
    code, _, calls = computer.run("install_sh station --language en\n")
    assert code != 0
    assert calls[-1] == "systemctl start --no-block kiosk-station"


def test_station_that_does_not_start_is_told_by_the_doctor_and_not_by_systemd_alone(computer: Computer) -> None:
    (computer.folder / "start-breaks").touch()
    code, said, calls = computer.run("install_sh station --language en --answers /mnt/answers\n")
    assert code == 2 and "something above is not right" in said
    assert calls.index("root: kiosk check-config") > calls.index("systemctl restart kiosk-station")
    assert calls[-1] == "systemctl start --no-block kiosk-station", "it is tried on"


def test_town_is_installed_as_its_own_user_and_reads_the_answers_of_root(computer: Computer) -> None:
    story = """
        install_sh town --answers /mnt/answers --language zh
        stat -c '%U %a' /var/lib/kiosk-town
    """
    code, said, calls = computer.run(story, "13")
    assert code == 0, said
    assert "kiosk-town 700" in said
    assert "镇端服务已运行" in said
    assert "kiosk-town: kiosk town setup --language zh --answers -" in calls
    assert calls.index("systemctl restart kiosk-town kiosk-town-work") > calls.index("systemctl daemon-reload")


def test_removed_leaves_data_and_says_where_and_the_other_role_its_program(computer: Computer) -> None:
    story = """
        install_sh town --answers /mnt/answers --language en
        install_sh station --answers /mnt/answers --language en
        echo kept >/var/lib/kiosk/journal.db
        install_sh station --remove --language en
        ls -d /opt/kiosk /var/lib/kiosk/journal.db /etc/kiosk/config.toml /etc/systemd/system/kiosk-town.service
        ! ls /etc/systemd/system/kiosk-x.service /etc/udev/rules.d/90-kiosk.rules /etc/sysctl.d/90-kiosk.conf
        install_sh town --remove --language en
        ls -d /var/lib/kiosk-town
        ! ls /opt/kiosk /usr/local/bin/kiosk
        rm /mnt/enabled
        echo again >>/mnt/calls
        install_sh station --answers /mnt/answers --language en
    """
    code, said, calls = computer.run(story)
    assert code == 0, said
    assert "What was kept: /var/lib/kiosk, /etc/kiosk" in said
    assert "What was kept: /var/lib/kiosk-town" in said
    assert calls.count("setup.sh town") == 2  # the station's installation looks after the town's packages too
    assert [call for call in calls[calls.index("again") :] if "setup try" in call], "the room may be another one"


def test_installed_over_what_a_power_cut_or_a_backup_has_left_and_removed_from_it(computer: Computer) -> None:
    story = """
        install_sh station --answers /mnt/answers --language en
        echo kept >/opt/kiosk/.venv/packages
        mv /opt/kiosk /opt/kiosk.new
        : >/etc/kiosk/config.toml
        : >/etc/systemd/system/kiosk-x.service
        echo back >/var/lib/kiosk/journal.db
        chown -h root /var/lib/kiosk/journal.db
        install_sh station --answers /mnt/answers --language en
        cat /opt/kiosk/.venv/packages
        ls -d /opt/kiosk.new || echo no leavings
        grep -c . /etc/kiosk/config.toml /etc/systemd/system/kiosk-x.service
        stat -c '%U %n' /var/lib/kiosk/journal.db
        rm -r /opt/kiosk/systemd
        install_sh station --remove --language en
        ls /etc/systemd/system/kiosk-* || echo no units
    """
    code, said, _ = computer.run(story)
    assert code == 0, said
    assert "kept" in said and "no leavings" in said and "config.toml:0" not in said and "kiosk-x.service:0" not in said
    assert "kiosk /var/lib/kiosk/journal.db" in said and "no units" in said


def test_web_server_is_given_back_as_it_was(computer: Computer) -> None:
    story = """
        mkdir -p /etc/caddy
        echo mine >/etc/caddy/Caddyfile
        install -d /var/lib/kiosk-town
        echo '# caddy' >/var/lib/kiosk-town/site
        install_sh town --answers /mnt/answers --language en
        cat /etc/caddy/Caddyfile
        install_sh town --remove --language en
        cat /etc/caddy/Caddyfile
    """
    code, said, calls = computer.run(story)
    assert code == 0, said
    assert said.index("# caddy") < said.index("mine") and calls[-1] == "systemctl daemon-reload"


@pytest.mark.parametrize(
    ("words", "version", "sentence"),
    [
        ("", "12", "usage: "),
        ("kiosk", "12", "usage: "),
        ("station --answers", "12", "用法："),
        ("station --language en --answers /mnt/none", "12", "there is no file /mnt/none"),
        ("station --language en", "11", "this needs Debian 12 or 13; here is: debian 11"),
        ("station --language fr", "12", "usage: "),
    ],
)
def test_what_cannot_be_installed_is_told_before_anything_is_touched(
    computer: Computer, words: str, version: str, sentence: str
) -> None:
    code, said, calls = computer.run(f"install_sh {words}\n", version)
    assert (code, calls) == (2, [])
    assert sentence in said or sentence == "usage: " and "用法：" in said
