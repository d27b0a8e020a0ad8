"""Have an archive by its digest: from the host's own mirror, the cache, else the package registry.

The registry is asked through the ordinary pip client with the user's own configuration, for wheels only and by hash: a
source build would run the package's code outside the containment. Whatever the way, the bytes are hashed here again.
"""

import tempfile
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

from packageurl import PackageURL

from comity.errors import Unavailable
from comity.feeds.kept import write_whole
from comity.formats.recipe import PACKAGE, VERSION
from comity.model.ids import Digest, digest
from comity.model.product import Artefact
from comity.model.recipe import Origin
from comity.sandbox.tool import tool

WHEEL_LIMIT_BYTES: Final = 64 * 1024 * 1024
PATIENCE: Final = timedelta(seconds=90)


@dataclass(frozen=True, slots=True, kw_only=True)
class Had:
    """An archive's bytes, which have the digest that was asked for, and where they came from."""

    data: bytes
    origin: Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """Where archives may come from. `cache` is written by this module, named by digest; `mirror` is only read."""

    cache: Path
    mirror: Path | None = None
    """Folder of wheels that the host's operator put there; any file name."""
    online: bool = True

    def get(self, artefact: Artefact) -> Had:
        """The archive. Raises Unavailable, naming the release and what to do, when it cannot be had."""
        data = _in_folder(self.mirror, artefact.digest) if self.mirror is not None else None
        if data is not None:
            return Had(data=data, origin=Origin.MIRROR)
        kept = self.cache / f"{artefact.digest}.whl"
        if kept.is_file():
            data = kept.read_bytes()
            if digest(data) == artefact.digest:
                return Had(data=data, origin=Origin.REGISTRY)
            kept.unlink()
        purl = PackageURL.from_string(artefact.purl)
        if purl.type != "pypi" or not purl.version:
            raise Unavailable(
                f"{artefact.purl} is on no registry that Comity reads: attach it, or put it into the mirror"
            )
        if not self.online:
            raise Unavailable(f"the wheel of {artefact.purl} is not held here, and this host fetches nothing")
        data = self._download(purl.name, purl.version, artefact)
        write_whole(kept, data)
        return Had(data=data, origin=Origin.REGISTRY)

    def _download(self, name: str, version: str, artefact: Artefact) -> bytes:
        # pip reads options from the lines of a requirements file: whatever was checked before, nothing else gets in
        if not PACKAGE.match(name) or not VERSION.match(version):
            raise Unavailable("an archive's package URL holds no plain name and version: no registry is asked for it")
        with tempfile.TemporaryDirectory(prefix="comity-wheel-") as folder:
            wanted = Path(folder) / "wanted.txt"
            wanted.write_text(f"{name}=={version} --hash=sha256:{artefact.digest}\n", encoding="ascii")
            into = Path(folder) / "wheels"
            into.mkdir()
            answer = tool(
                "pip",
                (
                    *("--disable-pip-version-check", "--no-input", "--no-cache-dir", "download", "--quiet"),
                    *("--no-deps", "--only-binary", ":all:", "--ignore-requires-python", "--require-hashes"),
                    *("--dest", str(into), "--requirement", str(wanted)),
                ),
                cwd=Path(folder),
                timeout=PATIENCE,
                network=True,
            )
            wheels = sorted(into.glob("*-none-any.whl"))
            if answer.exit_code != 0 or not wheels:
                why = "took too long" if answer.timed_out else "has no pure wheel with this digest, or is not reachable"
                raise Unavailable(f"the registry {why}: {artefact.purl}; put the wheel into the mirror and try again")
            if wheels[0].stat().st_size > WHEEL_LIMIT_BYTES:
                raise Unavailable(f"the wheel of {artefact.purl} is over {WHEEL_LIMIT_BYTES} bytes")
            data = wheels[0].read_bytes()
        if digest(data) != artefact.digest:
            raise Unavailable(f"the registry gave other bytes for {artefact.purl} than the recipe names")
        return data


def _in_folder(folder: Path, wanted: Digest) -> bytes | None:
    """The file in `folder` with that digest, whatever its name."""
    if not folder.is_dir():
        return None
    for path in sorted(folder.iterdir()):
        if path.suffix in {".whl", ".zip"} and path.is_file() and path.stat().st_size <= WHEEL_LIMIT_BYTES:
            data = path.read_bytes()
            if digest(data) == wanted:
                return data
    return None
