"""No child outlives its parent, and no two hubs share a data folder.

Theory of operation. A parent holds the write end of a pipe that is its child's standard input;
when the parent dies, however, the kernel closes it, and the child's watching thread ends the
process at once: nothing needs a clean end, since whatever was acknowledged was committed. On Linux
the kernel itself ends every child (PR_SET_PDEATHSIG), ours as those that are not ours (mosquitto):
on a busy machine a thread of low priority may wait long for its turn.

`hub.lock` is held by the parent, `run/<role>.lock` by the one process of that role;
`children.lock` is shared by all children and what they start. A new parent waits until the
children of a killed one have let go.
"""

import ctypes
import fcntl
import os
import signal
import sys
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from core.clock import Clock
from core.errors import Unavailable

_PR_SET_PDEATHSIG = 1
_GONE_WITHIN_S = 3.0


def watch_parent(last_words: Callable[[], None] = lambda: None) -> None:
    """End this process as soon as standard input ends; `last_words` runs just before.

    Where the kernel is quicker nothing is said: what we started is then told by it too.
    """

    def watch() -> None:
        while os.read(0, 64):
            pass
        try:
            last_words()
        finally:
            os._exit(0)

    die_with_parent()  # a parent that is gone already is seen at the end of its pipe
    threading.Thread(target=watch, name="lifeline", daemon=True).start()


def die_with_parent() -> None:
    """On Linux let the kernel kill this process with its parent; for `preexec_fn` too."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def hold_folder(root: Path, clock: Clock) -> int:
    """Lock the data folder for this hub; the lock lasts as long as the process.

    Raises Unavailable when another hub holds it, or the children of a killed one do not end.
    """
    handle, owner = _hold(root / "hub.lock")
    if owner:
        raise Unavailable(
            f"the data folder {root} is in use by another hub (process {owner}); "
            "stop that one, or choose another folder with --data"
        )
    _wait_for_children(root, clock)
    return handle


def hold_role(run: Path, role: str) -> int:
    """Be the one process of this role on the folder; the lock lasts as long as the process.

    Raises Unavailable naming the process that has the role: two of them would take the same
    messages twice, or write the same files.
    """
    handle, owner = _hold(run / f"{role}.lock")
    if owner:
        raise Unavailable(
            f"the role {role} runs already on {run.parent} (process {owner}); "
            "stop that one, or choose another folder with --data"
        )
    return handle


def is_held(root: Path) -> bool:
    """Whether a hub runs on this data folder."""
    if not (root / "hub.lock").exists():
        return False
    handle = _open(root / "hub.lock")
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(handle)
    return False


def join_folder(root: Path) -> int:
    """A child's share of the folder; pass the handle on to programs that it starts."""
    handle = _open(root / "children.lock")
    fcntl.flock(handle, fcntl.LOCK_SH)
    return handle


def _wait_for_children(root: Path, clock: Clock) -> None:
    handle = _open(root / "children.lock")
    never, deadline = threading.Event(), clock.monotonic() + _GONE_WITHIN_S
    try:
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if clock.monotonic() > deadline:
                    raise Unavailable(
                        f"processes of an earlier hub still use {root}; `fuser "
                        f"{root / 'children.lock'}` names them"
                    ) from None
                clock.wait(never, timedelta(milliseconds=50))
            else:
                return
    finally:
        os.close(handle)


def _hold(file: Path) -> tuple[int, str]:
    """Lock a file that names its holder; answers the handle, or who holds it."""
    handle = _open(file)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        owner = os.pread(handle, 32, 0).decode(errors="replace").strip() or "unknown"
        os.close(handle)
        return -1, owner
    os.ftruncate(handle, 0)
    os.pwrite(handle, str(os.getpid()).encode(), 0)
    return handle, ""


def _open(file: Path) -> int:
    return os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
