"""A provider of sign-on that behaves, or misbehaves on request: for trying out and for tests.

It asks nobody for a password: whoever comes is `who`. Every code is good once, for the client and
the address that it was asked for, and for who has the secret behind the challenge (PKCE). Modelled
on OpenID Connect Core 1.0.
"""

import base64
import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import KeySet, OctKey, RSAKey

from core.clock import Clock
from core.ids import new_secret

LASTS_S = 300
LONG_AGO_S = 3600


class Misbehaviour(StrEnum):
    """What the provider does wrong."""

    NONE = "none"
    WRONG_NONCE = "wrong_nonce"
    NO_NONCE = "no_nonce"
    EXPIRED = "expired"
    WRONG_AUDIENCE = "wrong_audience"
    WRONG_ISSUER = "wrong_issuer"
    WRONG_KEY = "wrong_key"
    UNSIGNED = "unsigned"
    SIGNED_BY_CLIENT = "signed_by_client"  # with what the client knows, too
    ANOTHER_NAME = "another_name"  # it calls itself another issuer
    WITHOUT = "without"  # no identity token at all
    BROKEN = "broken"  # it answers nothing but errors


@dataclass
class SignOnProvider:
    """A provider on a port of this machine; `who` are the claims of whoever comes."""

    clock: Clock
    port: int
    client_id: str = "hub"
    client_secret: str = "a sample secret"  # noqa: S105  (a sample)
    who: dict[str, object] = field(default_factory=dict)
    misbehaves: Misbehaviour = Misbehaviour.NONE
    refuses: str = ""  # the error with which it sends a browser back
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, auto_kid=True))
    codes: dict[str, dict[str, str]] = field(default_factory=dict)

    @property
    def issuer(self) -> str:
        """What it is called."""
        return f"http://127.0.0.1:{self.port}"

    def change_key(self) -> None:
        """Sign with another key from now on, and publish that one alone."""
        self.key = RSAKey.generate_key(2048, auto_kid=True)

    def facts(self) -> dict[str, object]:
        """What it says of itself."""
        odd = self.misbehaves is Misbehaviour.ANOTHER_NAME
        return {
            "issuer": "https://elsewhere.example" if odd else self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "end_session_endpoint": f"{self.issuer}/end",
            "response_types_supported": ["code"],
            "code_challenge_methods_supported": ["S256"],
        }

    def sent_back(self, asked: dict[str, str]) -> str:
        """Where a browser that asked is sent: back, with a code or an error."""
        told = {"state": asked.get("state", ""), "iss": self.issuer}
        if self.refuses:
            told["error"] = self.refuses
        else:
            code = new_secret()
            self.codes[code] = asked
            told["code"] = code
        return f"{asked.get('redirect_uri', '')}?{urlencode(told)}"

    def redeemed(self, form: dict[str, str], authorization: str) -> dict[str, object] | None:
        """The tokens for a code; None where anything about it is wrong."""
        asked = self.codes.pop(form.get("code", ""), None)
        pair = f"{quote(self.client_id, safe='')}:{quote(self.client_secret, safe='')}"
        known = f"Basic {base64.b64encode(pair.encode()).decode()}"
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        proof = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        right = (
            asked is not None
            and authorization == known
            and asked.get("client_id") == self.client_id
            and asked.get("redirect_uri") == form.get("redirect_uri")
            and asked.get("code_challenge_method") == "S256"
            and asked.get("code_challenge") == proof
        )
        if not right or asked is None:
            return None
        if self.misbehaves is Misbehaviour.WITHOUT:
            return {"access_token": "x", "token_type": "Bearer"}
        return {
            "access_token": "x",
            "token_type": "Bearer",
            "id_token": self._token(asked.get("nonce", "")),
        }

    def _token(self, nonce: str) -> str:
        odd, now = self.misbehaves, int(self.clock.now().timestamp())
        if odd is Misbehaviour.EXPIRED:
            now -= LONG_AGO_S
        claims = {
            "iss": "https://elsewhere.example" if odd is Misbehaviour.WRONG_ISSUER else self.issuer,
            "aud": "another client" if odd is Misbehaviour.WRONG_AUDIENCE else self.client_id,
            "sub": "1",
            "iat": now,
            "exp": now + LASTS_S,
            "nonce": "another" if odd is Misbehaviour.WRONG_NONCE else nonce,
            **self.who,
        }
        if odd is Misbehaviour.NO_NONCE:
            del claims["nonce"]
        if odd is Misbehaviour.UNSIGNED:
            parts = [json.dumps(each).encode() for each in ({"alg": "none"}, claims)]
            return ".".join(
                [*(base64.urlsafe_b64encode(p).decode().rstrip("=") for p in parts), ""]
            )
        if odd is Misbehaviour.SIGNED_BY_CLIENT:
            shared = OctKey.import_key(self.client_secret.ljust(32, "."))
            return jwt.encode({"alg": "HS256"}, claims, shared, algorithms=["HS256"])
        other = odd is Misbehaviour.WRONG_KEY
        key = RSAKey.generate_key(2048) if other else self.key
        return jwt.encode({"alg": "RS256", "kid": self.key.kid}, claims, key, algorithms=["RS256"])


@contextmanager
def running(provider: SignOnProvider) -> Iterator[SignOnProvider]:
    """The provider, answering on its port."""

    class Handler(_Handler):
        told = provider

    server = ThreadingHTTPServer(("127.0.0.1", provider.port), Handler)
    thread = threading.Thread(target=server.serve_forever, name="sign-on provider")
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    told: ClassVar[SignOnProvider]

    def do_GET(self) -> None:
        """Facts, keys, and browsers on their way."""
        url = urlsplit(self.path)
        asked = dict(parse_qsl(url.query))
        if self.told.misbehaves is Misbehaviour.BROKEN:
            self._answer(503, {})
        elif url.path == "/.well-known/openid-configuration":
            self._answer(200, self.told.facts())
        elif url.path == "/keys":
            self._answer(200, KeySet([self.told.key]).as_dict(private=False))
        elif url.path == "/authorize":
            self._send_to(self.told.sent_back(asked))
        elif url.path == "/end":
            self._send_to(asked.get("post_logout_redirect_uri", "/"))
        else:
            self._answer(404, {})

    def do_POST(self) -> None:
        """Codes are redeemed."""
        length = int(self.headers.get("Content-Length", "0"))
        form = dict(parse_qsl(self.rfile.read(length).decode()))
        found = self.told.redeemed(form, unquote(self.headers.get("Authorization", "")))
        self._answer(200 if found else 400, found or {"error": "invalid_grant"})

    def log_message(self, *_told: object) -> None:
        """Nothing: addresses carry codes."""

    def _send_to(self, address: str) -> None:
        self.send_response(302)
        self.send_header("Location", address)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _answer(self, status: int, told: object) -> None:
        text = json.dumps(told).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)
