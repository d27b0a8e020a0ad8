"""OpenVEX documents and CSAF documents of the VEX profile, as the inventory door takes them: statements, no components.

They name their products by package URL, so that they need no inventory to be read, and bind exactly the version or the
bounded range that they name (CISA, minimum requirements for VEX, 2023).
"""

from typing import Final

from comity.formats import csaf_vex, openvex
from comity.formats.listings import listing
from comity.formats.parse import Json, Limits
from comity.formats.vex import Reading
from comity.model.inventory import Contents

SHOWN: Final = 20
"""What could not be used, at most so many notes of it."""


def recognises(document: Json) -> bool:
    """True for an OpenVEX document, and for a CSAF document whose category is that of the VEX profile."""
    return openvex.recognises(document) or csaf_vex.recognises(document)


def read(data: bytes, document: Json, limits: Limits) -> Contents:
    """The statements. Invalid with every violation, and for a document none of whose products is named by a purl."""
    is_openvex = openvex.recognises(document)
    reading: Reading = openvex.read(data, limits) if is_openvex else csaf_vex.read(data, limits)
    if not reading.statements:
        raise listing.one_problem(
            "unknown_product", "no statement of this VEX document is about a product with a package URL of a known type"
        )
    listing.refuse_too_many(reading.statements)
    return Contents(
        components=(),
        statements=reading.statements,
        format="OpenVEX" if is_openvex else "CSAF VEX",
        dated=max(one.said_at for one in reading.statements),
        notes=tuple(f"{one.pointer}: {one.reason}" for one in reading.warnings[:SHOWN]),
    )
