"""A sample estate: images out of the starter data, and as many assets as asked for that run them, by a seed.

Every package and version is one that an advisory of the starter data lists, so the first scan is not empty; three
images hold versions whose weaknesses are in the catalogue of known exploited ones. Or the images are the SBOMs of a
folder. Names say that it is a sample, and its dates are a sample's: images count as found over the ninety days before
`DAY`, so that dates, overdue and to come, can be looked at.
"""

import json
import random
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from comity.admin import mirrors
from comity.defend.desk import Document, Registered
from comity.errors import Invalid
from comity.formats import osv_bundle, pack
from comity.formats.versions import key
from comity.formats.versions.identity import package_of
from comity.model.asset import Domain

if TYPE_CHECKING:
    from comity.defend.desk import Defend
    from comity.model.party import Viewer

KNOWN = (
    ("automation master", (("pypi", "salt", "3000.1"), ("pypi", "tornado", "4.5.3"), ("pypi", "jinja2", "2.10"))),
    (
        "workflow scheduler",
        (("pypi", "apache-airflow", "1.10.10"), ("pypi", "flask", "1.1.1"), ("pypi", "lxml", "4.4.1")),
    ),
    ("analytics node", (("pypi", "pyspark", "3.2.1"), ("pypi", "numpy", "1.18.1"), ("pypi", "pillow", "9.0.0"))),
)
"""Images that hold versions whose weaknesses are known to be exploited: CVE-2020-11651 and others, CVE-2020-11978,
CVE-2022-33891."""
KINDS = ("web server", "application server", "batch server", "workstation", "database server", "gateway")
ENVIRONMENTS = ("prod", "prod", "dev", "test")
DAY: Final = date(2026, 11, 20)
"""The day to ask about with `--on`. Ours: BOD 26-04 is issued by then, and its table not yet in force."""
SPREAD: Final = timedelta(days=90)
IMAGES = 40
OLD_SHARE = 0.12
"""How many of the packages of an image are behind."""
OWN = (("npm", "left-pad", "1.3.0"), ("maven", "org.example/unlisted", "1.0"), ("generic", "site-tools", ""))
"""What every third image also holds and no advisory is held for: an honest estate has such."""


def take_in_starter(desk: "Defend") -> tuple[str, ...]:
    """Where no advisories are mirrored: the starter data as mirrors, each with its own date. Gives their names."""
    store, now = desk.machines.store, desk.machines.now()
    held = {one.source for one in mirrors.held(store)}
    if any(source.startswith("OSV ") for source in held):
        return ()
    taken = [mirrors.take_in(store, data, at=now, as_of=at).mirror.source for data, at in pack.starter_advisories()]
    for data, source in zip(pack.starter(), ("CISA KEV", "CISA Vulnrichment"), strict=True):
        if source not in held:
            taken.append(mirrors.take_in(store, data, at=now).mirror.source)
    return tuple(taken)


def make(
    desk: "Defend", viewer: "Viewer", *, assets: int, seed: int, domain: Domain, sboms: Path | None = None
) -> dict[str, Any]:
    """Register the images and make the assets. The same seed twice changes nothing but dates."""
    chance = random.Random(seed)  # noqa: S311  a sample, not a secret
    documents = _documents(chance) if sboms is None else _files(sboms)
    names, left_out = [], []
    first = min(desk.machines.now(), datetime.combine(DAY, time(9), tzinfo=UTC)) - SPREAD
    for number, document in enumerate(documents):
        found_at = first + SPREAD * number / max(len(documents), 1)
        then = _at(desk, found_at)
        name = f"sample image {number + 1:02d} {document.name}"
        try:
            outcome = then.register(viewer, document, name=name, domain=domain)
        except Invalid as error:
            left_out.append((document.name, str(error)))
            continue
        if isinstance(outcome, Registered):
            names.append(name)
    if not names:
        raise Invalid("there is no list of packages to make a sample of")
    opened = _at(desk, first)
    table = _table(chance, names, assets, today=desk.machines.now().date())
    made = opened.import_assets(viewer, table.encode(), domain=domain)
    return {"assets": len(made), "inventories": len(names), "seed": seed, "left_out": left_out}


def _at(desk: "Defend", moment: datetime) -> "Defend":
    """The same desk at a moment of the sample's."""
    return replace(desk, machines=replace(desk.machines, now=lambda: moment))


def _documents(chance: random.Random) -> list[Document]:
    pool = _pool()
    made = []
    for number in range(IMAGES):
        title, fixed = KNOWN[number] if number < len(KNOWN) else (chance.choice(KINDS), ())
        picked = chance.sample(pool, chance.randint(30, 80))
        others = [("pypi", name, old if chance.random() < OLD_SHARE or not new else new) for name, old, new in picked]
        listed = [*fixed, *others, *(OWN if number % 3 == 0 else ())]
        made.append(Document(name=title, data=_bom(f"sample image {number + 1:02d} {title}", listed)))
    return made


def _files(folder: Path) -> list[Document]:
    return [Document(name=file.name, data=file.read_bytes()) for file in sorted(folder.iterdir()) if file.is_file()]


def _pool() -> list[tuple[str, str, str]]:
    """Packages of the Python advisories in text order: name, a version they list, the highest they call fixed."""
    old: dict[str, str] = {}
    fixed: dict[str, set[str]] = {}
    data, _ = pack.starter_advisories()[0]
    for record in osv_bundle.read(data).records:
        if record.advisory.withdrawn_at is None:
            for affected in record.advisory.affected:
                name = package_of(affected).name
                if affected.versions:
                    old[name] = affected.versions[-1]
                fixed.setdefault(name, set()).update(affected.fixed_versions)
    return [(name, old[name], _highest(fixed[name])) for name in sorted(old)]


def _highest(versions: set[str]) -> str:
    placed = [(position, version) for version in versions if (position := key("pypi", version)) is not None]
    return max(placed, default=(b"", ""))[1]


def _bom(name: str, listed: list[tuple[str, str, str]]) -> bytes:
    components = [
        {
            "type": "library",
            "name": package,
            **({"version": version} if version else {}),
            "purl": f"pkg:{kind}/{package}@{version}" if version else f"pkg:{kind}/{package}",
        }
        for kind, package, version in dict.fromkeys(listed)
    ]
    document = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {"component": {"type": "application", "name": name, "version": "sample"}},
        "components": components,
    }
    return json.dumps(document).encode()


def _table(chance: random.Random, images: list[str], assets: int, *, today: date) -> str:
    rows = ["asset,asset type,environment,exposure,exposure source,criticality,planned upgrade,inventory"]
    for number in range(assets):
        first = number if number < len(images) else chance.randrange(len(images))
        second = chance.choice(images)
        runs = ";".join(dict.fromkeys((images[first], second) if chance.random() < 0.5 else (images[first],)))
        exposure = chance.choices(("public", "internal", ""), (20, 60, 20))[0]
        upgrade = f"{today + timedelta(days=chance.randint(20, 700))}" if chance.random() < 0.7 else ""
        rows.append(
            f"sample-{number + 1:05d},{chance.choice(KINDS)},{chance.choice(ENVIRONMENTS)},{exposure},"
            f"{'sample' if exposure else ''},{chance.choice(('high', 'moderate', 'low'))},{upgrade},{runs}"
        )
    return "\n".join(rows) + "\n"
