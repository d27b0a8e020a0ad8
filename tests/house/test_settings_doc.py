"""docs/settings.md and the code say the same, in both directions."""

import re
from dataclasses import MISSING, fields
from datetime import timedelta
from pathlib import Path

import pytest

from comity.errors import Invalid
from comity.settings import ALIASES, Settings, load
from tests.conftest import ROOT

ROW = re.compile(r"\| `(COMITY_\w+)` \| `(\w+)` \| ([^|]+) \| ([^|]+) \| ([^|]+) \|")


def rows() -> dict[str, tuple[str, str, str]]:
    """Field -> environment name, unit and default, as the page tells them."""
    found = ROW.findall((ROOT / "docs" / "settings.md").read_text())
    return {field: (name, unit.strip(), default.strip().strip("`")) for name, field, unit, default, _ in found}


def told(value: object) -> str:
    """A default as the page writes it."""
    match value:
        case bool():
            return "yes" if value else "no"
        case timedelta():
            return str(value.days)
        case Path():
            return f"~/{value.relative_to(Path.home())}"
        case None | "":
            return "empty"
    return str(value)


def test_every_setting_is_on_the_page_and_nothing_else_is() -> None:
    assert set(rows()) == {field.name for field in fields(Settings)}


def test_the_environment_names_are_the_ones_that_are_read() -> None:
    aliases = {field: name for name, field in ALIASES.items()}
    for field, (name, _, _) in rows().items():
        assert name == aliases.get(field, f"COMITY_{field.upper()}")


def test_the_defaults_and_units_are_told() -> None:
    for field in fields(Settings):
        default = field.default if field.default_factory is MISSING else field.default_factory()
        _, unit, said = rows()[field.name]
        assert unit
        assert said == told(default), field.name


def test_each_documented_name_is_taken_and_a_misspelt_one_is_not() -> None:
    values = {"yes/no": "yes", "days": "2", "port": "1", "user id": "1", "people": "1", "bytes": "1", "reports": "1"}
    values |= {"starttls, tls, none": "tls", "TLP label": "GREEN", "optional, required": "required"}
    environment = {name: values.get(unit, "1") for name, unit, _ in rows().values()}
    held = load(environment)
    assert (held.embargo, held.offline, held.port) == (timedelta(days=2), True, 1)


def test_values_that_make_no_sense_are_listed_with_a_remedy():
    odd = {"COMITY_APPROVALS": "0", "COMITY_EMBARGO": "-1", "COMITY_PORT": "x", "COMITY_NO_SUCH": "1"}
    with pytest.raises(Invalid) as refused:
        load({**odd, "COMITY_CHECKPOINT_EVERY": "99999999999999999999"})
    assert {p.pointer for p in refused.value.problems} == {f"/{name}" for name in odd}
    with pytest.raises(Invalid):
        load({"COMITY_EMBARGO": "99999999999"})
