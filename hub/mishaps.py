"""What the system says when a file or a socket fails, in words that say what to do."""

import errno

_REMEDIES = {
    errno.EACCES: "may not be read or written by this user: chown it, or choose another place",
    errno.EPERM: "may not be changed by this user: chown it, or choose another place",
    errno.ENOENT: "there is no such file",
    errno.ENOSPC: "the disk is full: make room, then try again",
    errno.EDQUOT: "the disk quota is used up: make room, then try again",
    errno.EROFS: "the disk is mounted read-only: choose another place",
    errno.EISDIR: "is a folder: name a file",
    errno.ENOTDIR: "has a file where a folder is needed: choose another place",
    errno.EADDRINUSE: "the port is taken by another program: end it, or choose another port",
    errno.EMFILE: "too many open files: raise the limit (ulimit -n 4096)",
}


def in_words(error: OSError) -> str:
    """One line: what it happened to, and what to do."""
    what = f"{error.filename}: " if error.filename else ""
    known = _REMEDIES.get(error.errno or 0)
    return what + (known or f"the system refuses: {error.strerror or error}")
