"""What a lift's or a camera's connection, and a lift's ability to call, are called."""

WORDS: dict[str, dict[str, str]] = {
    "presence": {
        "online": "Online",
        "late": "Late",
        "offline": "Offline",
        "never": "Never heard",
    },
    "ability": {
        "never": "Never tested",
        "failed": "Test failed",
        "overdue": "Test overdue",
        "proven": "Proven",
        "unconnected": "Not connected",
    },
    "camera": {
        "connecting": "Connecting",
        "live": "Live",
        "stalled": "Stalled",
        "offline": "Offline",
    },
}
