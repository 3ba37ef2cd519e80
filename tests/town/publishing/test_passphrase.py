"""The publishing key under a passphrase: nothing is signed without it, and no file or database holds it."""

import dataclasses

import pytest
from town.published import TERMS, accepted, tick

from kiosk.contract.reports import Witness
from kiosk.town.publishing.publish import publish
from kiosk.town.publishing.rotation import rotate
from kiosk.town.signing import keys
from kiosk.town.signing.keys import KeyTrouble, Locked, WrongPassphrase
from kiosk.town.town import open_town

SECRET = "一路春风到丰乐镇的稻田"
TERMS_RECORD = Witness(station="a", epoch="b", seq=0, hash="0" * 64, at_ms=0)


def protected(office, before=""):
    keys.protect(office.keys_folder, office.public, SECRET, before)


def opened(office, passphrase=SECRET):
    return dataclasses.replace(office, signer=office.signer.opened(passphrase))


def test_nothing_is_published_without_the_passphrase(office, source):
    protected(office)
    assert keys.is_locked(office.keys_folder)
    with pytest.raises(Locked):
        publish(office, source(), TERMS, tick)
    assert office.public.groups() == []
    assert publish(opened(office), source(), TERMS, tick).playlist == accepted(office)


def test_wrong_passphrase_is_told_and_opens_nothing(office):
    protected(office)
    with pytest.raises(WrongPassphrase):
        office.signer.opened("nothing of the kind")


def test_passphrase_is_in_no_file(office):
    protected(office)
    office.close()
    for path in office.folder.rglob("*"):
        assert path.is_dir() or SECRET.encode() not in path.read_bytes()
    assert (office.keys_folder / "targets-1.pem").stat().st_mode & 0o777 == 0o600


def test_passphrase_is_changed_by_who_knows_it(office, source):
    protected(office)
    with pytest.raises(Locked):
        keys.protect(office.keys_folder, office.public, "another long one")
    keys.protect(office.keys_folder, office.public, "another long one", SECRET)
    assert publish(opened(office, "another long one"), source(), TERMS, tick)
    with pytest.raises(KeyTrouble):
        keys.protect(office.keys_folder, office.public, "short", "another long one")


def test_station_answers_need_no_passphrase(office):
    protected(office)
    again = open_town(office.folder)
    assert again.signer.vouch(TERMS_RECORD)
    again.close()


def test_rotation_keeps_the_passphrase_and_signs_by_both_keys(office, source):
    publish(office, source(), TERMS, tick)
    root = keys.current_root(office.public)
    protected(office)
    rotate(office, "targets", [office.keys_folder], TERMS, SECRET)
    assert accepted(office).version == accepted(office, root=root).version == 2
    with pytest.raises(Locked):
        publish(office, source(), TERMS, tick)
    assert publish(opened(office), source(), TERMS, tick).playlist == accepted(office)


def test_forgotten_passphrase_costs_a_new_key_and_nothing_else(office, source):
    publish(office, source(), TERMS, tick)
    protected(office)
    done = rotate(office, "targets", [office.keys_folder], TERMS, "quite another passphrase")
    assert (accepted(office).version, done.set_aside) == (2, ())
    assert publish(opened(office, "quite another passphrase"), source(), TERMS, tick).playlist.version == 3


def test_server_says_which_root_keys_lie_on_it(office):
    assert keys.root_keys_here(office.keys_folder) == ["root-1.pem", "root-2.pem", "root-3.pem"]
    for path in office.keys_folder.glob("root-*.pem"):
        path.unlink()
    assert keys.root_keys_here(office.keys_folder) == []
