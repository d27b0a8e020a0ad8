"""Inspect keeps its own log to itself, and leaves every other log as it was."""

import logging

import pytest
from inspect_ai._util import logger as inspect_logger

from comity.evals import quiet


@pytest.fixture
def first(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if Inspect had not run in this process."""
    monkeypatch.setattr(inspect_logger, "_logHandler", {"handler": None})


@pytest.mark.usefixtures("first")
def test_a_fault_of_this_host_is_still_logged_after_the_first_run(caplog: pytest.LogCaptureFixture) -> None:
    root = logging.getLogger()
    level, handlers = root.level, list(root.handlers)
    quiet.hush()
    assert (root.level, root.handlers) == (level, handlers)
    logging.getLogger("comity.web").error("a fault")
    assert "a fault" in caplog.text


@pytest.mark.usefixtures("first")
def test_its_trace_passes_nothing_on() -> None:
    quiet.hush()
    own = [one for one in logging.getLogger("inspect_ai").handlers if hasattr(one, "trace_logger_level")]
    assert own
    assert {one.trace_logger_level for one in own} == {quiet.NOTHING}
