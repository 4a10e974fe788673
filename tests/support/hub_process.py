"""A whole hub as a user starts it: real processes, a data folder and ports of its own."""

import json
import os
import signal
import ssl
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from http.client import HTTPResponse
from pathlib import Path
from typing import Any, Self

from tests.support.ports import free_port
from tests.support.wait import wait_until


class HubProcess:
    """`hub serve` or `hub demo` in a process group of its own."""

    def __init__(
        self,
        data: Path,
        *,
        settings: Mapping[str, str] | None = None,
        authority: Path | None = None,
    ) -> None:
        """`authority` is whom to trust where the hub is served by HTTPS."""
        self.data = data
        self.authority = authority
        self.web_port = free_port()
        self.public_port = free_port()
        self.settings = {
            "HUB_DATA_DIR": str(data),
            "HUB_WEB__PORT": str(self.web_port),
            "HUB_PUBLIC__PORT": str(self.public_port),
            "HUB_MQTT__PORT": str(free_port()),
            **(settings or {}),
        }
        self.process: subprocess.Popen[bytes] | None = None
        self.token = ""
        self.output = data.parent / f"{data.name}.log"

    @property
    def url(self) -> str:
        """Address of the staff pages."""
        return f"{self._scheme}://127.0.0.1:{self.web_port}"

    @property
    def public_url(self) -> str:
        """Address of the public pages."""
        return f"{self._scheme}://127.0.0.1:{self.public_port}"

    @property
    def _scheme(self) -> str:
        return "https" if self.authority else "http"

    def open(self, address: str | urllib.request.Request, *, timeout_s: float = 5) -> HTTPResponse:
        """What the hub answers; raises HTTPError, or URLError while nobody listens."""
        trusted = ssl.create_default_context(cafile=self.authority) if self.authority else None
        answer: HTTPResponse = urllib.request.urlopen(  # noqa: S310  (our own address)
            address, timeout=timeout_s, context=trusted
        )
        return answer

    def start(self, command: Sequence[str] = ("serve",), *, timeout_s: float = 120) -> Self:
        """Start and wait until the hub says that it is ready."""
        with self.output.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "hub", *command],
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            wait_until(self.ready, what="the hub to be ready", timeout_s=timeout_s, every_s=0.1)
        except AssertionError as error:
            self.stop()
            raise AssertionError(f"{error}\n{self.log()}") from error
        return self

    def run(self, *words: str) -> "subprocess.CompletedProcess[str]":
        """Another command of the same hub, to its end."""
        return subprocess.run(
            [sys.executable, "-m", "hub", *words],
            env={**self._environment(), "COLUMNS": "200"},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def _environment(self) -> dict[str, str]:
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("HUB_")}  # noqa: TID251
        return {**inherited, **self.settings}

    def ready(self) -> bool:
        """Whether pages, public pages and both lanes answer; fails when the process has ended."""
        if self.process is not None and self.process.poll() is not None:
            raise AssertionError(f"the hub ended with {self.process.returncode}\n{self.log()}")
        try:
            with self.open(f"{self.url}/health/ready") as answer:
                told = json.load(answer)
        except OSError:
            return False
        lanes = [check["ok"] for name, check in told["checks"].items() if "lane" in name]
        public = self.status("/health/live", public=True)
        return told["status"] == "ok" and len(lanes) >= 2 and public == 200

    def status(self, path: str, *, public: bool = False) -> int:
        """The status of a GET, 0 while nobody listens."""
        base = self.public_url if public else self.url
        try:
            with self.open(base + path) as answer:
                return answer.status
        except urllib.error.HTTPError as error:
            return error.code
        except OSError:
            return 0

    @property
    def broker_port(self) -> int:
        """Where the broker that this hub started listens."""
        port: int = json.loads((self.data / "run" / "broker.json").read_text())["port"]
        return port

    def ask(self, path: str, *, timeout_s: float = 10) -> Any:
        """The JSON answer of the interface to a GET, with this hub's token (hence Any)."""
        request = urllib.request.Request(  # noqa: S310  (our own address)
            f"{self.url}/api/v1{path}", headers={"Authorization": f"Bearer {self.token}"}
        )
        with self.open(request, timeout_s=timeout_s) as answer:
            return json.load(answer)

    @property
    def pid(self) -> int:
        """The parent's process."""
        assert self.process is not None
        return self.process.pid

    def log(self) -> str:
        """The last lines that the hub wrote."""
        return "\n".join(self.output.read_text(errors="replace").splitlines()[-60:])

    def kill(self) -> None:
        """`kill -9` of the parent alone."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(10)
        self.process = None

    def stop(self) -> int:
        """Ctrl-C, and the exit status."""
        if self.process is None:
            return 0
        process, self.process = self.process, None
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        try:
            return process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(10)
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
