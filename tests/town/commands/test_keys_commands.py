"""What the console's page of keys tells an officer to have done, done by the commands: passphrase, rotation, loss."""

import pytest
from click.testing import CliRunner

from kiosk.town.commands.town import town

SECRET = "一路春风到丰乐镇的稻田"


@pytest.fixture
def kiosk(tmp_path, source):
    """Runs `kiosk town ...` in a town with one week published; ``typed`` goes to standard input."""

    def run(*arguments, typed="", fails=None):
        orders = ["--folder", str(tmp_path / "town"), "--by", "li", *map(str, arguments)]
        done = CliRunner().invoke(town, orders, input=typed)
        if fails is not None:
            assert done.exit_code != 0 and fails in done.stderr and "Traceback" not in done.output
            return done.stderr
        assert done.exit_code == 0, done.output
        return done.stdout

    run("init", "丰乐镇", "--id", "fengle")
    run("publish", "--yes", source())
    return run


@pytest.fixture
def stick(tmp_path):
    """A folder for the town's root keys."""
    folder = tmp_path / "stick"
    folder.mkdir()

    def plug(*numbers):
        for path in folder.iterdir():
            path.unlink()
        for number in numbers:
            name = f"root-{number}.pem"
            (folder / name).write_bytes((tmp_path / "drawer" / name).read_bytes())
        return folder

    drawer = tmp_path / "drawer"
    drawer.mkdir()
    return plug


def into_drawer(tmp_path):
    for path in (tmp_path / "town" / "keys").glob("root-*.pem"):
        path.rename(tmp_path / "drawer" / path.name)


def test_publishing_asks_for_the_passphrase_and_it_can_be_changed(kiosk, source):
    assert "under a passphrase" in kiosk("protect-key", typed=f"{SECRET}\n")
    kiosk("publish", "--yes", source(), fails="give it", typed="\n")
    kiosk("publish", "--yes", source(), fails="does not open", typed="wrong wrong wrong\n")
    assert "Version" in kiosk("publish", "--yes", source(), typed=f"{SECRET}\n")
    kiosk("protect-key", typed=f"wrong wrong\n{SECRET} 2\n", fails="does not open")
    kiosk("protect-key", typed=f"{SECRET}\nshort\n", fails="at least 10")
    kiosk("protect-key", typed=f"{SECRET}\n{SECRET} 2\n")
    assert "Version" in kiosk("publish", "--yes", source(), typed=f"{SECRET} 2\n")


def test_forgotten_passphrase_is_replaced_with_two_root_sticks(kiosk, source, stick, tmp_path):
    kiosk("protect-key", typed=f"{SECRET}\n")
    into_drawer(tmp_path)
    kiosk("rotate-key", "targets", "--forgotten", "--root-keys", stick(1), typed=f"{SECRET} 2\n", fails="2 are needed")
    kiosk("rotate-key", "targets", "--root-keys", stick(1, 3), typed="wrong wrong\n", fails="does not open")
    said = kiosk("rotate-key", "targets", "--forgotten", "--root-keys", stick(1, 3), typed=f"{SECRET} 2\n")
    assert "Signed anew: group all" in said
    kiosk("publish", "--yes", source(), typed=f"{SECRET}\n", fails="does not open")
    assert "Version" in kiosk("publish", "--yes", source(), typed=f"{SECRET} 2\n")


def test_known_passphrase_costs_a_new_key_under_the_same_one(kiosk, source, stick, tmp_path):
    kiosk("protect-key", typed=f"{SECRET}\n")
    into_drawer(tmp_path)
    assert "Signed anew" in kiosk("rotate-key", "targets", "--root-keys", stick(2, 3), typed=f"{SECRET}\n")
    kiosk("publish", "--yes", source(), typed="\n", fails="give it")
    assert "Version" in kiosk("publish", "--yes", source(), typed=f"{SECRET}\n")


def test_lost_root_stick_is_worth_nothing_once_the_two_others_have_made_new_ones(kiosk, stick, tmp_path):
    into_drawer(tmp_path)
    folder = stick(1, 2)
    kiosk("rotate-key", "root", "--root-keys", folder)
    made = sorted(path.name for path in folder.glob("root-*.pem"))
    assert len(made) == 5, "the two old ones and three new ones"
    old = stick(1, 3)
    kiosk("rotate-key", "online", "--root-keys", old, fails="0 of the town's root keys are here")
