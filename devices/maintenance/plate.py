"""The code that stands at a lift for checking in: nobody knows it who was not there.

Theory of operation. The rescue code on the plate in the car is public, so it proves nothing. The
check-in code is made from it and a secret of the hub's; it is printed as a QR plate for the machine
room or the controller's door by the supervisor. It is the same until the hub's secret changes.
"""

import hmac
from base64 import b32encode

LENGTH = 10


def check_in_code(secret: bytes, rescue_code: str) -> str:
    """The code of that lift: ten letters and digits without those that look alike."""
    digest = hmac.digest(secret, b"check-in/" + rescue_code.encode(), "sha256")
    return b32encode(digest).decode()[:LENGTH]
