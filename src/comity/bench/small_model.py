"""The small model of `./run setup --with-model` as an endpoint of the OpenAI kind, on this machine, while a bench runs.

One question at a time, temperature 0, answers bound to the schema that the question carries. Nothing of the product
starts it: it exists so that the benches that ask a model can be run where no other model is.
"""

import contextlib
import importlib
import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

from comity.errors import Unavailable

LARGEST: Final = 200_000
"""Bytes of a question."""


@contextmanager
def answering(weights: Path) -> Iterator[str]:
    """The address to ask, until the block ends. Unavailable where the model or what runs it is not installed."""
    os.environ.setdefault("RUST_LOG", "off")  # noqa: TID251 - for what runs the model: its log would stand among figures
    try:
        engine = importlib.import_module("mistralrs")
    except ModuleNotFoundError as error:
        raise Unavailable("the small model needs `./run setup --with-model`") from error
    if not weights.is_file():
        raise Unavailable(f"no weights at {weights}: `./run setup --with-model` prints where they lie")
    runner = engine.Runner(
        which=engine.Which.GGUF(quantized_model_id=str(weights.parent), quantized_filename=weights.name)
    )
    one_at_a_time = threading.Lock()

    class Answers(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            size = int(self.headers.get("Content-Length", "0"))
            if size > LARGEST:
                self.send_error(413)
                return
            asked = json.loads(self.rfile.read(size))
            with one_at_a_time:
                reply = runner.send_chat_completion_request(_question(engine, asked))
            body = json.dumps(_envelope(reply, asked["model"])).encode()
            with contextlib.suppress(ConnectionError):  # whoever asked did not wait
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        def log_message(self, *_: Any, **__: Any) -> None:
            """Questions are in no log."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    thread = threading.Thread(target=server.serve_forever, name="small-model", daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=20)


def _question(engine: Any, asked: dict[str, Any]) -> Any:
    shape = asked.get("response_format", {}).get("json_schema", {}).get("schema")
    bound = {"grammar": json.dumps(shape), "grammar_type": "json_schema"} if shape else {}
    return engine.ChatCompletionRequest(
        model="default",
        messages=[{"role": one["role"], "content": one["content"]} for one in asked["messages"]],
        max_tokens=asked["max_tokens"],
        temperature=0.0,
        **bound,
    )


def _envelope(reply: Any, model: str) -> dict[str, Any]:
    choice = reply.choices[0]
    return {
        "model": model,
        "choices": [
            {"finish_reason": choice.finish_reason, "message": {"role": "assistant", "content": choice.message.content}}
        ],
        "usage": {
            "prompt_tokens": reply.usage.prompt_tokens,
            "completion_tokens": reply.usage.completion_tokens,
        },
    }
