"""The order in which the gate lets requests in, of callers who send many at once and of others."""

import asyncio
from typing import Any, cast

from support.virtual_clock import in_virtual_time

from deltawire.aio.fair_queue import FairQueue
from deltawire.edge.connection_limits import ConnectionLimits
from deltawire.edge.cors import OriginPolicy
from deltawire.edge.forwarded import TrustedProxies
from deltawire.edge.gate import AccessPolicy, Gate
from deltawire.identity.caller import CALLER, Caller
from deltawire.identity.quota import Quota
from deltawire.protocol.errors import Failure
from deltawire.telemetry.metrics import Metrics
from deltawire.telemetry.refusals import Refusals


class Names:
    """An authenticator whose tokens are the callers' names."""

    is_required = True

    async def identify(self, token: str) -> Caller:
        if token == "nobody":
            raise Failure("unauthenticated")
        return Caller(name=token)


class FakeGate:
    """A gate, and who has come through it or was refused, in their order."""

    def __init__(self) -> None:
        self.callers: list[str] = []
        policy = AccessPolicy(
            allowed_hosts=["*"],
            origins=OriginPolicy([]),
            proxies=TrustedProxies([]),
            authenticator=cast("Any", Names()),
            any_host_paths=[],
            public_paths=["/livez", "/"],
            public_patterns=[],
        )
        limits = ConnectionLimits(Quota("sockets", "MAX_SOCKETS", 1_000, 1_000), 10_000)
        self._gate = Gate(self._serve, self._serve, policy, limits, Refusals(Metrics(set())), FairQueue())

    async def ask(self, caller: str, path: str = "/models", kind: str = "http") -> None:
        """Send a request, or a handshake."""
        headers = [(b"host", b"x")] + ([(b"authorization", f"Bearer {caller}".encode())] if caller else [])
        scope = {"type": kind, "http_version": "1.1", "path": path, "query_string": b"", "headers": headers}
        scope |= {
            "client": ("192.0.2.1", 1),
            "scheme": "http",
            "subprotocols": [],
            **({"method": "GET"} if kind == "http" else {}),
        }

        async def send(message: dict[str, Any]) -> None:
            if message["type"] == "http.response.start":
                self.callers.append(caller)

        await self._gate(cast("Any", scope), cast("Any", None), cast("Any", send))

    async def _serve(self, scope: Any, *_: object) -> None:
        self.callers.append(scope[CALLER].name or scope["path"])


@in_virtual_time
async def test_one_request_of_a_caller_does_not_wait_for_hundreds_of_another() -> None:
    gate = FakeGate()
    requests = [gate.ask("alice") for _ in range(200)] + [gate.ask("alice", "/ws", "websocket") for _ in range(200)]
    await asyncio.gather(*requests, gate.ask("bob"))
    assert gate.callers.index("bob") < 5
    assert gate.callers.count("alice") == 400


@in_virtual_time
async def test_those_who_have_no_token_hold_up_neither_callers_nor_the_health_check() -> None:
    gate = FakeGate()
    requests = [gate.ask("nobody") for _ in range(200)] + [gate.ask("", "/") for _ in range(200)]
    await asyncio.gather(*requests, gate.ask("bob"), gate.ask("", "/livez"))
    assert gate.callers.index("bob") < 7
    assert gate.callers.index("/livez") < 7
    assert len(gate.callers) == 402
