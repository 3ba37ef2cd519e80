"""Whom a station believes: every forged, stale or mixed-up document is refused with a word and a sentence."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from securesystemslib.formats import encode_canonical
from signing import EXPIRES, NOW, Town, edit, files, key, pin, playlist, programme, sign, slot

from kiosk.contract import trust
from kiosk.contract.playlist import Urgent
from kiosk.contract.reports import HeartbeatAnswer, Signed, Witness
from kiosk.contract.trust import Held, Pinned, Refused
from kiosk.contract.wire import encode

TOWN = Town()
ROOT = trust.stored_root(TOWN.root())


def offered(week=None, *, town=TOWN, version=1, **index):
    """A week as published: metadata and playlist bytes."""
    week = week or playlist(version=version)
    data = encode(week)
    return town.index(files(week, data), version=version, **index), data


def refuses(reason, call, *words):
    with pytest.raises(Refused) as caught:
        call()
    assert caught.value.reason == reason, str(caught.value)
    for word in words:
        assert word in str(caught.value)


def test_playlist_that_the_town_signed_is_accepted():
    metadata, data = offered()
    index = trust.index(ROOT, metadata, Held(), NOW)
    assert trust.the_playlist(index, data, "all").version == 1
    assert trust.index(ROOT, metadata, index.held, NOW) == index


def test_playlist_from_before_peaks_were_measured_and_slots_had_endings_is_accepted():
    """Byte for byte what a town of then published: hash and signature are over what came."""
    rice = programme("rice", title="水稻", duration_ms=9000)
    week = playlist(
        programmes=(programme(short=True, category="党建"), rice),
        slots=(slot(programmes=("opening", "rice"), occasion="主题党日"),),
    )
    data = encode(week)
    for newer in (b'"peak_cdbtp":null,', b'"ending":"cut",', b'"audio_track":0,', b'"headings":[],'):
        data = data.replace(newer, b"")
    for newer in ("still", "rest", "picture_start", "picture_end", "sound_start", "sound_end"):
        data = data.replace(f'"{newer}_ms":null,'.encode(), b"")
    assert trust.digest(data) == "e162971a197dfd0418ca87dbe1da8c9b415bbfa9bc87a3ec0f3f26266c9542ee"
    index = trust.index(ROOT, TOWN.index(files(week, data)), Held(), NOW)
    accepted = trust.the_playlist(index, data, "all")
    assert accepted == week
    assert [one.peak_cdbtp for one in accepted.programmes] == [None, None]
    assert accepted.slots[0].ending == "cut"


def test_playlist_not_signed_is_refused():
    metadata, _ = offered(signed_by=[])
    refuses("not-signed", lambda: trust.index(ROOT, metadata, Held(), NOW), "version 1", "not signed")


def test_playlist_signed_by_another_key_is_refused():
    metadata, _ = offered(signed_by=["stranger"])
    refuses("wrong-key", lambda: trust.index(ROOT, metadata, Held(), NOW), "version 1", "root 1")


def test_playlist_signed_by_the_online_key_is_refused():
    metadata, _ = offered(signed_by=["online-1"])
    refuses("wrong-key", lambda: trust.index(ROOT, metadata, Held(), NOW))


def test_playlist_signed_by_a_revoked_key_is_refused():
    rotated = Town(targets="targets-2")
    root = trust.next_root(ROOT, rotated.root(2))
    metadata, _ = offered(signed_by=["targets-1"])
    refuses("wrong-key", lambda: trust.index(root, metadata, Held(), NOW), "root 2")
    metadata, _ = offered(town=rotated)
    assert trust.index(root, metadata, Held(), NOW).version == 1


def test_playlist_with_a_strangers_signature_under_the_officers_keyid_is_refused():
    metadata, _ = offered(signed_by=["stranger"])
    forged = edit(metadata, lambda m: m["signatures"][0].update(keyid=key("targets-1").public_key.keyid))
    refuses("wrong-key", lambda: trust.index(ROOT, forged, Held(), NOW))


def test_playlist_with_two_signatures_of_one_key_is_refused():
    metadata, _ = offered()
    forged = edit(metadata, lambda m: m["signatures"].append(m["signatures"][0]))
    refuses("malformed", lambda: trust.index(ROOT, forged, Held(), NOW), "Multiple signatures")


def test_playlist_older_than_the_held_one_is_refused():
    metadata, _ = offered(version=4)
    refuses("roll-back", lambda: trust.index(ROOT, metadata, Held(5, "a" * 64), NOW), "version 4", "version 5")


def test_playlist_of_the_same_version_with_other_bytes_is_refused():
    metadata, _ = offered(version=5)
    refuses("same-version", lambda: trust.index(ROOT, metadata, Held(5, "a" * 64), NOW), "version 5", "other bytes")


def test_playlist_for_another_group_is_refused():
    metadata, data = offered(playlist(group="north"))
    index = trust.index(ROOT, metadata, Held(), NOW)
    refuses("wrong-group", lambda: trust.the_playlist(index, data, "all"), "north", "all")


def test_playlist_for_another_group_under_this_groups_name_is_refused():
    week = playlist(group="north")
    data = encode(week)
    pinned = files(week, data) | {"playlist/all": pin(data)}
    both = trust.index(ROOT, TOWN.index(pinned), Held(), NOW)
    refuses("wrong-group", lambda: trust.pinned_playlist(both, "all"), "offered is group all, north")
    del pinned["playlist/north"]
    index = trust.index(ROOT, TOWN.index(pinned), Held(), NOW)
    refuses("wrong-group", lambda: trust.the_playlist(index, data, "all"), "playlist of group north offered")


def test_c1_version_that_no_heartbeat_can_tell_is_refused():
    for version in (trust.MAX_VERSION, trust.MAX_VERSION + 1, 2**63 - 1):
        metadata = TOWN.index({}, version=version)
        if version == trust.MAX_VERSION:
            assert trust.index(ROOT, metadata, Held(), NOW).version == version
        else:
            refuses("malformed", lambda: trust.index(ROOT, metadata, Held(), NOW), str(version))  # noqa: B023


def test_playlist_that_has_expired_is_refused():
    metadata, _ = offered(expires=NOW - timedelta(days=1))
    refuses("expired", lambda: trust.index(ROOT, metadata, Held(), NOW), "2026-02-28", "ask the town")


def test_playlist_accepted_in_time_stays_accepted_after_expiry():
    metadata, _ = offered()
    held = trust.index(ROOT, metadata, Held(), NOW).held
    assert trust.index(ROOT, metadata, held, EXPIRES + timedelta(days=1)).held == held


def test_expiry_is_not_judged_while_the_clock_is_not_trusted():
    metadata, _ = offered(expires=datetime(2001, 1, 1, tzinfo=UTC))
    assert trust.index(ROOT, metadata, Held(), None).version == 1


def test_metadata_with_a_changed_pin_is_refused():
    metadata, _ = offered()
    forged = edit(metadata, lambda m: m["signed"]["targets"]["programme/opening"].update(length=8))
    refuses("wrong-key", lambda: trust.index(ROOT, forged, Held(), NOW))


def test_playlist_with_changed_bytes_is_refused():
    metadata, data = offered()
    index = trust.index(ROOT, metadata, Held(), NOW)
    refuses("tampered", lambda: trust.the_playlist(index, data.replace(b"09:00:00", b"08:00:00"), "all"), "playlist")
    refuses("tampered", lambda: trust.the_playlist(index, data + b"\n", "all"), "playlist")


def test_playlist_under_metadata_of_another_version_is_refused():
    metadata, data = offered(playlist(version=3), version=4)
    index = trust.index(ROOT, metadata, Held(), NOW)
    refuses("malformed", lambda: trust.the_playlist(index, data, "all"), "playlist 3", "version 4")


def test_playlist_naming_a_programme_that_is_not_pinned_is_refused():
    week = playlist()
    data = encode(week)
    pinned = files(week, data)
    for wrong in (None, Pinned(8, programme().sha256), Pinned(7, "0" * 64)):
        pinned.pop("programme/opening", None)
        if wrong:
            pinned["programme/opening"] = wrong
        index = trust.index(ROOT, TOWN.index(pinned), Held(), NOW)
        refuses("not-pinned", lambda index=index: trust.the_playlist(index, data, "all"), "programme/opening")


def test_playlist_that_is_signed_but_unsound_is_refused():
    week = playlist(slots=(slot(programmes=("ghost",)),))
    metadata, data = offered(week)
    index = trust.index(ROOT, metadata, Held(), NOW)
    refuses("malformed", lambda: trust.the_playlist(index, data, "all"), "slot 1", "ghost")


def test_metadata_whose_hash_is_a_path_in_a_name_is_refused():
    metadata, _ = offered()
    for bad in ("../../etc/passwd", "A" * 64, "0" * 63, ""):
        tree = json.loads(metadata)
        tree["signed"]["targets"]["programme/opening"]["hashes"]["sha256"] = bad
        forged = resign(tree)
        refuses("malformed", lambda forged=forged: trust.index(ROOT, forged, Held(), NOW), "programme/opening")


def resign(tree):
    """Signed by the officer's own key, whatever it says."""
    signature = key("targets-1").sign(encode_canonical(tree["signed"]).encode())
    tree["signatures"] = [signature.to_dict()]
    return json.dumps(tree).encode()


def test_metadata_with_custom_data_that_is_no_object_is_read_past():
    metadata, data = offered()
    for custom in ("text", 7, [1], None):
        tree = json.loads(metadata)
        tree["signed"]["targets"]["playlist/all"]["custom"] = custom
        index = trust.index(ROOT, resign(tree), Held(), NOW)
        assert trust.the_playlist(index, data, "all")


def test_metadata_with_a_float_is_refused():
    metadata, _ = offered()
    forged = edit(metadata, lambda m: m["signed"].update(version=1.5))
    refuses("malformed", lambda: trust.index(ROOT, forged, Held(), NOW), "targets", "1.5", "not an integer")


def test_metadata_with_a_duplicate_key_is_refused():
    metadata, _ = offered()
    forged = metadata.replace(b'"version":1}', b'"version":1,"version":9}')
    assert forged != metadata
    refuses("malformed", lambda: trust.index(ROOT, forged, Held(), NOW), "'version'", "twice")


def test_metadata_of_10_mb_of_zeros_is_refused():
    refuses("malformed", lambda: trust.index(ROOT, bytes(10 * 1024 * 1024), Held(), NOW), "10485760 bytes")


def test_metadata_of_more_files_than_any_town_has_is_refused_unread():
    index, _ = offered()
    many = b",".join(b'"programme/%x":{"hashes":{"sha256":""},"length":1}' % n for n in range(21_000))
    swollen = index.replace(b'"targets":{', b'"targets":{' + many + b",")
    refuses("malformed", lambda: trust.index(ROOT, swollen, Held(), NOW), "more than the 80000 values")
    refuses("malformed", lambda: trust.index(ROOT, index + b" " * 2**21, Held(), NOW), "2097152 allowed")


def test_metadata_of_ten_thousand_files_is_read():
    pinned = {f"programme/{n}": Pinned(n, f"{n:064x}") for n in range(10_000)}
    assert len(trust.index(ROOT, TOWN.index(pinned), Held(), NOW).files) == 10_000


@pytest.mark.parametrize(
    "data", [b"", b"null", b"[]", b"{}", b'{"signed":{"_type":"targets"},"signatures":[]}', b"0" * 99]
)
def test_metadata_that_is_none_is_refused(data):
    refuses("malformed", lambda: trust.index(ROOT, data, Held(), NOW), "targets")


def test_metadata_nested_without_end_is_refused():
    refuses("malformed", lambda: trust.index(ROOT, b"[" * 70_000, Held(), NOW), "nested too deeply")
    metadata, _ = offered()
    deep = metadata.replace(b'"version":1}', b'"version":1,"x":' + b"[" * 400 + b"]" * 400 + b"}")
    with pytest.raises(Refused):
        trust.index(ROOT, deep, Held(), NOW)


def test_root_as_targets_and_targets_as_root_are_refused():
    metadata, _ = offered()
    refuses("malformed", lambda: trust.index(ROOT, TOWN.root(), Held(), NOW), "root metadata, not targets")
    refuses("malformed", lambda: trust.next_root(ROOT, metadata), "targets metadata, not a root")
    refuses("malformed", lambda: trust.first_root(metadata, trust.digest(metadata)), "not a root")


def test_first_root_that_the_code_does_not_name_is_refused():
    refuses("root-forged", lambda: trust.first_root(Town(targets="mine").root(), trust.digest(TOWN.root())), "code")
    assert trust.first_root(TOWN.root(), trust.digest(TOWN.root())).version == 1


def test_root_chain_goes_on_by_one_with_a_threshold_of_old_and_new_keys():
    moved = Town(roots=["root-3", "root-4"], targets="targets-2")
    new = moved.root(2, signed_by=["root-1", "root-2", "root-3", "root-4"])
    assert trust.next_root(ROOT, new).version == 2
    one_old = moved.root(2, signed_by=["root-1", "root-3", "root-4"])
    refuses("wrong-key", lambda: trust.next_root(ROOT, one_old), "root 2")
    one_new = moved.root(2, signed_by=["root-1", "root-2", "root-3"])
    refuses("wrong-key", lambda: trust.next_root(ROOT, one_new), "root 2")


@pytest.mark.parametrize("version", [1, 3])
def test_root_that_skips_or_repeats_a_version_is_refused(version):
    refuses("roll-back", lambda: trust.next_root(ROOT, TOWN.root(version)), f"root {version}", "root 1")


def test_root_not_signed_is_refused():
    refuses("not-signed", lambda: trust.next_root(ROOT, TOWN.root(2, signed_by=[])), "root")


def test_root_in_which_one_key_stands_twice_is_refused():
    """A threshold of two must mean two keys, also where one hides under two keyids."""
    root = trust.stored_root(TOWN.root())
    twin = key("root-1").public_key
    twin.keyid = "0" * 64
    root.add_key(twin, "root")
    refuses("malformed", lambda: trust.stored_root(sign(root, ["root-1", "root-2"])), "one key", "root")


def urgent(**changes):
    fields = {"id": "flood", "town": "fengle", "title": "!", "start_ms": 1, "end_ms": 2, "programmes": (programme(),)}
    return Urgent(**fields | changes)


def test_urgent_notice_is_read_and_its_forgeries_are_refused():
    data = encode(urgent())
    pins = {"urgent/flood": pin(data), "programme/opening": Pinned(7, programme().sha256)}
    index = trust.index(ROOT, TOWN.index(pins), Held(), NOW)
    assert list(trust.pinned_notices(index)) == ["flood"]
    assert trust.urgent_notice(index, "flood", data) == urgent()
    refuses("tampered", lambda: trust.urgent_notice(index, "flood", data + b" "), "urgent notice flood")
    other = trust.index(ROOT, TOWN.index({"urgent/../x": pin(data), **pins}), Held(), NOW)
    refuses("malformed", lambda: trust.urgent_notice(other, "../x", data), "flood", "../x")
    bare = trust.index(ROOT, TOWN.index({"urgent/flood": pin(data)}), Held(), NOW)
    refuses("not-pinned", lambda: trust.urgent_notice(bare, "flood", data), "programme/opening")


def test_a_groups_metadata_cannot_pose_as_the_urgent_notices():
    metadata, _ = offered()
    index = trust.index(ROOT, metadata, Held(), NOW)
    refuses("wrong-group", lambda: trust.pinned_notices(index), "urgent notices")


def test_what_the_online_key_vouches_for_is_believed_and_nothing_else():
    witness = Witness(station="room-1", epoch="e", seq=1, hash="0" * 64, at_ms=1)
    signed = TOWN.vouch(witness)
    assert trust.vouched(ROOT, signed, Witness, "witness") == witness
    officer = key("targets-1").sign(signed.payload.encode())
    by_officer = Signed(payload=signed.payload, keyid=officer.keyid, signature=officer.signature)
    refuses("wrong-key", lambda: trust.vouched(ROOT, by_officer, Witness, "witness"), "online key")
    changed = Signed(payload=signed.payload.replace("room-1", "room-2"), keyid=signed.keyid, signature=signed.signature)
    refuses("tampered", lambda: trust.vouched(ROOT, changed, Witness, "witness"), "witness")
    rubbish = Signed(payload=signed.payload, keyid=signed.keyid, signature="zz")
    refuses("tampered", lambda: trust.vouched(ROOT, rubbish, Witness, "witness"))
    refuses("malformed", lambda: trust.vouched(ROOT, signed, HeartbeatAnswer, "time"), "time")


def test_what_is_vouched_for_without_its_type_is_refused():
    """A witness must not be read as something else because it names no type."""
    signature = key("online-1").sign(b'{"format":2,"nonce":"n","now_ms":1}')
    signed = Signed(payload='{"format":2,"nonce":"n","now_ms":1}', keyid=signature.keyid, signature=signature.signature)
    refuses("malformed", lambda: trust.vouched(ROOT, signed, HeartbeatAnswer, "time"), "'type'")


def test_peek_reads_without_believing():
    metadata, _ = offered(signed_by=[], version=9)
    assert trust.peek(metadata).version == 9
    refuses("malformed", lambda: trust.peek(TOWN.root()), "not targets")
