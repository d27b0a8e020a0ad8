"""A sample estate: images out of the starter data, and as many assets as asked for that run them, by a seed.

Every package and version is one that an advisory of the starter data lists, so the first scan is not empty; three
images hold versions whose weaknesses are in the catalogue of known exploited ones. Names say that it is a sample.
"""

import json
import random
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from comity.defend.desk import Document, Registered
from comity.formats import osv_bundle, pack
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
IMAGES = 40
OWN = (("npm", "left-pad", "1.3.0"), ("maven", "org.example/unlisted", "1.0"), ("generic", "site-tools", ""))
"""What every third image also holds and no advisory is held for: an honest estate has such."""


def make(desk: "Defend", viewer: "Viewer", *, assets: int, seed: int, domain: Domain) -> dict[str, Any]:
    """Register the images and make the assets. The same seed twice changes nothing but dates."""
    chance = random.Random(seed)  # noqa: S311  a sample, not a secret
    pool = _pool()
    names = []
    for number in range(IMAGES):
        title, fixed = KNOWN[number] if number < len(KNOWN) else (chance.choice(KINDS), ())
        name = f"sample image {number + 1:02d} {title}"
        listed = [*fixed, *chance.sample(pool, chance.randint(20, 60)), *(OWN if number % 3 == 0 else ())]
        outcome = desk.register(
            viewer, Document(name=f"{name}.json", data=_bom(name, listed)), name=name, domain=domain
        )
        assert isinstance(outcome, Registered)
        names.append(name)
    table = _table(chance, names, assets, today=desk.machines.now().date())
    made = desk.import_assets(viewer, table.encode(), domain=domain)
    return {"assets": len(made), "inventories": len(names), "seed": seed}


def _pool() -> list[tuple[str, str, str]]:
    """Packages of the Python advisories with a version that they list, in text order; and Go modules, as they are."""
    found: dict[str, set[str]] = {}
    data, _ = pack.starter_advisories()[0]
    for record in osv_bundle.read(data).records:
        if record.advisory.withdrawn_at is None:
            for affected in record.advisory.affected:
                if affected.versions:
                    found.setdefault(package_of(affected).name, set()).update(affected.versions[-3:])
    return [("pypi", name, version) for name in sorted(found) for version in sorted(found[name])]


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
