"""Check passkeys (W3C Web Authentication Level 2): what to ask a browser for, and whether what it answers holds.

Bound to one origin and one RP id, both from the host's public address, so that a page elsewhere can ask for nothing.
No attestation is asked for: which maker's device somebody holds is not our business. The only importer of `webauthn`.
"""

import base64
import hashlib
import hmac
import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.util import find_spec
from ipaddress import ip_address
from typing import Any, Final, TypeAlias
from urllib.parse import urlsplit

from comity.errors import Forbidden, Invalid, Problem

CHALLENGE_LIFE: Final = timedelta(minutes=15)
"""From the making of a page to its answer; each answer is good once."""
BROWSER_MS: Final = 5 * 60 * 1000
"""How long the browser may then wait for the device."""
ANSWER_LIMIT: Final = 16 * 1024
"""Characters of a browser's answer: without attestation one has about 1 kB."""
REFUSED: Final = "this passkey's answer does not hold here: begin again, and use a passkey that you registered here"


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Whom passkeys are made for. `domain` is WebAuthn's RP id; `origin` is scheme, host and port of the address."""

    domain: str
    origin: str
    name: str

    @property
    def why_not(self) -> str:
        """Why there can be no passkey here, "" when there can. RP ids are domain names, never numbers."""
        if find_spec("webauthn") is None:
            return "passkeys need the extra comity[server]: ask the operator to install it"
        try:
            ip_address(self.domain.strip("[]"))
        except ValueError:
            host = urlsplit(self.origin).hostname or ""
            if self.origin.startswith("https://") or host == "localhost" or host.endswith(".localhost"):
                return ""
            return "passkeys need an https address: set COMITY_PUBLIC_URL"
        return "passkeys need a name in the address and no number: set COMITY_PUBLIC_URL (on this machine: localhost)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """A new passkey. `verified`: the device checked who holds it (PIN, finger, face) when it was made."""

    credential: bytes
    key: bytes
    count: int
    verified: bool
    synced: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Proven:
    """The answer holds. `count` is to be kept."""

    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Copied:
    """The signature holds and the counter went back: two devices hold this key (Level 2, section 6.1.1)."""


Proof: TypeAlias = Proven | Copied


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a browser's answer says of itself before anything is checked."""

    credential: bytes
    challenge: bytes
    handle: bytes
    document: dict[str, Any]


def site_of(address: str, *, domain: str = "", name: str) -> Site:
    """The site of a public address. Invalid for a `domain` that is neither its host name nor one above it."""
    parts = urlsplit(address)
    host = parts.hostname or ""
    if domain and not (host == domain or host.endswith(f".{domain}")):
        problem = Problem("/COMITY_PASSKEY_DOMAIN", "bad_setting", f"use {host} or a domain above it")
        raise Invalid("passkeys cannot be bound to that domain", [problem])
    return Site(domain=domain or host, origin=f"{parts.scheme}://{parts.netloc}", name=name)


def challenge(secret: str, purpose: str, *, at: datetime, noise: bytes) -> bytes:
    """A challenge that nobody has to keep: a time, 16 random bytes and a keyed digest over both and the purpose."""
    head = int(at.timestamp()).to_bytes(8, "big") + noise
    return head + _digest(secret, purpose, head)


def is_ours(given: bytes, secret: str, purpose: str, *, now: datetime) -> bool:
    """Whether the challenge was made here for this purpose, no longer ago than a browser may take."""
    head, digest = given[:24], given[24:]
    if len(given) != 56 or not hmac.compare_digest(digest, _digest(secret, purpose, head)):
        return False
    made = int.from_bytes(head[:8], "big")
    return 0 <= int(now.timestamp()) - made <= CHALLENGE_LIFE.total_seconds()


def ask_to_make(site: Site, *, person: str, login: str, name: str, held: tuple[bytes, ...], given: bytes) -> str:
    """What the browser needs to make a passkey, as JSON. `held`: those of this person that may not be made twice."""
    from webauthn import generate_registration_options, options_to_json
    from webauthn.helpers import structs

    options = generate_registration_options(
        rp_id=site.domain,
        rp_name=site.name,
        user_id=person.encode(),
        user_name=login,
        user_display_name=name,
        challenge=given,
        timeout=BROWSER_MS,
        attestation=structs.AttestationConveyancePreference.NONE,
        authenticator_selection=structs.AuthenticatorSelectionCriteria(
            resident_key=structs.ResidentKeyRequirement.PREFERRED,
            user_verification=structs.UserVerificationRequirement.PREFERRED,
        ),
        exclude_credentials=[structs.PublicKeyCredentialDescriptor(id=one) for one in held],
    )
    return options_to_json(options)


def ask_to_prove(site: Site, *, held: tuple[bytes, ...], given: bytes) -> str:
    """What the browser needs to prove a passkey, as JSON. `held` empty: any passkey of this site, with its holder
    verified by the device; else one of these, as a second factor."""
    from webauthn import generate_authentication_options, options_to_json
    from webauthn.helpers import structs

    wanted = structs.UserVerificationRequirement
    options = generate_authentication_options(
        rp_id=site.domain,
        challenge=given,
        timeout=BROWSER_MS,
        allow_credentials=[structs.PublicKeyCredentialDescriptor(id=one) for one in held],
        user_verification=wanted.PREFERRED if held else wanted.REQUIRED,
    )
    return options_to_json(options)


def read(text: str) -> Answer:
    """What a browser sent, within limits. Forbidden for what is no such answer."""
    if len(text) > ANSWER_LIMIT:
        raise Forbidden(REFUSED)
    try:
        document: dict[str, Any] = json.loads(text)
        credential, inner = _bytes(document["rawId"]), document["response"]
        client = json.loads(_bytes(inner["clientDataJSON"]))
        handle = _bytes(inner.get("userHandle") or "")
        return Answer(credential=credential, challenge=_bytes(client["challenge"]), handle=handle, document=document)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise Forbidden(REFUSED) from error


def registered(site: Site, answer: Answer) -> Registered:
    """The new passkey, checked against origin, RP id and the challenge it names. Forbidden for any other.

    Whether that challenge is ours, and fresh, is for the caller to say first (`is_ours`).
    """
    from webauthn import verify_registration_response
    from webauthn.helpers.exceptions import WebAuthnException
    from webauthn.helpers.structs import CredentialDeviceType

    try:
        found = verify_registration_response(
            credential=answer.document,
            expected_challenge=answer.challenge,
            expected_rp_id=site.domain,
            expected_origin=site.origin,
        )
    except (WebAuthnException, ValueError, KeyError, TypeError) as error:
        raise Forbidden(REFUSED) from error
    return Registered(
        credential=found.credential_id,
        key=found.credential_public_key,
        count=found.sign_count,
        verified=found.user_verified,
        synced=found.credential_device_type is CredentialDeviceType.MULTI_DEVICE,
    )


def proven(site: Site, answer: Answer, *, key: bytes, count: int, alone: bool) -> Proof:
    """Check a proof by a passkey. `alone`: it signs in by itself, so the device must have verified its holder.

    Forbidden where anything does not fit. A counter that does not grow, where one was ever seen, is `Copied`.
    """
    from webauthn import verify_authentication_response
    from webauthn.helpers.exceptions import WebAuthnException

    try:
        found = verify_authentication_response(
            credential=answer.document,
            expected_challenge=answer.challenge,
            expected_rp_id=site.domain,
            expected_origin=site.origin,
            credential_public_key=key,
            credential_current_sign_count=0,  # the counter is judged below, apart from a signature that is wrong
            require_user_verification=alone,
        )
    except (WebAuthnException, ValueError, KeyError, TypeError) as error:
        raise Forbidden(REFUSED) from error
    if (count or found.new_sign_count) and found.new_sign_count <= count:
        return Copied()
    return Proven(count=found.new_sign_count)


def _digest(secret: str, purpose: str, head: bytes) -> bytes:
    return hmac.new(secret.encode(), b"comity passkey v1\n" + purpose.encode() + b"\n" + head, hashlib.sha256).digest()


def _bytes(text: object) -> bytes:
    """Base64url without padding, as WebAuthn's JSON has it; ValueError for anything else."""
    if not isinstance(text, str) or not text.isascii():
        raise ValueError("not base64url text")
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
