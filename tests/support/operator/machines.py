"""State machines that wait for answers: as the operator's port, and as a server with Step Functions' protocol."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from analysis_operator.callbacks.delivery import Answer, AnswerDelivered, Reply


class Machines:
    """The StateMachines port: gives the scripted replies, then takes every answer."""

    def __init__(self) -> None:
        self.replies: list[Reply] = []
        self.told: list[tuple[str, Answer]] = []

    async def answer(self, token: str, answer: Answer) -> Reply:
        self.told.append((token, answer))
        return self.replies.pop(0) if self.replies else AnswerDelivered()


class StepFunctionsServer:
    """SendTaskSuccess and SendTaskFailure over HTTP, as a context manager: a token that waits is answered once.

    ``faults`` are taken one a call: an error code is answered, ``lost`` takes the answer and breaks the connection,
    ``page`` is what a network that wants a login answers to everything.
    """

    def __init__(self) -> None:
        self.waiting: set[str] = set()
        self.answers: list[tuple[str, dict[str, Any]]] = []
        self.calls = 0
        self.faults: list[str] = []
        self.before_reply: Callable[[], None] = lambda: None
        self._lock = threading.Lock()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                outer._serve(self, self.headers["X-Amz-Target"].partition(".")[2], body)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.endpoint_url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> StepFunctionsServer:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def of(self, token: str) -> list[dict[str, Any]]:
        """Return the answers that were taken for a token."""
        return [body for taken, body in self.answers if taken == token]

    def _serve(self, handler: BaseHTTPRequestHandler, action: str, body: dict[str, Any]) -> None:
        with self._lock:
            self.calls += 1
            fault = self.faults.pop(0) if self.faults else ""
            problem = "" if fault in {"", "lost", "page"} else fault
            token = body.pop("taskToken")
            if fault == "page":
                pass
            elif not problem and token in self.waiting:
                self.waiting.remove(token)
                self.answers.append((token, {"action": action, **body}))
            elif not problem:
                problem = "TaskTimedOut" if self.of(token) else "InvalidToken"
        self.before_reply()
        if fault == "lost":
            handler.close_connection = True
            return
        said: dict[str, Any] = {"__type": problem, "message": f"Problem with '{token}'"} if problem else {}
        code = 200 if not problem else 500 if problem == "InternalFailure" else 400
        data = b"<html>sign in</html>" if fault == "page" else json.dumps(said).encode()
        handler.send_response(code)
        handler.send_header("Content-Type", "text/html" if fault == "page" else "application/x-amz-json-1.0")
        handler.send_header("Content-Length", str(len(data)))
        handler.end_headers()
        handler.wfile.write(data)
