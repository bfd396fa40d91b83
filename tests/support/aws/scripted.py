"""An HTTP server in the place of Amazon Bedrock's runtime, or of Amazon Transcribe: it answers what a test has set.

moto has no Converse. The answers are written by hand in the shape of the services' API references; the clients that ask
are botocore's, which read them by the services' own models.
"""

from __future__ import annotations

import json
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self


@dataclass(frozen=True)
class Reply:
    """One answer.

    Attributes:
        body: JSON, or bytes as they are.
        status: of HTTP.
        error: the service's word for what is wrong.
        seconds: how long it takes.
    """

    body: Any = field(default_factory=dict)
    status: int = 200
    error: str = ""
    seconds: float = 0.0


def says(text: str, stop: str = "end_turn", *, seconds: float = 0.0, thoughts: str = "") -> Reply:
    """Return an answer of Converse with a model's words."""
    content: list[dict[str, Any]] = [{"text": text}]
    if thoughts:
        content.insert(0, {"reasoningContent": {"reasoningText": {"text": thoughts, "signature": "c2ln"}}})
    body = {
        "output": {"message": {"role": "assistant", "content": content}},
        "stopReason": stop,
        "usage": {"inputTokens": 1200, "outputTokens": 90, "totalTokens": 1290},
        "metrics": {"latencyMs": 900},
    }
    return Reply(body, seconds=seconds)


def judges(risk: int = 90, scam_type: str = "FamilyEmergency", quotes: list[tuple[int, str]] | None = None) -> Reply:
    """Return an answer of Converse in which a model keeps to the schema."""
    answer = {
        "scam_type": scam_type,
        "risk": risk,
        "quotes": [{"turn": turn, "text": text} for turn, text in quotes or []],
        "asked_for": ["MoneyTransfer", "Secrecy"] if risk >= 50 else [],
        "advice": ["HangUp", "CallBackOnKnownNumber"] if risk >= 50 else [],
    }
    return says(json.dumps(answer))


def refuses(error: str, status: int = 400, message: str = "no") -> Reply:
    """Return an error."""
    return Reply({"__type": error, "message": message}, status, error)


@dataclass
class ScriptedAws:
    """The server. Replies are given in turn, the last one again and again.

    Attributes:
        replies: for Bedrock, and for any operation of Transcribe that has none of its own.
        by_operation: for one operation of Transcribe, such as GetTranscriptionJob.
        requests: operation or path, and the body.
    """

    replies: deque[Reply] = field(default_factory=deque)
    by_operation: dict[str, deque[Reply]] = field(default_factory=dict)
    requests: list[tuple[str, Any]] = field(default_factory=list)
    url: str = ""
    at_once: int = 0
    most_at_once: int = 0

    def will(self, *replies: Reply, operation: str = "") -> None:
        """Set what is answered from now on."""
        if operation:
            self.by_operation[operation] = deque(replies)
        else:
            self.replies = deque(replies)
            self.requests.clear()

    def asked(self, operation: str = "") -> list[Any]:
        """Return the bodies of the requests, of one operation or all."""
        return [body for name, body in self.requests if not operation or name == operation]

    @contextmanager
    def serving(self) -> Iterator[Self]:
        """Serve on a free port of the loopback address."""
        lock = threading.Lock()

        handler = type("Handler", (_Handler,), {"scripted": self, "turn": lock})
        server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        self.url = f"http://127.0.0.1:{server.server_address[1]}"
        try:
            yield self
        finally:
            server.shutdown()
            server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    scripted: ScriptedAws
    turn: threading.Lock

    def log_message(self, *_: object) -> None:
        pass

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))))
        operation = self.headers.get("X-Amz-Target", "").rpartition(".")[2] or self.path
        with self.turn:
            self.scripted.requests.append((operation, body))
            self.scripted.at_once += 1
            self.scripted.most_at_once = max(self.scripted.most_at_once, self.scripted.at_once)
            queue = self.scripted.by_operation.get(operation) or self.scripted.replies
            reply = queue.popleft() if len(queue) > 1 else queue[0]
        time.sleep(reply.seconds)
        with self.turn:
            self.scripted.at_once -= 1
        content = reply.body if isinstance(reply.body, bytes) else json.dumps(reply.body).encode()
        self.send_response(reply.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        if reply.error:
            self.send_header("x-amzn-ErrorType", reply.error)
        with suppress(ConnectionError):  # it did not wait
            self.end_headers()
            self.wfile.write(content)
