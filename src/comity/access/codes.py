"""Codes of a second factor: six digits that follow from a shared secret and the time (RFC 6238), and recovery codes.

A code is good for its own half minute and one on either side, since clocks differ, and never twice (RFC 6238, 5.2).
"""

import base64
import hashlib
import secrets
from datetime import datetime
from typing import TYPE_CHECKING, Final

from comity.errors import Unavailable

if TYPE_CHECKING:
    from pyotp import TOTP

STEP: Final = 30
"""Seconds of one code; also every authenticator's default."""
DRIFT: Final = 1
"""Steps before and after the present one that still count."""
ISSUER: Final = "Comity"
RECOVERY: Final = 10
"""Recovery codes handed out at once."""
LETTERS: Final = "23456789abcdefghjkmnpqrstuvwxyz"
"""For codes that people type from paper: nothing that looks like something else."""
BLOCKS: Final = (4, 4, 4)
"""A recovery code's letters: 31^12 possibilities, 59 bits."""


def fresh() -> str:
    """A new shared secret of 160 bits (RFC 4226, section 4), as base32."""
    return base64.b32encode(secrets.token_bytes(20)).decode()


def address(secret: str, login: str) -> str:
    """The `otpauth:` address that authenticators read, from a picture or typed."""
    return _totp(secret).provisioning_uri(name=login, issuer_name=ISSUER)


def step_of(secret: str, code: str, *, at: datetime, after: int) -> int | None:
    """The time step whose code this is, of those near `at` and later than `after`; None when it is none of theirs."""
    digits = code.replace(" ", "")
    if not (digits.isascii() and digits.isdigit() and len(digits) == 6):
        return None
    now, totp = int(at.timestamp()) // STEP, _totp(secret)
    for step in range(now - DRIFT, now + DRIFT + 1):
        if step > after and secrets.compare_digest(totp.generate_otp(step), digits):
            return step
    return None


def picture(secret: str, login: str) -> str:
    """The address as a QR code: an SVG element without style or script."""
    try:
        import segno
    except ImportError as error:
        raise Unavailable("drawing the code needs the extra comity[server]: install it") from error
    drawn: str = segno.make(address(secret, login), error="m").svg_inline(scale=5, border=4, light="#ffffff")
    return drawn


def recovery() -> tuple[str, ...]:
    """New recovery codes, to be shown once: `abcd-efgh-jkmn`."""
    return tuple(
        "-".join("".join(secrets.choice(LETTERS) for _ in range(size)) for size in BLOCKS) for _ in range(RECOVERY)
    )


def digest_of(recovery_code: str) -> str:
    """How a recovery code is kept and found: blanks, dashes and case do not matter."""
    plain = "".join(letter for letter in recovery_code.lower() if letter.isalnum())[:64]
    return hashlib.sha256(b"comity recovery v1\n" + plain.encode()).hexdigest()


def _totp(secret: str) -> "TOTP":
    try:
        from pyotp import TOTP
    except ImportError as error:
        raise Unavailable("codes as second factor need the extra comity[server]: install it") from error
    return TOTP(secret, interval=STEP)
