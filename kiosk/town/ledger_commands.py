"""`kiosk town doubts`, `forks`, `late`: what speaks against what the stations have reported."""

from pathlib import Path

import click

from kiosk.town import ledger
from kiosk.town.desk import opened, shown, told, write_array

DAY_MS = 86_400_000

_json = click.option("--json", "as_json", is_flag=True, help="One JSON array instead of a table.")


@click.command()
@_json
@click.pass_obj
@told
def doubts(obj: tuple[Path, str], as_json: bool) -> None:
    """The stations whose record speaks against itself: two stories told, or a record that does not fit its hash."""
    folder, _ = obj
    with opened(folder) as office:
        rows = ledger.doubts(office.store)
        if as_json:
            write_array(rows)
            return
        for row in rows:
            found = []
            if row["forked_ms"] is not None:
                found.append(f"tells two stories since {shown(row['forked_ms'])}, {row['forks']} entries set aside")
            if row["broken_ms"] is not None:
                found.append(f"a record that does not fit its hash came {shown(row['broken_ms'])}")
            click.echo(f"{row['station']}  {row['head_seq']} entries  {'; '.join(found)}")


@click.command()
@click.argument("station")
@_json
@click.pass_obj
@told
def forks(obj: tuple[Path, str], station: str, as_json: bool) -> None:
    """The other story that STATION has told beside the one that the town countersigned: nothing of it is lost."""
    folder, _ = obj
    with opened(folder) as office:
        rows = ledger.forks(office.store, station)
        if as_json:
            write_array(row | {"record": row["record"].decode(errors="replace")} for row in rows)
            return
        for row in rows:
            record, stands = row["record"].decode(errors="replace"), row["stands"] or "none"
            click.echo(f"entry {row['seq']}, told {shown(row['received_ms'])}; the town has {stands} there")
            click.echo(f"    {record}")


@click.command()
@click.option("--days", type=click.FloatRange(0), default=2.0, show_default=True, help="So old, or older.")
@_json
@click.pass_obj
@told
def late(obj: tuple[Path, str], days: float, as_json: bool) -> None:
    """The entries that were old already when the town first saw them."""
    folder, _ = obj
    with opened(folder) as office:
        rows = ledger.late(office.store, round(days * DAY_MS))
        if as_json:
            write_array(rows)
            return
        for row in rows:
            age = row["age_ms"] / DAY_MS
            click.echo(f"{row['station']}  entry {row['seq']}  {row['kind']:12}  {age:6.1f} days  {row['record_id']}")
