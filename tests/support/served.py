"""The staff pages over real HTTP on a small registry, for a real browser."""

import threading
from dataclasses import replace
from pathlib import Path
from typing import Self

import uvicorn

from alerts.engine import Engine
from core.clock import SystemClock
from dashboard.app import create_app
from tests.support.dashboards import Dashboards
from tests.support.ports import free_port
from tests.support.wait import wait_until


class Served(Dashboards):
    """A registry with accounts, and a server that can be stopped and started again."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.system = SystemClock()
        self.port = free_port()
        self.staff = replace(self.context("staff"), clock=self.system)
        self.engine = Engine(self.database, self.staff.policies, self.system)
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """Address of the staff pages."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> Self:
        """Serve until `stop`."""
        config = uvicorn.Config(
            create_app(self.staff),
            host="127.0.0.1",
            port=self.port,
            log_level="warning",
            timeout_graceful_shutdown=1,
        )
        server = uvicorn.Server(config)
        self._server = server
        self._thread = threading.Thread(target=server.run, name="served", daemon=True)
        self._thread.start()
        wait_until(lambda: server.started, what="the pages to be served", timeout_s=30)
        return self

    def stop(self) -> None:
        """End the server; open streams break."""
        if self._server is not None and self._thread is not None:
            self._server.should_exit = True
            self._thread.join(20)
            assert not self._thread.is_alive()
            self._server = None
