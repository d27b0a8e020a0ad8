"""Words that mark one recipient's copy of something: the same recipient and thing give the same, nobody else's does."""

import hashlib
import hmac
from typing import Final

from comity.model.ids import code

LETTERS: Final = 12
"""60 bits."""


def canary(secret: bytes, *parts: str) -> str:
    """The letters for these parts (say: whose, of what). Parts hold no line end."""
    told = hmac.new(secret, ("comity canary v2\n" + "\n".join(parts)).encode(), hashlib.sha256).digest()
    return code(told, LETTERS)
