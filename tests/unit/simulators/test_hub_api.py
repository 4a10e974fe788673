import httpx2
import pytest

from core.errors import Unavailable
from simulators.hub_api import HubApi


class Closing(httpx2.AsyncBaseTransport):
    """A hub that closes the first `times` connections just as somebody speaks."""

    def __init__(self, times: int) -> None:
        self.times = times

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        if self.times:
            self.times -= 1
            raise httpx2.RemoteProtocolError("closed", request=request)
        return httpx2.Response(200, json={"items": []})


async def test_a_connection_that_closes_just_then_is_no_trouble() -> None:
    async with httpx2.AsyncClient(transport=Closing(1)) as client:
        assert await HubApi(client, "http://hub.test", "token").cases() == []


async def test_a_hub_that_keeps_closing_is_trouble() -> None:
    async with httpx2.AsyncClient(transport=Closing(2)) as client:
        with pytest.raises(Unavailable, match="RemoteProtocolError"):
            await HubApi(client, "http://hub.test", "token").cases()
