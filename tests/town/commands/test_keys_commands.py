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
def sticks(tmp_path):
    """Plugs in the sticks with these root keys out of the drawer, one key on each; how the command is told of them."""
    (tmp_path / "drawer").mkdir()

    def plug(*numbers):
        told = []
        for number in numbers:
            folder = tmp_path / f"stick-{number}"
            folder.mkdir(exist_ok=True)
            name = f"root-{number}.pem"
            (folder / name).write_bytes((tmp_path / "drawer" / name).read_bytes())
            told += ["--root-keys", folder]
        return told

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


def test_forgotten_passphrase_is_replaced_with_two_root_sticks(kiosk, source, sticks, tmp_path):
    kiosk("protect-key", typed=f"{SECRET}\n")
    into_drawer(tmp_path)
    kiosk("rotate-key", "targets", "--forgotten", *sticks(1), typed=f"{SECRET} 2\n", fails="2 are needed")
    kiosk("rotate-key", "targets", *sticks(1, 3), typed="wrong wrong\n", fails="does not open")
    said = kiosk("rotate-key", "targets", "--forgotten", *sticks(1, 3), typed=f"{SECRET} 2\n")
    assert "Signed anew: group all" in said
    kiosk("publish", "--yes", source(), typed=f"{SECRET}\n", fails="does not open")
    assert "Version" in kiosk("publish", "--yes", source(), typed=f"{SECRET} 2\n")


def test_known_passphrase_costs_a_new_key_under_the_same_one(kiosk, source, sticks, tmp_path):
    kiosk("protect-key", typed=f"{SECRET}\n")
    into_drawer(tmp_path)
    assert "Signed anew" in kiosk("rotate-key", "targets", *sticks(2, 3), typed=f"{SECRET}\n")
    kiosk("publish", "--yes", source(), typed="\n", fails="give it")
    assert "Version" in kiosk("publish", "--yes", source(), typed=f"{SECRET}\n")


def test_lost_root_stick_is_worth_nothing_once_the_two_others_have_made_new_ones(kiosk, sticks, tmp_path):
    into_drawer(tmp_path)
    kiosk("rotate-key", "root", *sticks(1, 2))
    places = ("stick-1", "stick-2", "town/keys")
    assert [len(list((tmp_path / place).glob("root-*.pem"))) for place in places] == [2, 2, 1], "one new key for each"
    kiosk("rotate-key", "online", *sticks(3), "--root-keys", tmp_path / "drawer", fails="0 of the town's root keys")
    kiosk("rotate-key", "online", *sticks(1), fails="1 of the town's root keys")
    assert "the online key is new" in kiosk("rotate-key", "online", *sticks(1, 2))
