"""Where the real data of suites and benches lies: the setting's folder, else the one beside the checkout."""

from pathlib import Path

from comity.settings import Settings


def folder(settings: Settings) -> Path:
    """The folder; it may not be there."""
    return settings.corpora or Path(__file__).resolve().parents[4] / "shared" / "data"
