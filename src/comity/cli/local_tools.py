"""What only the holder of this machine's keys may do: copies of the host, letters, setup and sign-in links."""

from pathlib import Path
from typing import Any

from comity.admin import backup, rotation
from comity.admin.health import note_backup
from comity.admin.second_factor import SecondFactors
from comity.cli.places import office, shell_login
from comity.durable import engine as durable
from comity.durable.clock import SystemClock
from comity.errors import Invalid, Problem
from comity.model.outcome import Outcome
from comity.sealing import keys
from comity.settings import Settings


def setup_link(settings: Settings) -> str:
    """The link that makes the first administrator."""
    with office(settings, work=False) as held:
        secret = held.accounts.first_secret()
    if secret is None:
        return (
            f"this host has an administrator already: `comity account link {shell_login()}` signs you in, here and "
            "once, if you used this terminal before; any other login works as well"
        )
    return f"{settings.address}/setup/{secret}"


def sign_in_link(settings: Settings, login: str) -> str:
    """A link that signs one account in, once, on this machine."""
    with office(settings, work=False) as held:
        return f"{settings.address}/link/{held.accounts.link(login)}"


def remove_second_factor(settings: Settings, login: str) -> None:
    """Take the second factor from one account. Missing for an unknown login."""
    with office(settings, work=False) as held:
        SecondFactors(held.accounts).remove_at_terminal(login)


def read_trail(settings: Settings, *, person: str, about: str, outcome: str) -> list[dict[str, Any]]:
    """The newest rows of the trail of access. Invalid for an outcome that there is none of."""
    words = tuple(one.value for one in Outcome)
    if outcome and outcome not in words:
        raise Invalid("there is no such outcome", [Problem("/outcome", "bad_value", f"one of {', '.join(words)}")])
    wanted = Outcome(outcome) if outcome else None
    with office(settings, work=False) as held:
        found = held.trail.at_terminal(person=person, about=about, outcome=wanted)
    return [
        {
            "first_at": one.entry.first_at.isoformat(),
            "last_at": one.entry.last_at.isoformat(),
            "person": one.entry.person,
            "name": one.name,
            "via": one.entry.via,
            "way": one.entry.way,
            "action": one.entry.action,
            "kind": one.entry.kind,
            "object": one.entry.object,
            "mark": one.entry.mark,
            "outcome": one.entry.outcome.value,
            "times": one.entry.times,
        }
        for one in found
    ]


def take_backup(settings: Settings, target: Path) -> dict[str, Any]:
    """Copy this host into a new file while it works."""
    with office(settings, work=False) as held:
        taken = backup.take(held.store, settings, held.key, target, at=held.clock.now())
        note_backup(settings, at=taken.made_at, entries=taken.entries)
        return _copy(taken)


def check_backup(settings: Settings, source: Path) -> dict[str, Any]:
    """Check a copy without putting it back."""
    return _copy(backup.look(source, keys.own_keys(settings)))


def put_back(settings: Settings, source: Path) -> dict[str, Any]:
    """Put a copy back into the empty place that the settings name."""
    trusted = keys.own_keys(settings)
    made = backup.restore(
        source, settings, keys.master_key(settings), trusted, make_flows=lambda: durable.connect(settings).close()
    )
    return _copy(made)


def _copy(held: backup.Copy) -> dict[str, Any]:
    return {
        "made_at": held.made_at.isoformat(),
        "store": held.store,
        "journal": {"entries": held.entries, "head": held.head},
        "rows": held.rows,
        "digest": held.digest,
        "files": held.files,
        "bytes": held.bytes,
    }


def list_letters(settings: Settings) -> list[dict[str, Any]]:
    """Letters that wait or were given up: for what, how often tried, why they have not gone. Never to whom."""
    from comity.mail import outbox

    with office(settings, work=False) as held, held.store.read() as tx:
        return [
            {
                "letter": one.id,
                "purpose": one.purpose,
                "state": one.state,
                "made_at": one.made_at.isoformat(),
                "next_at": one.next_at.isoformat(),
                "tries": one.tries,
                "problem": one.problem,
            }
            for one in outbox.unsent(tx)
        ]


def letter_again(settings: Settings, start: str) -> None:
    """Try a letter again that was given up."""
    from comity.mail import outbox

    with office(settings, work=False) as held, held.store.write() as tx:
        outbox.again(tx, outbox.named(tx, start), at=held.clock.now())


def letter_drop(settings: Settings, start: str) -> None:
    """Forget a letter that was given up."""
    from comity.mail import outbox

    with office(settings, work=False) as held, held.store.write() as tx:
        outbox.drop(tx, outbox.named(tx, start))


def change_signing_key(settings: Settings) -> rotation.Changed:
    """Sign with a fresh key from now on."""
    return rotation.signing(settings, at=SystemClock().now())


def change_master_key(settings: Settings, file: Path | None) -> rotation.Changed:
    """Bring the store under a fresh master key, or under the one in a file."""
    return rotation.master(settings, None if file is None else keys.read_master(file), at=SystemClock().now())
