"""Fill a pool of the bench by copies: rows of the reports that it made, under other ids and other keys.

Making a million reports through the product's own path takes the better part of an hour. What a large pool costs is
decided by how large the indexes are and where a new row falls in them, so a copy keeps both: each of its keys lies in
the same package under other bits, each digest is turned, each time of its keys is a day older. A copy's sealed content
is bound to the id it was sealed under and cannot be opened; no question meets one, since no key is shared with what is
asked.
"""

from typing import Final

from comity.store.engine import Store, Tx

MARKER: Final = "abcdefghijklmnopqrstuvw"
"""First character of a copy's id after its kind, by round; ids that were made have no small letters."""
DAY: Final = 86_400_000_000
FOLDED: Final = 0x5A5A5A5A5A
"""Turns the bits of a key below its group: a copy's key is nobody else's, in the same pages of the index."""


def copy(store: Store, number: int) -> None:
    """Hold `number` more reports, each with its rows. At least one report must be held."""
    done = 0
    with store.read() as tx:
        made = _made(tx)
    for round_, marker in enumerate(MARKER, 1):
        if done >= number:
            return
        taken = _free(store, marker, made)
        some = taken[: number - done]
        if some:
            with store.write() as tx:
                _round(tx, marker, round_, some[0], some[-1])
            done += len(some)


def _made(tx: Tx) -> list[str]:
    """Ids of the reports that are no copies, in their order, without their kind."""
    rows = tx.connection.exec_driver_sql("SELECT substr(id, 3) FROM reports ORDER BY id").scalars()
    return [name for name in rows if name[0] not in MARKER]


def _free(store: Store, marker: str, made: list[str]) -> list[str]:
    """Of these those that have no copy of this round."""
    with store.read() as tx:
        query = "SELECT substr(id, 4) FROM reports WHERE substr(id, 3, 1) = ?"
        held = set(tx.connection.exec_driver_sql(query, (marker,)).scalars())
    return [name for name in made if name[1:] not in held]


def _round(tx: Tx, marker: str, round_: int, first: str, last: str) -> None:
    """One copy of every report from `first` to `last`."""
    cut = 2 * round_
    key = FOLDED ^ round_

    def name(column: str) -> str:
        return f"substr({column}, 1, 2) || '{marker}' || substr({column}, 4)"

    def turned(column: str) -> str:
        return f"substr({column}, {cut + 1}) || substr({column}, 1, {cut})"

    plans = {
        "reports": {"id": name("id"), **{one: turned(one) for one in ("receipt_mark", "document_mark", "own_mark")}},
        "report_profiles": {"report": name("report")},
        "cases": {"id": name("id")},
        "case_reports": {"report": name("report"), "case_id": name("case_id")},
        "report_marks": {"report": name("report"), "mark": turned("mark")},
        "report_keys": {
            "mark": f"(mark | {key}) - (mark & {key})",
            "at": f"at - {DAY * round_}",
            "report": name("report"),
        },
        "record_words": {"record": name("record")},
    }
    for table, changed in plans.items():
        columns = [row[1] for row in tx.connection.exec_driver_sql(f"PRAGMA table_info({table})")]
        values = ", ".join(changed.get(column, column) for column in columns)
        own = next(iter(changed)) if table != "report_keys" else "report"
        only = " AND place IN ('reports', 'cases')" if table == "record_words" else ""
        tx.connection.exec_driver_sql(
            f"INSERT INTO {table} ({', '.join(columns)}) SELECT {values} FROM {table} "  # noqa: S608  names fixed here
            f"WHERE substr({own}, 3) BETWEEN ? AND ?{only}",
            (first, last),
        )
