"""Read what is to be tried: one change out of a short text, as the terminal and the page take it."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date

from comity.defend.packs import advisory
from comity.defend.whatif import Change, SetExposure, SetKev, SetSsvc, SetUpgrade, UseRules
from comity.model.asset import Domain
from comity.model.directive import Pack
from comity.model.ids import AssetId


def read(
    text: str, names: Mapping[str, AssetId], packs: Mapping[str, Pack], choices: dict[str, str], today: date
) -> Change:
    """One change out of its text. ValueError or LookupError for a text that is none."""
    word, *rest = text.split()
    match word, rest:
        case "exposure", [*asset, ("yes" | "no" | "unknown") as value]:
            return SetExposure(asset=_asset(" ".join(asset), names), value=None if value == "unknown" else value)
        case "upgrade", [*asset, day]:
            on = None if day == "none" else date.fromisoformat(day)
            return SetUpgrade(asset=_asset(" ".join(asset), names), on=on)
        case "kev", [cve, *days] if len(days) < 3:
            moments = [date.fromisoformat(day) for day in days]
            return SetKev(
                vulnerability=cve,
                added=moments[0] if moments else today,
                due=moments[1] if len(moments) > 1 else None,
            )
        case "ssvc", [cve, *values] if values:
            said: dict[str, str] = dict(_pair(one) for one in values)
            if not set(said) <= {"automatable", "impact"}:
                raise ValueError(text)
            _among(said.get("automatable"), {"yes", "no"})
            _among(said.get("impact"), {"total", "partial"})
            return SetSsvc(vulnerability=cve, automatable=said.get("automatable"), technical_impact=said.get("impact"))
        case "choose", values if values:
            choices.update(dict(_pair(one) for one in values))
            return UseRules(pack=packs["us.cisa.bod-26-04"], policy=dict(choices))
        case "pack", [name]:
            return UseRules(pack=packs[name], policy=dict(choices))
        case _:
            raise ValueError(text)


def within(domain: Domain, change: Change) -> Change:
    """A change of rules as it holds in a domain: rules of another civil domain are advice there."""
    if isinstance(change, UseRules) and change.pack.domain not in {None, domain}:
        return replace(change, pack=advisory(change.pack))
    return change


def _asset(text: str, names: Mapping[str, AssetId]) -> AssetId:
    return names.get(text, AssetId(text))


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise ValueError(text)
    return name, value


def _among(value: str | None, legal: set[str]) -> None:
    if value is not None and value not in legal:
        raise ValueError(value)
