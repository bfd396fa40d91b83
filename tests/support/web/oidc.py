"""An OpenID Connect provider on the loopback address: discovery, keys, and sign-in without a question."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

AUDIENCE = "silver-guardian"


class Provider:
    """Use it as a context manager. Everyone who comes to sign in is signed in, as `tenant`."""

    def __init__(self) -> None:
        self.tenant: object = "family-one"
        self.fetched: list[str] = []
        self.more_keys: list[object] = []
        self._keys: dict[str, rsa.RSAPrivateKey] = {}
        self._codes: dict[str, str] = {}
        self.rotate("first")
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.issuer = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Provider:
        self._thread = threading.Thread(target=self._server.serve_forever, args=[0.05])
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Answer nothing any more."""
        if not self._thread.is_alive():
            return
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def rotate(self, kid: str) -> None:
        """Sign with a new key from now on, and publish that one alone."""
        self._keys = {kid: rsa.generate_private_key(public_exponent=65537, key_size=2048)}

    def token(self, *, header: str = "JWT", **claims: Any) -> str:
        """Return a token that is good, apart from its kind and these claims; None leaves one out."""
        ((kid, key),) = self._keys.items()
        candidates = {
            "iss": self.issuer, "aud": AUDIENCE, "sub": "grandma", "tenant": self.tenant,
            "exp": int(time.time()) + 300, **claims,
        }  # fmt: skip
        payload = {name: value for name, value in candidates.items() if value is not None}
        return jwt.encode(payload, key, algorithm="RS256", headers={"kid": kid, "typ": header})

    def _answer(self, path: str, query: dict[str, list[str]], form: dict[str, list[str]]) -> Any:
        if path == "/.well-known/openid-configuration":
            return {
                "issuer": self.issuer,
                "jwks_uri": f"{self.issuer}/keys",
                "authorization_endpoint": f"{self.issuer}/authorize",
                "token_endpoint": f"{self.issuer}/token",
                "end_session_endpoint": f"{self.issuer}/end",
            }
        if path == "/keys":
            algorithm = jwt.algorithms.RSAAlgorithm
            return {
                "keys": [
                    *self.more_keys,
                    *(
                        json.loads(algorithm.to_jwk(key.public_key())) | {"kid": kid, "use": "sig"}
                        for kid, key in self._keys.items()
                    ),
                ]
            }
        if path == "/authorize":
            code = secrets.token_urlsafe(8)
            assert query["code_challenge_method"] == ["S256"]
            self._codes[code] = query["code_challenge"][0]
            return f"{query['redirect_uri'][0]}?{urlencode({'code': code, 'state': query['state'][0]})}"
        if path == "/end":
            return query["post_logout_redirect_uri"][0]
        digest = hashlib.sha256(form["code_verifier"][0].encode()).digest()
        good = self._codes.pop(form["code"][0], "") == base64.urlsafe_b64encode(digest).decode().rstrip("=")
        return {"access_token": self.token(), "token_type": "Bearer"} if good else None

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._reply({})

            def do_POST(self) -> None:
                self._reply(parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode()))

            def _reply(self, form: dict[str, list[str]]) -> None:
                url = urlsplit(self.path)
                provider.fetched.append(url.path)
                answer = provider._answer(url.path, parse_qs(url.query), form)
                self.send_response(302 if isinstance(answer, str) else 400 if answer is None else 200)
                if isinstance(answer, str):
                    self.send_header("Location", answer)
                self.send_header("Access-Control-Allow-Origin", "*")
                self.send_header("Content-Type", "application/json")
                self.end_headers()
                self.wfile.write(b"" if isinstance(answer, str) else json.dumps(answer).encode())

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        return Handler
