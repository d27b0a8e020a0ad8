"""Reports at rest. Opened by clearing alone; every read takes the viewer and decides handling in the query.

A report is never edited. Its whole content is sealed; what must be found by equality (receipt, document, identifiers,
fingerprints) is kept as keyed digests beside it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, delete, func, insert, select, update

from comity.errors import Missing
from comity.model.ids import BatchId, CaseId, Digest, PartyId, Receipt, ReportId
from comity.model.party import Viewer
from comity.model.report import Report
from comity.store import blind, blobs, crosses, report_keys, rows, standing, words
from comity.store.crypt import Sealed, seal, unseal
from comity.store.engine import Tx, insert_many
from comity.store.seen import Page, next_start, page_of, sees_report
from comity.store.tables import case_reports, report_marks, reports


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """Something to find a report by: `kind` says what it is ("alias", "crash", ...), `text` its exact value."""

    kind: str
    text: str


def add(tx: Tx, report: Report, *, marks: Iterable[Mark] = ()) -> None:
    """Keep a new report. Attachments are put with `blobs.put(tx, data, record=record(report.id))` beside it."""
    add_all(tx, [(report, marks)])


def add_all(tx: Tx, held: Iterable[tuple[Report, Iterable[Mark]]]) -> None:
    """Keep new reports, each with its marks."""
    records: list[dict[str, Any]] = []
    found: list[tuple[str, str, str]] = []
    texts: dict[str, tuple[str, ...]] = {}
    for report, marks in held:
        texts[report.id] = _searched(report)
        sealed = seal(tx.master, record(report.id), rows.encode(report, Report))
        own = report.finding.own_id
        records.append(
            {
                "id": report.id,
                "organisation": report.organisation,
                "submitter": report.submitter,
                "batch": report.batch,
                "received_at": report.received_at,
                "tlp": int(report.finding.handling.tlp),
                "receipt_mark": tx.master.mark("receipt", report.receipt),
                "document_mark": tx.master.mark("document", f"{report.organisation} {report.document}"),
                "own_mark": tx.master.mark("own-id", f"{report.organisation} {own}") if own else None,
                "wrapped": sealed.wrapped,
                "sealed": sealed.body,
            }
        )
        own_marks = sorted({(mark.kind, tx.master.mark(mark.kind, mark.text)) for mark in marks})
        found.extend((report.id, kind, mark) for kind, mark in own_marks)
    if records:
        tx.connection.execute(insert(reports), records)
    insert_many(tx, report_marks, found)
    words.add(tx, "reports", texts)


def get(tx: Tx, id_: ReportId, viewer: Viewer) -> Report:
    """One report. Missing when there is none, when this viewer may not see it, and when it was erased."""
    row = tx.connection.execute(select(reports).where(reports.c.id == id_, sees_report(viewer))).first()
    if row is None or row.sealed is None:
        raise Missing(f"no report {id_}")
    return _open(tx, row)


def by_receipt(tx: Tx, receipt: Receipt) -> Report:
    """The report of a receipt, whoever asks: a receipt is a capability. Missing for any other text."""
    mark = tx.master.mark("receipt", receipt)
    row = tx.connection.execute(select(reports).where(reports.c.receipt_mark == mark)).first()
    if row is None or row.sealed is None:
        raise Missing("no submission with this receipt")
    return _open(tx, row)


def is_gone(tx: Tx, receipt: Receipt) -> bool:
    """Whether the report of a receipt was erased, or never was."""
    query = select(reports.c.id).where(
        reports.c.receipt_mark == tx.master.mark("receipt", receipt), reports.c.sealed.is_not(None)
    )
    return tx.connection.execute(query).first() is None


def is_hidden(tx: Tx, receipts: Iterable[Receipt], viewer: Viewer) -> bool:
    """Whether any report of these receipts is there still, and this viewer may not see it."""
    marks = [tx.master.mark("receipt", one) for one in receipts]
    query = select(reports.c.id).where(
        reports.c.receipt_mark.in_(marks), reports.c.sealed.is_not(None), ~sees_report(viewer)
    )
    return tx.connection.execute(query.limit(1)).first() is not None


def same_document(tx: Tx, organisation: PartyId, document: Digest, since: datetime) -> ReportId | None:
    """The latest report that this organisation sent with equal bytes at or after `since`."""
    mark = tx.master.mark("document", f"{organisation} {document}")
    return tx.connection.execute(
        select(reports.c.id)
        .where(reports.c.document_mark == mark, reports.c.received_at >= since, reports.c.erased_at.is_(None))
        .order_by(reports.c.received_at.desc(), reports.c.id.desc())
        .limit(1)
    ).scalar()


def same_documents(
    tx: Tx, organisation: PartyId, documents: Iterable[Digest], since: datetime
) -> Mapping[Digest, ReportId]:
    """As `same_document`, for many at once; those that were not sent before are absent."""
    marks = {tx.master.mark("document", f"{organisation} {document}"): document for document in documents}
    query = (
        select(reports.c.document_mark, reports.c.id)
        .where(reports.c.document_mark.in_(list(marks)), reports.c.received_at >= since, reports.c.erased_at.is_(None))
        .order_by(reports.c.received_at, reports.c.id)
    )
    return {marks[row.document_mark]: ReportId(row.id) for row in tx.connection.execute(query)}


def count_since(tx: Tx, organisation: PartyId, since: datetime, *, most: int) -> int:
    """How many reports this organisation sent at or after a moment; counted up to `most`."""
    some = select(reports.c.id).where(reports.c.organisation == organisation, reports.c.received_at >= since)
    return int(tx.connection.execute(select(func.count()).select_from(some.limit(most).subquery())).scalar() or 0)


def by_own_id(tx: Tx, organisation: PartyId, own_id: str) -> tuple[ReportId, ...]:
    """Reports that this organisation sent under its own id, oldest first."""
    mark = tx.master.mark("own-id", f"{organisation} {own_id}")
    query = select(reports.c.id).where(reports.c.own_mark == mark, reports.c.erased_at.is_(None))
    return tuple(
        ReportId(i) for i in tx.connection.execute(query.order_by(reports.c.received_at, reports.c.id)).scalars()
    )


def marked(
    tx: Tx, marks: Iterable[Mark], viewer: Viewer, *, most: int | None = None, in_case: bool = False
) -> Mapping[Mark, tuple[ReportId, ...]]:
    """For each mark the reports that carry it and that this viewer sees, in id order; marks without any are absent.

    `most` bounds the reports read under one mark: a fact that a crowd shares costs no more than a rare one. With
    `in_case` only reports that have a case are read and counted, so a crowd that waits for one hides none that has.
    """
    found: dict[Mark, tuple[ReportId, ...]] = {}
    for mark in dict.fromkeys(marks):
        query = (
            select(report_marks.c.report)
            .join(reports, reports.c.id == report_marks.c.report)
            .where(report_marks.c.kind == mark.kind, report_marks.c.mark == tx.master.mark(mark.kind, mark.text))
            .where(sees_report(viewer))
            .order_by(report_marks.c.report)
            .limit(most)
        )
        if in_case:
            query = query.join(case_reports, case_reports.c.report == report_marks.c.report)
        ids = tuple(ReportId(i) for i in tx.connection.execute(query).scalars())
        if ids:
            found[mark] = ids
    return found


def case_of(tx: Tx, id_: ReportId) -> CaseId | None:
    """The case that holds this report, None before it was deconflicted."""
    return tx.connection.execute(select(case_reports.c.case_id).where(case_reports.c.report == id_)).scalar()


def cases_of(tx: Tx, ids_: Iterable[ReportId]) -> Mapping[ReportId, CaseId]:
    """The case of each of these reports; those without one are absent."""
    names = list(ids_)
    if not names:
        return {}
    query = select(case_reports).where(case_reports.c.report.in_(names))
    return {ReportId(row.report): CaseId(row.case_id) for row in tx.connection.execute(query)}


def ids_of(tx: Tx, batch: BatchId) -> tuple[ReportId, ...]:
    """Ids of a batch's reports, oldest first, without opening any."""
    query = select(reports.c.id).where(reports.c.batch == batch, reports.c.sealed.is_not(None))
    return tuple(
        ReportId(i) for i in tx.connection.execute(query.order_by(reports.c.received_at, reports.c.id)).scalars()
    )


def unscreened(tx: Tx) -> tuple[BatchId, ...]:
    """Batches that hold a report without a case: given a receipt, not yet deconflicted. In id order."""
    query = (
        select(reports.c.batch)
        .outerjoin(case_reports, case_reports.c.report == reports.c.id)
        .where(case_reports.c.report.is_(None), reports.c.sealed.is_not(None))
        .distinct()
        .order_by(reports.c.batch)
    )
    return tuple(BatchId(batch) for batch in tx.connection.execute(query).scalars())


def page(
    tx: Tx, viewer: Viewer, *, batch: BatchId | None = None, start: str | None = None, limit: int = 50
) -> Page[Report]:
    """Reports that this viewer sees, newest first, optionally of one batch. Erased ones are left out."""
    query = select(reports).where(sees_report(viewer), reports.c.sealed.is_not(None))
    if batch is not None:
        query = query.where(reports.c.batch == batch)
    query = page_of(query, moment=reports.c.received_at, id_=reports.c.id, start=start, limit=limit)
    found = tx.connection.execute(query).all()
    last = found[limit - 1] if len(found) > limit else None
    return Page(
        items=tuple(_open(tx, row) for row in found[:limit]),
        next=None if last is None else next_start(last.received_at, last.id),
    )


def find(tx: Tx, viewer: Viewer, wanted: Sequence[str], *, most: int) -> tuple[Report, ...]:
    """Reports that this viewer sees and that hold all these words, newest first. What is searched: see `_searched`."""
    query = (
        select(reports)
        .where(words.holding(tx, "reports", reports.c.id, wanted), sees_report(viewer), reports.c.sealed.is_not(None))
        .order_by(reports.c.received_at.desc(), reports.c.id.desc())
        .limit(most)
    )
    return tuple(_open(tx, row) for row in tx.connection.execute(query))


def searched(tx: Tx, start: str | None) -> words.Piece:
    """One page of all reports with the texts they are found by."""
    found = page(tx, words.EVERYTHING, start=start, limit=500)
    return {one.id: _searched(one) for one in found.items}, found.next


def erase(tx: Tx, id_: ReportId, *, at: datetime) -> None:
    """Destroy the report's key, content, marks and files; its id and times stay, as the journal names them.

    Missing when there is no such report. Erasing twice changes nothing.
    """
    row = tx.connection.execute(select(reports.c.erased_at).where(reports.c.id == id_)).first()
    if row is None:
        raise Missing(f"no report {id_}")
    if row.erased_at is not None:
        return
    blobs.release(tx, record(id_))
    blind.forget(tx, id_)
    report_keys.drop(tx, id_)
    crosses.drop(tx, id_)
    standing.erase(tx, id_)
    words.forget(tx, "reports", id_)
    tx.connection.execute(delete(report_marks).where(report_marks.c.report == id_))
    tx.connection.execute(
        update(reports)
        .where(reports.c.id == id_)
        .values(wrapped=None, sealed=None, own_mark=None, document_mark=f"erased {id_}", erased_at=at)
    )


def record(id_: ReportId) -> str:
    """The report's place: bound into its seal, and the owner name of its files."""
    return f"reports/{id_}"


def _searched(report: Report) -> tuple[str, ...]:
    """Foreign ids, the one line, products and kinds of weakness; description and proof are not searched."""
    finding = report.finding
    products = (text for one in finding.affected for text in (one.purl, one.name, one.vendor))
    return (finding.own_id, finding.summary, *finding.aliases, *products, *finding.cwes)


def _open(tx: Tx, row: Row[Any]) -> Report:
    return rows.decode(Report, unseal(tx.master, record(row.id), Sealed(wrapped=row.wrapped, body=row.sealed)))
