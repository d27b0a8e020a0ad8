"""What an operator must know about the work, the clock, the keys, the disk and the copies of this host.

Pure but for the looks at the files and at the system's own tables; `comity doctor` and the page `/host` show the lines.
Each line says what is, whether that is well, and the one thing to do when it is not.
"""

import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

from comity.admin.views import Health
from comity.durable import engine as durable
from comity.durable.engine import Backlog, Control
from comity.sealing import checkpoints as sealing
from comity.settings import Settings
from comity.store import hooks, journal, migrate
from comity.store.engine import Store

BACKUP_NOTE: Final = "last-backup.json"
BACKUP_AGE: Final = timedelta(days=7)
KEY_AGE: Final = timedelta(days=365)
QUEUE_AGE: Final = timedelta(minutes=15)
"""What has waited for a worker for longer is worth a look."""
SKEW: Final = timedelta(seconds=60)
SCARCE: Final = 2 * 2**30
FULL: Final = 256 * 2**20
"""Bytes left on the disk of the data from which on the operator is warned, and from which on it is bad."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """The newest copy of this host, as its making left it in the data folder."""

    at: datetime
    entries: int


def note_backup(settings: Settings, *, at: datetime, entries: int) -> None:
    """Remember that a copy was taken: when, and how far the journal was."""
    path = settings.data / BACKUP_NOTE
    draft = path.with_suffix(".draft")
    draft.write_bytes(msgspec.json.encode(Taken(at=at, entries=entries)))
    draft.rename(path)


def lines(store: Store, settings: Settings, control: Control, *, now: Callable[[], datetime]) -> Iterator[Health]:
    """Every line of this file, the work first."""
    at = now()
    backlog = control.backlog()
    yield workers(durable.alive(settings.data), backlog, at)
    yield queue(backlog, at)
    with store.read() as tx:
        yield dead_letters(backlog.failed, hooks.dead(tx))
        entries = journal.head(tx).seq
        newest = journal.after(tx, entries - 1, limit=1)
    yield clock(newest[0].event.at if newest else None, at)
    yield zone()
    yield schema(migrate.current(store.engine))
    yield checkpoints(settings, entries)
    yield backups(_taken(settings), entries, at)
    yield from keys(settings, at)
    yield disk(shutil.disk_usage(settings.data).free)
    yield address(settings)


def workers(alive: tuple[str, ...], backlog: Backlog, at: datetime) -> Health:
    """Who works, and when a flow last took a step. No worker is a warning, and bad when something waits for one."""
    sign = f"last step {_ago(at - backlog.moved_at)}" if backlog.moved_at is not None else "no step was ever taken"
    if alive:
        return Health(name="workers", value=f"{', '.join(alive)}; {sign}", state="ok")
    state = "bad" if backlog.waiting or backlog.running else "warn"
    return Health(
        name="workers", value=f"none works here; {sign}", state=state, remedy="comity serve, or comity worker"
    )


def queue(backlog: Backlog, at: datetime) -> Health:
    """How much waits for a worker, and since when the oldest."""
    most = durable.COUNTED
    waiting = f"{most} or more" if backlog.waiting >= most else str(backlog.waiting)
    told = f"{waiting} waiting, {backlog.running} with a worker or asleep"
    if backlog.oldest is None:
        return Health(name="queue", value=told, state="ok")
    age = at - backlog.oldest
    late = age > QUEUE_AGE
    return Health(
        name="queue",
        value=f"{told}; the oldest since {backlog.oldest:%Y-%m-%d %H:%M} UTC",
        state="warn" if late else "ok",
        remedy="more workers on one PostgreSQL (docs/operating.md), or see why these stand still" if late else "",
    )


def dead_letters(failed: int, dead: int) -> Health:
    """Flows that failed for good and tellings of webhooks that were given up: nothing takes them up by itself."""
    told = f"{failed} failed flows, {dead} webhook deliveries given up"
    if not failed and not dead:
        return Health(name="dead letters", value="none", state="ok")
    return Health(
        name="dead letters", value=told, state="warn", remedy="mend the cause; the page of each webhook replays its own"
    )


def given_up(hand_overs: int, cve_requests: int) -> Health:
    """What partner hosts and CVE Services did not answer until the last try: a person has to send it again."""
    if not hand_overs and not cve_requests:
        return Health(name="sent to others", value="nothing was given up", state="ok")
    return Health(
        name="sent to others",
        value=f"given up: {hand_overs} hand-overs to partners, {cve_requests} requests to CVE Services",
        state="warn",
        remedy="see that the other side answers, then a coordinator sends it again: /partners, or the case's page",
    )


def clock(newest: datetime | None, at: datetime) -> Health:
    """A journal entry from later than now means that this clock went back, or was ahead when it was written."""
    ahead = timedelta(0) if newest is None else newest - at
    if ahead > SKEW:
        return Health(
            name="clock",
            value=f"{int(ahead.total_seconds())} s behind the newest journal entry: dates would come late",
            state="bad",
            remedy="set this machine's clock by NTP; if the clock was ahead before, wait until it is past that entry",
        )
    return Health(name="clock", value="not behind the journal", state="ok")


def zone() -> Health:
    """Nothing depends on the machine's zone; it is told because logs beside Comity's use it."""
    return Health(name="time zone", value=f"everything is kept in UTC; this machine says {time.tzname[0]}", state="ok")


def schema(held: str | None) -> Health:
    """The revision of the database against the one this release was made for."""
    if held == migrate.HEAD:
        return Health(name="schema", value=f"{held}, this release's own", state="ok")
    return Health(
        name="schema", value=f"{held}, this release has {migrate.HEAD}", state="bad", remedy="start one process alone"
    )


def checkpoints(settings: Settings, entries: int) -> Health:
    """How far the journal stands under a signed checkpoint, and whether that lies on the disk it is to prove."""
    folder = settings.checkpoint_folder
    held = sealing.found(folder)
    told = f"{len(held)}, up to entry {max(held, default=0)} of {entries}"
    if folder.is_dir() and folder.stat().st_dev == settings.data.stat().st_dev:
        return Health(
            name="checkpoints",
            value=f"{told}; on the same disk as the store",
            state="warn",
            remedy="COMITY_CHECKPOINTS on another machine's disk, or send the files away",
        )
    return Health(name="checkpoints", value=told, state="ok")


def backups(taken: Taken | None, entries: int, at: datetime) -> Health:
    """When the newest copy was taken with `comity backup`, as the data folder remembers it, and what came since."""
    if taken is None:
        return Health(name="backup", value="none was taken by comity backup", state="warn", remedy="comity backup FILE")
    since = max(0, entries - taken.entries)
    told = f"{taken.at:%Y-%m-%d %H:%M} UTC ({_ago(at - taken.at)}), {since} journal entries since"
    old = at - taken.at > BACKUP_AGE
    return Health(name="backup", value=told, state="warn" if old else "ok", remedy="comity backup FILE" if old else "")


def keys(settings: Settings, at: datetime) -> Iterator[Health]:
    """Since when each key file is there. A key that a command or a setting gives has no age that this host knows."""
    for name, what in (("signing.pem", "age of the signing key"), ("master.key", "age of the master key")):
        path = settings.keys / name
        if name == "master.key" and (settings.master_key or settings.master_key_command):
            yield Health(name=what, value="given by a setting or a command: its keeper knows", state="ok")
        elif path.exists():
            made = datetime.fromtimestamp(path.stat().st_mtime, UTC)
            old = at - made > KEY_AGE
            yield Health(
                name=what,
                value=f"since {made:%Y-%m-%d}",
                state="warn" if old else "ok",
                remedy="over a year old: docs/operating.md, Keys" if old else "",
            )


def disk(free: int) -> Health:
    """What is left where the records lie. A full disk stops intake; nothing that was taken is lost."""
    state = "bad" if free < FULL else "warn" if free < SCARCE else "ok"
    return Health(
        name="disk",
        value=f"{free / 2**30:.1f} GiB free at the data folder",
        state=state,
        remedy="" if state == "ok" else "make room, or move COMITY_DATA to a larger disk",
    )


def address(settings: Settings) -> Health:
    """How people outside reach this host, and whether what they send is hidden on the way."""
    if settings.public_url.startswith("https://"):
        return Health(name="address", value=f"{settings.public_url}, by a proxy with TLS", state="ok")
    return Health(name="address", value=f"{settings.address}: this machine alone", state="ok")


def _taken(settings: Settings) -> Taken | None:
    try:
        return msgspec.json.decode((settings.data / BACKUP_NOTE).read_bytes(), type=Taken)
    except (FileNotFoundError, msgspec.DecodeError):
        return None


def _ago(age: timedelta) -> str:
    seconds = max(0, int(age.total_seconds()))
    for size, word in ((86_400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= size:
            number = seconds // size
            return f"{number} {word}{'s' if number > 1 else ''} ago"
    return "less than a minute ago"
