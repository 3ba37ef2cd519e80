"""A month of the record on paper: where its chain stood, and the town's countersignature of it, in one printed code."""

import base64
import binascii
import re
import sqlite3
import zlib
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Annotated, ClassVar

import msgspec

from kiosk.contract import trust, wire
from kiosk.contract.reports import GENESIS, Signed, Witness, chain
from kiosk.contract.trust import Refused
from kiosk.contract.wire import Count, Id, LongText, Malformed, Record, Sha256, Text
from kiosk.station.journal.database import connect_looking
from kiosk.station.journal.state_folder import Beside
from kiosk.station.journal.verify import Remark

PREFIX = "KIOSK1:"
MOST_CODE = 4_000
"""Characters of a code; it has about 500."""
SHOWN = 16
"""Characters of a hash that are printed beside the code, for people to compare."""


class Proof(Record, frozen=True, kw_only=True):
    """What the code says. ``seq`` is the last entry of the month, and ``hash`` its hash."""

    FORMAT: ClassVar[int] = 1

    format: int = 1
    station: Id
    epoch: Id
    month: Annotated[str, msgspec.Meta(pattern=r"\A[0-9]{4}-[0-9]{2}\Z")]
    seq: Count
    hash: Sha256
    payload: LongText
    """The town's countersignature of a head at or behind ``seq``, as it came."""
    keyid: Text
    signature: Text

    @property
    def short(self) -> str:
        """Entry and hash, as people compare them."""
        return f"{self.seq}-{self.hash[:SHOWN]}"


def proof_of(db: sqlite3.Connection, month: str, seq: int) -> Proof | None:
    """The proof of a month whose last entry is ``seq``; None where the town has not countersigned that far, or its
    signature is not kept."""
    to, payload, keyid, signature = db.execute("SELECT seq, payload, keyid, signature FROM delivery").fetchone()
    (epoch,) = db.execute("SELECT epoch FROM epoch").fetchone()
    found = db.execute("SELECT hash FROM entries WHERE seq = ?", [seq]).fetchone()
    if not found or seq > to or not payload or not signature:
        return None
    try:
        witness = wire.decode(payload.encode(), Witness, "countersignature")
    except Malformed:
        return None
    return Proof(
        station=witness.station, epoch=epoch, month=month, seq=seq, hash=found[0],
        payload=payload, keyid=keyid, signature=signature,
    )  # fmt: skip


def code_of(proof: Proof) -> str:
    """The proof as text that a QR code holds."""
    return PREFIX + base64.urlsafe_b64encode(zlib.compress(wire.encode(proof), 9)).decode().rstrip("=")


def read_code(text: str) -> Proof:
    """The proof in a code, wherever it was broken into lines. Raises :class:`Malformed`."""
    text = re.sub(r"\s", "", text)
    if not text.startswith(PREFIX) or len(text) > MOST_CODE:
        raise Malformed(f"this is no code of a printed month: it begins with {PREFIX}")
    try:
        packed = base64.urlsafe_b64decode(text[len(PREFIX) :] + "==")
        inflater = zlib.decompressobj()
        data = inflater.decompress(packed, wire.MAX_DOCUMENT // 64)
    except (binascii.Error, ValueError, zlib.error):
        raise Malformed("the code is damaged, or not whole: scan it again") from None
    return wire.decode(data, Proof, "printed code")


def check_code(path: Path, proof: Proof) -> Iterator[Remark]:
    """What the printed code of a month says of the journal at ``path``: whether it is the same record.

    Raises :class:`JournalError` for a file that is no journal.
    """
    beside = Beside(path)
    with closing(connect_looking(path)) as db:
        db.execute("BEGIN")
        witness, genuine = _countersignature(beside, proof)
        yield genuine
        (epoch,) = db.execute("SELECT epoch FROM epoch").fetchone()
        if (proof.station, proof.epoch) != (beside.station or proof.station, epoch):
            yield Remark("the code is of another station, or of the record before a damage", True)
            return
        found = db.execute("SELECT hash FROM entries WHERE seq = ?", [proof.seq]).fetchone()
        if found is None:
            yield Remark(f"entry {proof.seq} is not here: it was removed after its time, or the record is shorter")
            return
        if found[0] != proof.hash:
            yield Remark("the record was changed after the code was printed", True, proof.seq)
            return
        yield Remark(f"the record of {proof.month} up to entry {proof.seq} is the one that was printed")
        if witness is not None:
            yield _leads_to(db, proof, witness)


def _countersignature(beside: Beside, proof: Proof) -> tuple[Witness | None, Remark]:
    if not beside.roots:
        return None, Remark(f"the countersignature in the code is not checked: {beside.trouble}")
    problem = ""
    signed = Signed(payload=proof.payload, keyid=proof.keyid, signature=proof.signature)
    for root in reversed(beside.roots):
        try:
            witness = trust.vouched(root, signed, Witness, "countersignature")
        except Refused as error:
            problem = problem or str(error)
            continue
        if (witness.station, witness.epoch) != (proof.station, proof.epoch) or witness.seq < proof.seq:
            return None, Remark("the town's signature in the code is genuine, but of another record", True)
        return witness, Remark(f"the code's countersignature is the town's, up to entry {witness.seq}")
    return None, Remark(f"the countersignature in the code is not the town's: {problem}", True)


def _leads_to(db: sqlite3.Connection, proof: Proof, witness: Witness) -> Remark:
    """Whether the entries from the month's last one on lead to the head that the town has countersigned."""
    digest = proof.hash or GENESIS
    sql = "SELECT seq, record FROM entries WHERE seq > ? AND seq <= ? ORDER BY seq"
    for seq, data in db.execute(sql, [proof.seq, witness.seq]):
        digest = chain(digest, seq, bytes(data))
    if digest != witness.hash:
        return Remark("what follows the month does not lead to what the town has countersigned", True, witness.seq)
    return Remark(f"the town has countersigned the record of {proof.month}: entries {proof.seq}-{witness.seq} prove it")
