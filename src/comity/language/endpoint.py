"""Where a model answers: address, model name and key, from the settings. The key is in no repr and no record."""

from dataclasses import dataclass, field
from datetime import timedelta
from ipaddress import ip_address
from urllib.parse import urlsplit

from comity.errors import Invalid
from comity.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """`address` ends before `/chat/completions`. `timeout` is for one attempt, first byte to last."""

    address: str
    model: str
    key: str = field(default="", repr=False)
    timeout: timedelta = timedelta(seconds=60)
    output_tokens: int = 800


def endpoint(settings: Settings) -> Endpoint | None:
    """The endpoint that the settings name; None when they name none. Invalid when it is unusable."""
    if not settings.model_endpoint:
        return None
    if not settings.model:
        raise Invalid("COMITY_MODEL_ENDPOINT is set and COMITY_MODEL is not: name the model to ask")
    return Endpoint(
        address=address_of(settings.model_endpoint),
        model=settings.model,
        key=settings.model_key,
        timeout=timedelta(seconds=settings.model_timeout_seconds),
        output_tokens=settings.model_output_tokens,
    )


def address_of(text: str) -> str:
    """The address without a slash at the end. Invalid unless https, or http on this machine: a key travels."""
    parts = urlsplit(text)
    plain = parts.scheme == "http" and parts.hostname is not None and _is_loopback(parts.hostname)
    if not parts.hostname or "@" in parts.netloc or not (parts.scheme == "https" or plain):
        raise Invalid("the model's endpoint is an https address, or http on this machine, without a user name in it")
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"


def _is_loopback(name: str) -> bool:
    if name == "localhost":
        return True
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False
