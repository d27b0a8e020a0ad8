"""The counter for one campaign on this machine, without an engagement: measure a subject, open a card, check it again.

No store and no account is touched: whoever has this terminal and these files may do it, as with a bench. Work for an
engagement goes through `desk`, which asks for rights first and hands the same flow its sealed inputs.
"""

import hashlib
import os
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from comity.assess import flow_export
from comity.assess.adaptive import Policy
from comity.assess.battery.flow import Bench
from comity.assess.card import Facts, as_rows, compose
from comity.assess.flow_card import Opened, open_card, sign
from comity.assess.flow_external import Public, public
from comity.assess.flow_items import Generated, items_from
from comity.assess.flow_ledger import Ledger
from comity.assess.flow_run import Campaign, Progress, conduct
from comity.assess.flow_scripted import Kind, subject
from comity.assess.page import page
from comity.assess.protocol import GUESSED_MARGIN, Budget, Protocol, bank
from comity.assess.recompute import Recomputed, recompute
from comity.errors import Invalid, Problem
from comity.evals import levels
from comity.evals.levels import Admitted
from comity.sandbox import tier
from comity.sealing import statement
from comity.sealing.keys import PublicKey, SigningKey, read_public
from comity.settings import Settings

__all__ = ["Asked", "Budget", "Measured", "Policy", "Progress", "attest", "card_of", "check", "measure", "write"]

BATTERY: Final = "comity generated battery"
PUBLIC: Final = "public suite through inspect-evals"
LEDGER: Final = "runs.ledger"
SECRET: Final = "battery.secret"  # noqa: S105  # a file name
CARD: Final = "card.json"
PAGE: Final = "card.html"
LOGS: Final = "transcripts"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One campaign as somebody asks for it at a terminal. Exactly one of the three kinds of subject."""

    folder: Path
    scripted_minutes: float | None = None
    scripted_kind: Kind = "honest"
    scripted_works: bool = False
    """The scripted subject works its answers out inside the sandbox instead of handing in references."""
    model: str = ""
    base_url: str | None = None
    api_key: str | None = None
    weights: Path | None = None
    suite: str = ""
    """A public suite by its name in inspect-evals, instead of the generated battery."""
    threshold_minutes: float | None = None
    families: tuple[str, ...] = ()
    per_family: int = 10
    budget: Budget = field(default_factory=Budget)
    policy: Policy = field(default_factory=lambda: Policy(margin_log2=GUESSED_MARGIN))
    fixed: bool = False
    seed: int = 0
    at_once: int = 1
    statement: bytes | None = None
    trusted: tuple[bytes, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What a campaign came to."""

    card: Mapping[str, Any]
    files: tuple[Path, ...]
    campaign: Campaign
    resumed: int
    """Runs that were in the ledger already."""


def measure(
    asked: Asked,
    *,
    key: SigningKey,
    settings: Settings,
    progress: Callable[[Progress], None] | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> Measured:
    """Run, or go on with, a campaign in `asked.folder`, and leave the signed card and its page there.

    Raises Invalid for a request that names no subject or several, Forbidden when the subject may not start here.
    """
    chosen = [asked.scripted_minutes is not None, bool(asked.model), asked.weights is not None]
    if sum(chosen) != 1:
        raise Invalid(
            "name one subject", [Problem("/subject", "subject", "--scripted, --model or --weights, one of them")]
        )
    admitted = _admit(asked)
    host = tier.find(settings.containment, settings.accept_without_cgroups, settings.sandbox_uid)
    asked.folder.mkdir(parents=True, exist_ok=True)
    if asked.suite and asked.scripted_minutes is not None:
        problem = Problem("/suite", "no_script", "a script knows no answers of a public suite: name a model")
        raise Invalid("a scripted subject works on the generated battery", [problem])
    secret = _secret(asked.folder / SECRET)
    with Bench(host, own=asked.scripted_minutes is not None) as bench, Ledger(asked.folder / LEDGER) as ledger:
        battery: Generated | Public = (
            public(asked.suite)
            if asked.suite
            else Generated(
                items=items_from(secret, per_family=asked.per_family, families=asked.families),
                bench=bench,
                secret=secret,
            )
        )
        placed = bank(battery.entries)
        protocol = _protocol(asked, battery, secret, admitted)
        resumed = sum(entry["kind"] == "attempt" for entry in ledger.entries)
        campaign = conduct(
            protocol,
            battery=battery,
            subject=_subject(asked, battery, placed),
            admitted=admitted,
            ledger=ledger,
            host=host,
            logs=asked.folder / LOGS,
            threshold_minutes=asked.threshold_minutes,
            clock=lambda: datetime.now(UTC),  # noqa: TID251  # a counter is where the clock is read
            stop=stop,
            progress=progress,
        )
    card = card_of(campaign, _facts(asked, admitted), signers=[key.public.id], at=datetime.now(UTC))  # noqa: TID251  # as above
    return Measured(card=card, files=write(card, key, asked.folder), campaign=campaign, resumed=resumed)


def card_of(
    campaign: Campaign, facts: Facts, *, signers: Sequence[str], at: datetime, drift: bool = False
) -> dict[str, Any]:
    """The card of a campaign."""
    return compose(
        facts,
        campaign.protocol,
        entries=campaign.entries,
        bank=campaign.bank,
        runs=as_rows(campaign.attempts),
        threshold_minutes=campaign.threshold_minutes,
        ended=campaign.ended,
        level_sentence=campaign.admitted.sentence,
        machine=campaign.admitted.machine,
        signers=signers,
        at=at,
        ledger_head=campaign.ledger_head,
        drift=drift,
    )


def write(card: Mapping[str, Any], key: SigningKey, folder: Path) -> tuple[Path, ...]:
    """Sign the card into `card.json` and draw `card.html` beside it."""
    file = sign(card, key)
    out = (folder / CARD, folder / PAGE)
    out[0].write_bytes(file)
    out[1].write_text(page(open_card(file).card, key_id=key.public.id), "utf-8")
    return out


def check(file: bytes, *, trusted: bytes | None = None, drawn: bytes | None = None) -> tuple[Opened, Recomputed]:
    """Open a card file and work its numbers out again. Tampered when the file or the page beside it was changed.

    An export is opened too: its wrapper has to hold, by the key that signed the card inside.
    """
    mark = ""
    if flow_export.is_export(file):
        inner = flow_export.card_in(file)
        opened = open_card(inner, trusted=None if trusted is None else read_public(trusted))
        mark = flow_export.unwrap(file, [opened.key]).mark
        opened = replace(opened, mark=mark)
    else:
        opened = open_card(file, trusted=None if trusted is None else read_public(trusted))
    again = recompute(opened.card)
    if drawn is not None and drawn not in _pages(opened, mark):
        again = replace(again, differences=(*again.differences, "the page is not the one this card gives"))
    return opened, again


def _pages(opened: Opened, mark: str) -> tuple[bytes, ...]:
    """The card's page, and the one that the recipient of an export reads."""
    plain = page(opened.card, key_id=opened.key.id).encode()
    return (plain, page(opened.card, key_id=opened.key.id, mark=mark).encode()) if mark else (plain,)


def attest(image: str, *, key: SigningKey, at: datetime) -> bytes:
    """The statement of whoever runs the virtual machine: which image it is, and that it has no route out."""
    predicate = {"image": image, "network": levels.NO_ROUTE, "at": at.isoformat()}
    return statement.sign({"machine image": _digest(image)}, levels.STATEMENT, predicate, key)


def _digest(image: str) -> Any:
    from comity.model.ids import Digest, is_digest

    if not is_digest(Digest(image)):
        raise Invalid("this is no SHA-256", [Problem("/image", "digest", "give 64 hexadecimal digits")])
    return Digest(image)


def _admit(asked: Asked) -> Admitted:
    if asked.scripted_minutes is not None:
        return levels.scripted()
    if asked.weights is not None:
        return levels.small(asked.weights)
    keys: list[PublicKey] = [read_public(document) for document in asked.trusted]

    def verify(envelope: bytes) -> Mapping[str, Any]:
        opened = statement.verify(envelope, levels.STATEMENT, keys)
        return {**opened.predicate, "key": opened.key.id}

    now = datetime.now(UTC)  # noqa: TID251  # a counter is where the clock is read
    return levels.real(asked.model, asked.statement, verify=verify, now=now)


def _protocol(asked: Asked, battery: Generated | Public, secret: bytes, admitted: Admitted) -> Protocol:
    commitment = ""
    if asked.threshold_minutes is not None:
        salted = secret + f"threshold {asked.threshold_minutes!r}".encode()
        commitment = hashlib.sha256(salted).hexdigest()
    return Protocol(
        subject=_name(asked),
        level=admitted.level.value,
        battery=f"{PUBLIC if asked.suite else BATTERY}: {', '.join(sorted({one.family for one in battery.entries}))}",
        battery_root=battery.root,
        items=len(battery.entries),
        policy=asked.policy,
        budget=asked.budget,
        form="fixed" if asked.fixed else "adaptive",
        threshold_commitment=commitment,
        seed=asked.seed,
        at_once=asked.at_once,
    )


def _name(asked: Asked) -> str:
    if asked.scripted_minutes is not None:
        bent = "" if asked.scripted_kind == "honest" else f", {asked.scripted_kind}"
        bent += ", works from public files" if asked.scripted_works else ""
        return f"scripted subject, not an AI model (horizon {asked.scripted_minutes:g} min{bent})"
    return asked.model or f"small model {asked.weights.name if asked.weights else ''}"


def _subject(asked: Asked, battery: Generated | Public, placed: Any) -> Any:
    if asked.scripted_minutes is not None:
        assert isinstance(battery, Generated)
        return subject(
            placed,
            battery.task,
            minutes=asked.scripted_minutes,
            kind=asked.scripted_kind,
            seed=asked.seed,
            works=asked.scripted_works,
        )
    from comity.evals.subjects import Reached

    if asked.weights is not None:
        from comity.evals import local

        return local.subject(asked.weights)
    return Reached(name=asked.model, base_url=asked.base_url, api_key=asked.api_key)


def _facts(asked: Asked, admitted: Admitted) -> Facts:
    nobody = "measured at a terminal without an engagement"
    return Facts(
        model=_name(asked),
        endpoint=asked.base_url or "",
        version_digest="",
        reasons={
            "version_digest": "none was given",
            "access_given": nobody,
            "threat_model": nobody,
            "human_baselines": "no human was timed on these items",
            "contamination": "a public suite: its tasks, and solutions to them, are in training data"
            if asked.suite
            else "items are generated for this campaign alone",
            "comment": nobody,
        },
        notes=(*asked.notes, f"Admitted as: {admitted.why}."),
    )


def _secret(path: Path) -> bytes:
    """The battery's secret beside the ledger, made once, for its owner's eyes only."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        return path.read_bytes()
    with os.fdopen(descriptor, "wb") as file:
        made = secrets.token_bytes(32)
        file.write(made)
    return made
