"""MQTT.js, a client that none of us wrote, as npm brings it by its lock into the user's cache."""

import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_HERE = Path(__file__).parent / "foreign"
_NEEDED = ("package.json", "package-lock.json", "device.js")


def missing() -> str:
    """What is not on PATH, for a person."""
    return ", ".join(each for each in ("node", "npm") if shutil.which(each) is None)


def installed() -> Path:
    """Where the client is, brought once; the folder is named by the lock."""
    lock = hashlib.sha256(b"".join((_HERE / name).read_bytes() for name in _NEEDED)).hexdigest()[
        :16
    ]
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"  # noqa: TID251  (of tests)
    folder = Path(home) / "supervision-hub" / f"mqtt-js-{lock}"
    if not folder.exists():
        fresh = folder.with_name(f"{folder.name}.{os.getpid()}")
        fresh.mkdir(parents=True)
        for name in _NEEDED:
            shutil.copy(_HERE / name, fresh)
        quiet = ("--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
        subprocess.run(["npm", "ci", *quiet], cwd=fresh, check=True, timeout=150)
        try:
            fresh.rename(folder)
        except OSError:  # another run was quicker
            shutil.rmtree(fresh)
    return folder


@dataclass
class ForeignDevice:
    """A gateway at a broker."""

    process: "subprocess.Popen[str]"

    def say(self, kind: str, told: object) -> None:
        """Publish at QoS 1."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps({"kind": kind, "told": told}) + "\n")
        self.process.stdin.flush()

    def heard(self) -> str:
        """The next line: `ready`, then receipts."""
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()


@contextmanager
def device(port: int, area: str, gateway: str) -> Iterator[ForeignDevice]:
    """A connected gateway for the time of the block; at its end all it said is acknowledged."""
    folder = installed()
    process = subprocess.Popen(
        ["node", "device.js", str(port), area, gateway],
        cwd=folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    spoken = ForeignDevice(process)
    try:
        assert spoken.heard() == "ready"
        yield spoken
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(30) == 0
    finally:
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()
