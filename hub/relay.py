"""What a foreign program says on its standard error, as log lines of ours: one format for all."""

import re
import threading
from typing import IO

from core import log

# We know: it runs as whoever started the hub, since nobody else may look into the data folder.
_KNOWN = ("should not be run as root",)
_STAMP = re.compile(r"^[0-9T:.\-+Z]{19,}: ")
_log = log.get(__name__)


def relay(stream: IO[bytes], program: str) -> threading.Thread:
    """Log every line until the stream ends; the thread ends with it."""

    def read() -> None:
        with stream:
            for line in stream:
                says = _STAMP.sub("", line.decode(errors="replace").strip())
                if says and not any(known in says for known in _KNOWN):
                    _log.warning("broker_says", program=program, says=says[:500])

    thread = threading.Thread(target=read, name="relay", daemon=True)
    thread.start()
    return thread
