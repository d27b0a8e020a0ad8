"""A batch is cut into its items wherever its bytes happen to be cut into windows."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comity.errors import Invalid
from comity.formats import stream
from comity.formats.stream import Bytes

TEXT = st.text(st.sampled_from('ab\\"[]{},: é\n'), max_size=12)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)


@given(st.lists(st.dictionaries(TEXT, VALUES, max_size=3), max_size=5), st.integers(2, 40), st.booleans())
def test_items_are_those_of_the_document_for_every_window(reports, window, escaped) -> None:
    data = json.dumps({"schema": "comity-batch/1", "reports": reports, "x": "]}"}, ensure_ascii=escaped).encode()
    with pytest.MonkeyPatch.context() as small:
        small.setattr(stream, "WINDOW", window)
        plan = stream.survey(Bytes(data))
        found = stream.items(Bytes(data), plan.parts[0].first, most=100)
    assert [json.loads(item) for item in found.items] == reports
    assert found.next is None


@given(st.lists(st.dictionaries(TEXT, VALUES, max_size=3), min_size=1, max_size=3), st.data())
def test_a_document_that_stops_early_is_refused(reports, data) -> None:
    whole = json.dumps({"reports": reports}).encode()
    cut = data.draw(st.integers(1, len(whole) - 1))
    with pytest.raises(Invalid):
        stream.survey(Bytes(whole[:cut]))
