"""An HTTP server that speaks OpenAI's chat completions, and refuses what no such request has.

A request is checked field by field: what the document does not know, or has of another type, is 400, as are messages
in an order that chat templates refuse (llama.cpp, vLLM). Answers have every field that the document requires.
"""

from __future__ import annotations

import json
import ssl
import subprocess
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

PATH = "/v1/chat/completions"


def self_signed(folder: Path) -> Path:
    """Return a file with a key and a certificate of its own for 127.0.0.1."""
    target = folder / "server.pem"
    key = folder / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
         "-subj", "/CN=model", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", target],
        check=True, capture_output=True,
    )  # fmt: skip
    target.write_bytes(key.read_bytes() + target.read_bytes())
    return target


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class _Message(_Strict):
    role: Literal["system", "user", "assistant"]
    content: str = Field(min_length=1)


class _Format(_Strict):
    type: Literal["text", "json_object"]


class _Request(_Strict):
    """CreateChatCompletionRequest, as far as it may be used here."""

    model: str = Field(min_length=1)
    messages: list[_Message] = Field(min_length=1)
    max_tokens: int | None = Field(default=None, ge=1)
    response_format: _Format | None = None
    stream: bool = False


@dataclass(frozen=True)
class Completion:
    """One answer.

    Attributes:
        text: what the model writes.
        finish: why it ends.
        refusal: of the model.
        status: of HTTP.
        body: instead of a completion.
        seconds: how long it takes.
        drip: seconds between the bytes of the body.
        location: where it sends the client.
    """

    text: str | None = ""
    finish: str = "stop"
    refusal: str | None = None
    status: int = 200
    body: bytes | None = None
    seconds: float = 0.0
    drip: float = 0.0
    location: str = ""

    def content(self, model: str) -> bytes:
        """Return the body."""
        if self.body is not None:
            return self.body
        if self.status != 200:
            return json.dumps({"error": {"message": "no", "type": "t", "param": None, "code": None}}).encode()
        message = {"role": "assistant", "content": self.text, "refusal": self.refusal}
        completion = {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 1,
            "model": model,
            "choices": [{"index": 0, "message": message, "finish_reason": self.finish, "logprobs": None}],
            "usage": {"prompt_tokens": 1200, "completion_tokens": 90, "total_tokens": 1290},
        }
        return json.dumps(completion).encode()


@dataclass
class ChatServer:
    """The server. Answers are given in turn, the last one again and again.

    Attributes:
        key: what clients have to send.
        model: the one that it has.
        answers: in turn.
        requests: the bodies that were asked.
    """

    key: str = ""
    model: str = "small"
    answers: deque[Completion] = field(default_factory=deque)
    requests: list[dict[str, Any]] = field(default_factory=list)
    url: str = ""

    def will(self, *answers: Completion) -> None:
        """Set what is answered from now on."""
        self.answers = deque(answers)
        self.requests.clear()

    @contextmanager
    def serving(self, certificate: Path | None = None) -> Iterator[Self]:
        """Serve on a free port of the loopback address, over TLS if there is a certificate (with its key)."""
        server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"chat": self}))
        server.daemon_threads = True
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        self.url = f"{'https' if certificate else 'http'}://127.0.0.1:{server.server_address[1]}/v1"
        try:
            yield self
        finally:
            server.shutdown()
            server.server_close()

    def problem(self, path: str, headers: Any, body: bytes) -> Completion | None:
        """Return what is answered to a request that is not one."""
        if path != PATH:
            return Completion(status=404)
        if self.key and headers.get("Authorization") != f"Bearer {self.key}":
            return Completion(status=401)
        try:
            asked = _Request.model_validate_json(body)
        except ValidationError:
            return Completion(status=400)
        roles = [message.role for message in asked.messages]
        expected = ["system", *(("user", "assistant")[turn % 2] for turn in range(len(roles) - 1))]
        wrong = headers.get("Content-Type") != "application/json" or asked.model != self.model or asked.stream
        wrong |= roles != expected or roles[-1] != "user"
        if asked.response_format and not any("JSON" in message.content for message in asked.messages):
            wrong = True  # the document asks for the word
        return Completion(status=400) if wrong else None


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    chat: ChatServer

    def log_message(self, *_: object) -> None:
        pass

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        answer = self.chat.problem(self.path, self.headers, body)
        if answer is None:
            self.chat.requests.append(json.loads(body))
            answers = self.chat.answers
            answer = answers.popleft() if len(answers) > 1 else answers[0]
        time.sleep(answer.seconds)
        content = answer.content(self.chat.model)
        self.send_response(answer.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        if answer.location:
            self.send_header("Location", answer.location)
        with suppress(OSError):  # it did not wait
            self.end_headers()
            for start in range(0, len(content), 1 if answer.drip else max(len(content), 1)):
                self.wfile.write(content[start : start + (1 if answer.drip else len(content))])
                time.sleep(answer.drip)
