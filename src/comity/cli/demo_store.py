"""Where a demonstration keeps its store: a folder of its own beside the host's, cleared at its next start."""

from dataclasses import replace
from shutil import rmtree

from comity.errors import Conflict
from comity.settings import Settings

MARK = "comity-demo"
"""A file of this name says that a folder was made by the demo and may be cleared by it."""


def fresh(held: Settings, suffix: str) -> Settings:
    """An empty store of the demo's own, beside the host's. The gateway may call scripted endpoints on this machine."""
    folder = held.data.with_name(held.data.name + suffix)
    if folder.exists():
        if not (folder / MARK).exists():
            raise Conflict(f"{folder} is not the demo's own folder: move it away, or set COMITY_DATA")
        rmtree(folder)
    for part in (folder, folder / "data", folder / "keys"):
        part.mkdir(mode=0o700, parents=True, exist_ok=True)
    (folder / MARK).write_text("made by `comity demo`; cleared at its next start\n")
    wheels = held.wheels or held.data / "packages"
    return replace(
        held,
        data=folder / "data",
        keys=folder / "keys",
        database_url="",
        workflow_url="",
        master_key="",
        master_key_command="",
        organisation="Comity demo host (not a real organisation)",
        wheels=wheels if wheels.is_dir() else None,
        checkpoint_every=16,
        remote="",
        directive_choices="kev_max_age=unlimited",
        gateway_loopback=True,
    )
