"""Signing in at somebody else's: OpenID Connect, authorization code flow.

Theory of operation. A browser is sent to the provider with a state, a nonce and the challenge of a
secret (PKCE, S256); what it must bring back is sealed in a cookie that lasts ten minutes, so the
hub keeps nothing. The code is redeemed over our own connection to the provider, and the identity
token is believed only when a key of the provider signed it, for this hub, just now, for this nonce,
and in the name of the one issuer that the settings pin. Which claim names an account is a setting;
the provider has to vouch that nobody chooses it freely. Modelled on OpenID Connect Core 1.0,
Discovery 1.0, RFC 7636 and RFC 9207.

Few ask the provider at once, each for a few seconds at most: a slow provider holds up nobody who
signs in by password.
"""

import base64
import hmac
import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import quote, urlencode

import httpx2
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.core import CodeIDToken
from cryptography.fernet import Fernet, InvalidToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from core import log
from core.clock import Clock
from core.errors import HubError, Unavailable
from core.ids import new_secret
from dashboard.access import Role
from dashboard.door import Room

BACK = "/sign-on/back"
LASTS = timedelta(minutes=10)
KEPT = timedelta(hours=1)  # what the provider says of itself
KEYS_EVERY = timedelta(seconds=30)  # at most, for a key that is not known yet
LEEWAY_S = 60
TIMEOUT_S = 5.0
AT_ONCE = 4
LONGEST = 256 * 1024  # bytes of an answer
# Never `none`, and no shared secret: who may check a token could make one.
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA")
SCOPES = "openid profile email"
SERVER_ERROR = 500  # and beyond: the provider's own fault
_DISCOVERY = "/.well-known/openid-configuration"
_PURPOSE = b"sign-on at a provider"
_log = log.get(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """The one provider that is trusted. `role` None: an account has to exist already."""

    issuer: str
    client_id: str
    client_secret: str = ""
    claim: str = "preferred_username"
    label: str = ""
    role: Role | None = None
    area: str = ""


@dataclass(frozen=True, slots=True)
class Leaving:
    """Where a browser is sent, and what it has to bring back."""

    address: str
    sealed: str


@dataclass(frozen=True, slots=True)
class Arrived:
    """Who came back, by the provider's word; `wanted` is the page they were on their way to."""

    name: str
    display_name: str
    wanted: str


class NotLetIn(HubError):  # noqa: N818  (named for the next step)
    """Why nobody was let in: over, cancelled, untrusted, unreachable or no_account."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class _Known:
    """What the provider says of itself, since when."""

    facts: Mapping[str, object]
    keys: KeySet
    read_at: datetime


class SignOn:
    """Signing in at `provider`; one for the process that serves the staff pages."""

    def __init__(self, provider: Provider, clock: Clock, *, secret: bytes, base_url: str) -> None:
        self.provider = provider
        self._clock = clock
        self._back = f"{base_url.rstrip('/')}{BACK}"
        self._home = f"{base_url.rstrip('/')}/sign-in"
        key = hmac.digest(secret, _PURPOSE, "sha256")
        self._fernet = Fernet(base64.urlsafe_b64encode(key))
        self._room = Room(at_once=AT_ONCE)
        self._lock = threading.Lock()
        self._known: _Known | None = None

    def leave(self, wanted: str) -> Leaving:
        """Where to send a browser that wants to sign in; raises NotLetIn."""
        state, nonce, verifier = new_secret(), new_secret(), new_secret() + new_secret()
        asked = {
            "response_type": "code",
            "client_id": self.provider.client_id,
            "redirect_uri": self._back,
            "scope": SCOPES,
            "state": state,
            "nonce": nonce,
            "code_challenge": create_s256_code_challenge(verifier),
            "code_challenge_method": "S256",
        }
        address = _text(self._asked().facts, "authorization_endpoint")
        kept = json.dumps([state, nonce, verifier, wanted])
        sealed = self._fernet.encrypt_at_time(kept.encode(), self._second())
        return Leaving(_join(address, urlencode(asked, quote_via=quote)), sealed.decode())

    def arrive(self, sealed: str, told: Mapping[str, str]) -> Arrived:
        """Who came back with `told` in the address; raises NotLetIn."""
        state, nonce, verifier, wanted = self._opened(sealed)
        if not hmac.compare_digest(told.get("state", "").encode(), state.encode()):
            raise NotLetIn("over", "the answer is to another question")
        if told.get("iss", self.provider.issuer) != self.provider.issuer:
            raise NotLetIn("untrusted", "another issuer answered")
        if error := told.get("error"):
            denied = error in {"access_denied", "login_required", "interaction_required"}
            raise NotLetIn("cancelled" if denied else "untrusted", "the provider let nobody in")
        if not told.get("code"):
            raise NotLetIn("untrusted", "the provider sent no code")
        known = self._asked()
        answer = self._redeemed(known, told["code"], verifier)
        claims = self._believed(known, answer, nonce)
        return self._person(claims, wanted)

    def leaving_for_good(self) -> str:
        """Where the provider ends its own session; empty where it does not say."""
        try:
            ending = self._asked().facts.get("end_session_endpoint")
        except NotLetIn:
            return ""
        if not isinstance(ending, str) or not _safe(ending):
            return ""
        told = {"client_id": self.provider.client_id, "post_logout_redirect_uri": self._home}
        return _join(ending, urlencode(told))

    def _second(self) -> int:
        return int(self._clock.now().timestamp())

    def _opened(self, sealed: str) -> tuple[str, str, str, str]:
        try:
            kept = self._fernet.decrypt_at_time(
                sealed.encode(), int(LASTS.total_seconds()), self._second()
            )
        except InvalidToken:
            raise NotLetIn("over", "nobody set out from here, or too long ago") from None
        state, nonce, verifier, wanted = json.loads(kept)
        return state, nonce, verifier, wanted

    def _asked(self, *, unknown_key: bool = False) -> _Known:
        """What the provider says of itself, read anew when it is old or a key is not in it."""
        now, lasts = self._clock.now(), KEYS_EVERY if unknown_key else KEPT
        with self._lock:
            known = self._known
        if known is not None and now - known.read_at < lasts:
            return known
        facts = self._fetched("GET", f"{self.provider.issuer.rstrip('/')}{_DISCOVERY}")
        if facts.get("issuer") != self.provider.issuer:
            raise NotLetIn("untrusted", "the provider calls itself something else")
        try:
            keys = KeySet.import_key_set(
                self._fetched("GET", _text(facts, "jwks_uri"))  # type: ignore[arg-type]  # checked by it
            )
        except (JoseError, ValueError, KeyError, TypeError) as error:
            raise NotLetIn("untrusted", "the provider's keys cannot be read") from error
        fresh = _Known(facts, keys, now)
        with self._lock:
            self._known = fresh
        return fresh

    def _redeemed(self, known: _Known, code: str, verifier: str) -> Mapping[str, object]:
        own = self.provider
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._back,
            "code_verifier": verifier,
        }
        ways = known.facts.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        basic = isinstance(ways, list) and "client_secret_basic" in ways
        auth = None
        if own.client_secret and basic:
            auth = (quote(own.client_id, safe=""), quote(own.client_secret, safe=""))
        else:
            form["client_id"] = own.client_id
            if own.client_secret:
                form["client_secret"] = own.client_secret
        return self._fetched("POST", _text(known.facts, "token_endpoint"), form=form, auth=auth)

    def _believed(
        self, known: _Known, answer: Mapping[str, object], nonce: str
    ) -> Mapping[str, object]:
        own, token = self.provider, answer.get("id_token")
        if not isinstance(token, str):
            raise NotLetIn("untrusted", "the provider sent no identity token")
        try:
            try:
                read = jwt.decode(token, known.keys, algorithms=list(ALGORITHMS))
            except (JoseError, ValueError):
                # The provider may have changed its keys since they were read.
                again = self._asked(unknown_key=True)
                read = jwt.decode(token, again.keys, algorithms=list(ALGORITHMS))
            options = {
                "iss": {"essential": True, "value": own.issuer},
                "aud": {"essential": True, "value": own.client_id},
            }
            params = {
                "nonce": nonce,
                "client_id": own.client_id,
                "access_token": answer.get("access_token"),
            }
            claims = CodeIDToken(read.claims, read.header, options, params)
            claims.validate(now=self._second(), leeway=LEEWAY_S)
        except (JoseError, ValueError, KeyError, TypeError) as error:
            # What is wrong by its name alone: a token's content is somebody's.
            _log.warning("sign_on_not_believed", why=type(error).__name__)
            raise NotLetIn("untrusted", "the identity token does not hold") from error
        return dict(read.claims)

    def _person(self, claims: Mapping[str, object], wanted: str) -> Arrived:
        name = claims.get(self.provider.claim)
        if not isinstance(name, str) or not name:
            raise NotLetIn("untrusted", f"the identity token has no {self.provider.claim}")
        if self.provider.claim == "email" and claims.get("email_verified") is not True:
            raise NotLetIn("untrusted", "the provider has not verified the address")
        called = claims.get("name")
        return Arrived(name, called if isinstance(called, str) else "", wanted)

    def _fetched(
        self,
        method: str,
        address: str,
        *,
        form: Mapping[str, str] | None = None,
        auth: tuple[str, str] | None = None,
    ) -> Mapping[str, object]:
        if not _safe(address):
            raise NotLetIn("untrusted", "the provider's address is not https")
        try:
            with (
                self._room.entered(),
                httpx2.Client(timeout=TIMEOUT_S, follow_redirects=False) as client,
                client.stream(
                    method, address, data=form, auth=auth, headers={"Accept": "application/json"}
                ) as answer,
            ):
                text = b""
                for part in answer.iter_bytes():
                    text += part
                    if len(text) > LONGEST:
                        raise NotLetIn("untrusted", "the provider's answer is too long")
                if not httpx2.codes.is_success(answer.status_code):
                    _log.warning("sign_on_provider_refused", status=answer.status_code)
                    reason = "unreachable" if answer.status_code >= SERVER_ERROR else "untrusted"
                    raise NotLetIn(reason, f"the provider answered {answer.status_code}")
        except (httpx2.HTTPError, httpx2.InvalidURL, Unavailable) as error:
            _log.warning("sign_on_provider_unreachable", why=type(error).__name__)
            raise NotLetIn("unreachable", "the provider does not answer") from error
        try:
            told = json.loads(text)
        except ValueError as error:
            raise NotLetIn("untrusted", "the provider's answer is no JSON") from error
        if not isinstance(told, dict):
            raise NotLetIn("untrusted", "the provider's answer is no object")
        return told


def _safe(address: str) -> bool:
    """Over TLS, or on this very machine."""
    try:
        url = httpx2.URL(address)
    except httpx2.InvalidURL:
        return False
    return url.scheme == "https" or (
        url.scheme == "http" and url.host in {"127.0.0.1", "localhost", "::1"}
    )


def _text(facts: Mapping[str, object], name: str) -> str:
    found = facts.get(name)
    if not isinstance(found, str) or not _safe(found):
        raise NotLetIn("untrusted", f"the provider has no {name} over https")
    return found


def _join(address: str, query: str) -> str:
    return f"{address}{'&' if '?' in address else '?'}{query}"
