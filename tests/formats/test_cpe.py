# ruff: noqa: E501  a name and its binding are read side by side
"""CPE names: bindings as NISTIR 7695 gives them, relations as NISTIR 7696 does. Examples are the two documents'."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comity.errors import Invalid
from comity.formats import cpe
from comity.formats.cpe import ANY, ATTRIBUTES, NA, Name, Relation


@pytest.mark.parametrize(
    ("uri", "formatted"),
    [
        # NISTIR 7695, 6.1.3 and 6.2.3
        ("cpe:/a:microsoft:internet_explorer:8.0.6001:beta", "cpe:2.3:a:microsoft:internet_explorer:8.0.6001:beta:*:*:*:*:*:*"),
        ("cpe:/a:microsoft:internet_explorer:8.%02:sp%01", r"cpe:2.3:a:microsoft:internet_explorer:8.*:sp?:*:*:*:*:*:*"),
        ("cpe:/a:hp:insight_diagnostics:7.4.0.1570::~~online~win2003~x64~", "cpe:2.3:a:hp:insight_diagnostics:7.4.0.1570:*:*:*:online:win2003:x64:*"),
        ("cpe:/a:hp:openview_network_manager:7.51:-:~~~linux~~", "cpe:2.3:a:hp:openview_network_manager:7.51:-:*:*:*:linux:*:*"),
        ("cpe:/a:foo%5cbar:big%24money_2010:::~~special~ipod_touch~80gb~", r"cpe:2.3:a:foo\\bar:big\$money_2010:*:*:*:*:special:ipod_touch:80gb:*"),
        ("cpe:/o:fortinet:fortios", "cpe:2.3:o:fortinet:fortios:*:*:*:*:*:*:*:*"),
    ],
)  # fmt: skip
def test_a_uri_and_a_formatted_string_bind_the_same_name(uri: str, formatted: str) -> None:
    assert cpe.read(uri) == cpe.read(formatted)
    assert cpe.write(cpe.read(uri)) == formatted


@pytest.mark.parametrize(
    "text",
    [
        "cpe:2.3:a:vendor:product:1.0",
        "cpe:2.3:x:vendor:product:1.0:*:*:*:*:*:*:*",
        "cpe:2.3:a:ven*dor:product:1.0:*:*:*:*:*:*:*",
        "cpe:2.3:a::product:1.0:*:*:*:*:*:*:*",
        "cpe:2.3:a:v en:product:1.0:*:*:*:*:*:*:*",
        "cpe:/a:b:c:d:e:~x~y:f",
        "cpe:/a:b:c:d:e:f:g:h",
        "pkg:pypi/salt@1",
        "cpe:2.3:" + "a:" * 10 + "9" * 2000,
    ],
)
def test_what_breaks_the_grammar_is_refused_with_the_reason(text: str) -> None:
    with pytest.raises(Invalid) as refused:
        cpe.read(text)
    assert refused.value.problems


@pytest.mark.parametrize(
    ("source", "target", "expected"),
    [
        # NISTIR 7696, table 6-2
        (ANY, ANY, Relation.EQUAL), (ANY, NA, Relation.SUPERSET), (ANY, "1", Relation.SUPERSET),
        (ANY, "1*", Relation.UNDEFINED), (NA, ANY, Relation.SUBSET), (NA, NA, Relation.EQUAL),
        (NA, "1", Relation.DISJOINT), (NA, "1*", Relation.UNDEFINED), ("1", "1", Relation.EQUAL),
        ("1", "2", Relation.DISJOINT), ("1", "1*", Relation.UNDEFINED), ("1", NA, Relation.DISJOINT),
        ("1", ANY, Relation.SUBSET), ("1*", "10.2", Relation.SUPERSET), ("1*", "2", Relation.DISJOINT),
        ("1*", ANY, Relation.SUBSET), ("1*", NA, Relation.DISJOINT), ("1*", "1*", Relation.UNDEFINED),
        ("sp?", "sp1", Relation.SUPERSET), ("sp?", "sp", Relation.SUPERSET), ("sp?", "sp10", Relation.DISJOINT),
        ("*.2", "7.0.2", Relation.SUPERSET),
        (r"1\*", r"1\*", Relation.EQUAL),
    ],
)  # fmt: skip
def test_values_stand_to_each_other_as_the_table_says(source: str, target: str, expected: Relation) -> None:
    assert cpe.against(source, target) is expected


def test_names_stand_as_their_values_do_and_a_mix_is_undefined() -> None:
    wide = cpe.read("cpe:2.3:o:fortinet:fortios:*:*:*:*:*:*:*:*")
    one = cpe.read("cpe:2.3:o:Fortinet:FortiOS:7.0.1:*:*:*:*:*:*:*")
    assert cpe.relation(wide, one) is Relation.SUPERSET
    assert cpe.relation(one, wide) is Relation.SUBSET
    assert cpe.relation(one, one) is Relation.EQUAL
    other = cpe.read("cpe:2.3:o:fortinet:fortiweb:7.0.1:*:*:*:*:*:*:*")
    assert cpe.relation(wide, other) is Relation.DISJOINT
    linux = cpe.read("cpe:2.3:o:fortinet:fortios:*:*:*:*:*:linux:*:*")
    assert cpe.relation(linux, one) is Relation.UNDEFINED
    assert cpe.relation(wide, one, without=frozenset({"version"})) is Relation.EQUAL
    assert (one.key, one.release, wide.release) == (("fortinet", "fortios"), "7.0.1", "")


@settings(max_examples=200)
@given(
    st.lists(
        st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=9), min_size=10, max_size=10
    )
)
def test_a_name_of_any_printable_characters_comes_back_as_written(values: list[str]) -> None:
    quoted = ["".join(c if c.isalnum() else f"\\{c}" for c in value) for value in values]
    name = cpe.read("cpe:2.3:" + ":".join(["a", *quoted]))
    assert cpe.read(cpe.write(name)) == name
    assert cpe.relation(name, name) is Relation.EQUAL
    assert [cpe.plain(getattr(name, one)) for one in ATTRIBUTES[1:]] == [value.casefold() for value in values]
    assert isinstance(name, Name)
