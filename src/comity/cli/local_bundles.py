"""Signed bundles of mirrors at this host's own terminal."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from comity import __version__
from comity.admin import flow_mirrors
from comity.admin.bundle_list import Listed
from comity.cli.places import office
from comity.errors import Invalid, Problem
from comity.sealing import keys
from comity.sealing.keys import PublicKey
from comity.settings import Settings

KEY_LIMIT_BYTES = 16 * 1024


def export_bundle(settings: Settings, file: Path, base: Path | None) -> dict[str, Any]:
    """Write a bundle of what this host holds."""
    with office(settings, work=False) as held:
        made = held.mirroring.bundles.export(file, held.key, at=held.clock.now(), host=settings.organisation, base=base)
    told = _told(made.listed, held.key.public)
    return told | {"bytes": made.bytes, "left_out": list(made.left_out)}


def take_bundle(settings: Settings, file: Path, given: Sequence[Path], *, stale_too: bool) -> dict[str, Any]:
    """Take a bundle in, trusting the keys given, those in the settings' folder, and this host's own ones."""
    with office(settings, work=False) as held:
        took = held.mirroring.bundles.take(
            file,
            trusted(settings, given),
            at=held.clock.now(),
            stale_too=stale_too,
            actor=flow_mirrors.TERMINAL,
        )
    feeds = [{"source": one.source, "did": one.did, "said": one.said} for one in took.fed]
    return _told(took.listed, took.key) | {"feeds": feeds, "rules": list(took.rules), "here": __version__}


def look_at_bundle(settings: Settings, file: Path, given: Sequence[Path]) -> dict[str, Any]:
    """What a bundle holds."""
    with office(settings, work=False) as held:
        listed, key = held.mirroring.bundles.look(file, trusted(settings, given))
    return _told(listed, key)


def trusted(settings: Settings, given: Sequence[Path]) -> tuple[PublicKey, ...]:
    """Whose bundles are taken in. Invalid for a file that is no key document."""
    files = list(given)
    if settings.bundle_keys is not None:
        files += sorted(path for path in settings.bundle_keys.glob("*.json") if path.is_file())
    found = [*keys.own_keys(settings)]
    for file in files:
        if file.stat().st_size > KEY_LIMIT_BYTES:
            problem = Problem(f"/{file.name}", "document_too_large", "give the output of `comity key` there")
            raise Invalid("this is no key document", [problem])
        found.append(keys.read_public(file.read_bytes()))
    return tuple(found)


def _told(listed: Listed, key: PublicKey) -> dict[str, Any]:
    return {
        "digest": listed.digest,
        "base": listed.base,
        "host": listed.host,
        "made_at": listed.made_at.isoformat(),
        "tool": listed.tool,
        "demo": listed.demo,
        "key": key.id,
        "feeds": [
            {
                "source": one.source,
                "form": one.form,
                "sha256": one.sha256,
                "bytes": one.bytes,
                "as_of": one.as_of.isoformat() if one.as_of else None,
                "fetched_at": one.fetched_at.isoformat(),
                "confirmed_at": one.confirmed_at.isoformat() if one.confirmed_at else None,
                "known_at": one.known_at.isoformat(),
                "limit_days": one.limit_days,
                "carried": one.carried,
            }
            for one in listed.feeds
        ],
    }
