"""Keys, tokens, and somebody who publishes what they are signed with."""

import asyncio
import base64
import hmac
import json
import time
from collections.abc import Awaitable, Callable
from hashlib import sha256
from typing import Any, Self

import jwt
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import get_default_algorithms

from support.web_app import WebApp

SECRET = "planted-secret-that-is-long-enough-8d21"
KEYS = {name: f"planted-key-of-{name}-5b7e" for name in ("alice", "bob")}
API_KEYS = ",".join(f"{name}:{sha256(key.encode()).hexdigest()}" for name, key in KEYS.items())

_MAKERS: dict[str, Callable[[], Any]] = {
    "RS256": lambda: rsa.generate_private_key(65537, 2048),
    "PS256": lambda: rsa.generate_private_key(65537, 2048),
    "ES256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "ES384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "EdDSA": ed25519.Ed25519PrivateKey.generate,
}


class Signer:
    """A key pair with a name, and the tokens that it signs."""

    def __init__(self, algorithm: str = "ES256", kid: str = "one") -> None:
        self.algorithm = algorithm
        self.kid = kid
        self.private = _MAKERS[algorithm]()

    @property
    def jwk(self) -> dict[str, Any]:
        """The public half, as it is published."""
        public = get_default_algorithms()[self.algorithm].to_jwk(self.private.public_key(), as_dict=True)
        return {**public, "kid": self.kid, "use": "sig", "alg": self.algorithm}

    def token(self, headers: dict[str, Any] | None = None, **claims: Any) -> str:
        headers = {"kid": self.kid} if headers is None else headers
        return jwt.encode(payload(**claims), self.private, self.algorithm, headers)


def payload(**claims: Any) -> dict[str, Any]:
    """The claims of a good token, but for what is given; None leaves a claim out."""
    whole = {"sub": "carol", "exp": time.time() + 60, **claims}
    return {name: value for name, value in whole.items() if value is not None}


def token(secret: str = SECRET, headers: dict[str, Any] | None = None, **claims: Any) -> str:
    """A token that is signed with a secret."""
    return jwt.encode(payload(**claims), secret, "HS256", headers)


def unsigned(header: Any, claims: Any, signature: bytes = b"") -> str:
    """A token that says what no library would make it say."""
    parts = [json.dumps(header).encode(), json.dumps(claims).encode(), signature]
    return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts)


def signed(header: Any, claims: Any, secret: str = SECRET) -> str:
    """The same, with a signature by HS256 that is right."""
    signing_input = unsigned(header, claims).rpartition(".")[0]
    signature = hmac.digest(secret.encode(), signing_input.encode(), "sha256")
    return unsigned(header, claims, signature)


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


class Publisher(WebApp):
    """A server on loopback that publishes a key set, or plays what a test wants instead."""

    def __init__(self, *signers: Signer) -> None:
        self.signers = list(signers)
        self.plays: Callable[[web.Request], Awaitable[web.StreamResponse]] | None = None
        self.requests: list[web.Request] = []
        self._arrived = asyncio.Condition()
        app = web.Application()
        app.router.add_get("/{path:.*}", self._answer)
        super().__init__(app)

    async def __aenter__(self) -> Self:
        await super().__aenter__()
        self.url += "/keys"
        return self

    async def wait_for_request(self, number: int) -> None:
        """Wait for the request of this number."""
        async with self._arrived:
            await self._arrived.wait_for(lambda: len(self.requests) >= number)

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        self.requests.append(request)
        async with self._arrived:
            self._arrived.notify_all()
        if self.plays is not None:
            return await self.plays(request)
        return web.Response(text=json.dumps({"keys": [signer.jwk for signer in self.signers]}))
