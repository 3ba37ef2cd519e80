"""A key is replaced: what the town itself had signed is signed anew, and nothing else."""

from datetime import UTC, datetime

import pytest
from click.testing import CliRunner
from town.published import TERMS, accepted, notice, tick, urgent_index, urgent_source

from kiosk.contract import trust
from kiosk.contract.trust import Held, Refused
from kiosk.contract.wire import encode
from kiosk.town.commands.town import town as command
from kiosk.town.publishing.publish import publish, publish_urgent
from kiosk.town.publishing.rotation import rotate
from kiosk.town.signing import keys
from kiosk.town.signing.keys import KeyTrouble
from kiosk.town.town import TownError, found_town


def test_week_signed_by_the_old_key_is_refused_after_rotation(office, source):
    publish(office, source(), TERMS, tick)
    publish_urgent(office, urgent_source(source, notice()), TERMS, tick)
    old = office.public.group_path("all").read_bytes()
    first = trust.first_root(
        office.public.root_path(1).read_bytes(), trust.digest(office.public.root_path(1).read_bytes())
    )
    assert rotate(office, "targets", [office.keys_folder], TERMS).root_version == 2
    root = trust.next_root(first, office.public.root_path(2).read_bytes())
    with pytest.raises(Refused) as caught:
        trust.index(root, old, Held(), datetime.now(UTC))
    assert caught.value.reason == "wrong-key"
    assert accepted(office, root=root).version == 3
    assert list(trust.pinned_notices(urgent_index(office))) == ["flood"]
    assert publish(office, source(), TERMS, tick).playlist.version == 5
    with pytest.raises(Refused):
        trust.index(first, office.public.group_path("all").read_bytes(), Held(), datetime.now(UTC))


@pytest.mark.parametrize("role", ["online", "root"])
def test_other_keys_rotate_along_the_root_chain(office, source, role):
    publish(office, source(), TERMS, tick)
    before = keys.current_root(office.public)
    rotate(office, role, [office.keys_folder], TERMS)
    after = trust.next_root(before, office.public.root_path(2).read_bytes())
    name = keys.ROLES[role][0]
    assert not set(before.roles[name].keyids) & set(after.roles[name].keyids)
    assert after.roles["root"].threshold == 2
    assert accepted(office).version == 1
    rotate(office, "targets", [office.keys_folder], TERMS)
    assert trust.next_root(after, office.public.root_path(3).read_bytes()).version == 3


def test_rotation_needs_a_threshold_of_root_keys(office, tmp_path):
    for path in list(office.keys_folder.glob("root-[23].pem")):
        path.unlink()
    with pytest.raises(KeyTrouble, match=r"1 of the town's root keys are here, 2 are needed"):
        rotate(office, "targets", [office.keys_folder], TERMS)
    assert office.public.root_version() == 1


def test_c2_forged_week_in_the_public_folder_is_not_made_genuine(office, source, tmp_path):
    """Whoever can write the folder puts a week of his own there, signed by a key of his."""
    publish(office, source(), TERMS, tick)
    genuine = office.public.group_path("all").read_bytes()
    forger = found_town(tmp_path / "forger", "Forger", town="fengle", by="forger")
    publish(forger, source(title="Forged"), TERMS, tick)
    for file in (forger.public.folder / "files").iterdir():
        office.public.write(office.public.file_path(file.name), file.read_bytes())
    forged = forger.public.group_path("all").read_bytes()
    forger.close()
    office.public.write(office.public.group_path("all"), forged)
    done = rotate(office, "targets", [office.keys_folder], TERMS)
    assert done.signed == () and "all.json: version 1: not signed by a key" in done.set_aside[0]
    assert not office.public.group_path("all").exists(), "the rest of the town counts no version of it"
    [kept] = (office.folder / "set-aside").iterdir()
    assert kept.read_bytes() == forged != genuine


def stolen_key_signs(office, group, version):
    """A week of the thief's, signed by the town's own targets key."""
    index = trust.index(keys.current_root(office.public), office.public.group_path("all").read_bytes(), Held(), None)
    week = accepted(office)
    data = encode(
        week.__class__(**{f: getattr(week, f) for f in week.__struct_fields__} | {"version": version, "group": group})
    )
    office.public.write(office.public.file_path(trust.digest(data)), data)
    pins = {name: pin for name, pin in index.files.items() if not name.startswith(trust.PLAYLIST)}
    pins[trust.PLAYLIST + group] = trust.Pinned(len(data), trust.digest(data))
    expires = datetime(2099, 1, 1, tzinfo=UTC)
    office.public.write(office.public.group_path(group), office.signer.targets(version, expires, pins))


@pytest.mark.parametrize("group", ["all", "north"])
def test_c2_week_that_the_database_does_not_know_is_not_signed_anew(office, source, group):
    publish(office, source(), TERMS, tick)
    stolen_key_signs(office, group, 2**53)
    with pytest.raises(TownError, match="rotate-key targets"):
        publish(office, source(), TERMS, tick)
    done = rotate(office, "targets", [office.keys_folder], TERMS)
    assert [line for line in done.set_aside if "does not know version 9007199254740992" in line]
    assert done.signed == (
        ("group all: 2026-03-02 to 2026-03-08, version 1 is now version 2",) if group == "north" else ()
    )
    assert publish(office, source(), TERMS, tick).playlist.version < 5


def test_c2_old_week_of_the_towns_own_is_not_signed_anew(office, source):
    publish(office, source(title="old"), TERMS, tick)
    old = office.public.group_path("all").read_bytes()
    publish(office, source(title="new"), TERMS, tick)
    office.public.write(office.public.group_path("all"), old)
    done = rotate(office, "targets", [office.keys_folder], TERMS)
    assert done.signed == () and "does not know version 1 as its newest" in done.set_aside[0]


def test_c2_rotation_lists_what_it_signs(office, source):
    publish(office, source(), TERMS, tick)
    publish_urgent(office, urgent_source(source, notice()), TERMS, tick)
    office.public.write(office.public.group_path("north"), b"{}")
    run = CliRunner().invoke(command, ["--folder", str(office.folder), "rotate-key", "targets"])
    assert run.exit_code == 0
    assert run.stdout.splitlines()[1:3] == [
        "Signed anew: group all: 2026-03-02 to 2026-03-08, version 1 is now version 3",
        "Signed anew: urgent notices (flood): now version 4",
    ]
    assert "set-aside: north.json: " in run.stdout


def test_c1_what_is_signed_anew_is_good_before_the_new_root_and_after_it(office, source, monkeypatch):
    """A station that asks in the middle of a rotation, or of one that breaks off, loses nothing."""
    publish(office, source(), TERMS, tick)
    before = keys.current_root(office.public)

    def power_cut(public, new):
        raise OSError("power cut")

    with monkeypatch.context() as patch:
        patch.setattr(keys, "publish_root", power_cut)
        with pytest.raises(OSError, match="power cut"):
            rotate(office, "targets", [office.keys_folder], TERMS)
    assert keys.current_root(office.public).version == 1
    assert accepted(office, root=before).version == 2
    done = rotate(office, "targets", [office.keys_folder], TERMS)
    assert done.signed == ("group all: 2026-03-02 to 2026-03-08, version 2 is now version 3",)
    assert done.set_aside == ()
    after = trust.next_root(before, office.public.root_path(2).read_bytes())
    assert accepted(office, root=before).version == accepted(office, root=after).version == 3


def test_c1_rotation_of_a_key_whose_file_is_lost(office, source):
    publish(office, source(), TERMS, tick)
    for path in office.keys_folder.glob("targets-*.pem"):
        path.unlink()
    assert rotate(office, "targets", [office.keys_folder], TERMS).root_version == 2
    assert accepted(office).version == 2


def test_c2_metadata_above_every_version_is_no_news_for_stations(office, source):
    publish(office, source(), TERMS, tick)
    path = office.public.group_path("all")
    path.write_bytes(path.read_bytes().replace(b'"version":1}', b'"version":9223372036854775807}'))
    assert office.public.version(path) == 0
    path.write_bytes(b"rubbish")
    assert office.public.version(path) == 0
