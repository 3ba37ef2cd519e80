"""Gives an order to the confined process that reads and writes workbooks, and waits for its answer without a thread."""

import asyncio
import subprocess
import sys
import tempfile

import msgspec

from kiosk.common.messages import mark
from kiosk.common.sandbox import environment
from kiosk.station.record_book.orders import MOST_ANSWER, Answer, Order

MOST_S = 30.0
"""How long it may take; a month takes about a second on a slow PC."""
POLL_S = 0.02
IN_VAIN = mark("The workbook could not be made in time; try again in a moment.")


async def carry_out(order: Order, most_s: float = MOST_S) -> Answer:
    """What the process answers. One that dies or takes longer than ``most_s`` is trouble, and nothing more."""
    loop = asyncio.get_running_loop()
    with (
        tempfile.TemporaryFile() as orders,
        tempfile.TemporaryFile() as answers,
        tempfile.TemporaryDirectory() as folder,
    ):
        orders.write(msgspec.json.encode(order))
        orders.seek(0)
        command = [sys.executable, "-m", "kiosk.station.record_book.workbook", folder]
        process = subprocess.Popen(  # noqa: ASYNC220
            command, stdin=orders, stdout=answers, stderr=subprocess.DEVNULL, env=environment()
        )
        try:
            deadline = loop.time() + most_s
            while process.poll() is None and loop.time() < deadline:
                await asyncio.sleep(POLL_S)
        finally:
            process.kill()
            process.wait()
        answers.seek(0)
        try:
            return msgspec.json.decode(answers.read(MOST_ANSWER), type=Answer)
        except msgspec.MsgspecError:
            return Answer(trouble=IN_VAIN)
