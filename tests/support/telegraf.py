"""A real Telegraf between a broker and InfluxDB, for benchmarks.

Where it comes from: `telegraf` on PATH, else the one that tools/build_telegraf.sh has built into
the user's cache, outside the repository.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.influx import Influx

VERSION = "1.37.2"
REMEDY = "with Go: tools/build_telegraf.sh"
# The same fields as the hub writes, `lift` as a tag, `topic` where the hub has `gateway`. Sizes are
# the cheapest by CPU of four that were tried; its own are 1000 a batch and 1000 undelivered.
_CONFIGURATION = """\
[agent]
  flush_interval = "1s"
  metric_batch_size = {batch}
  metric_buffer_limit = 100000
  omit_hostname = true
  quiet = true
[[inputs.mqtt_consumer]]
  servers = ["tcp://127.0.0.1:{port}"]
  topics = ["lift/v1/+/+/status"]
  qos = 1
  persistent_session = true
  client_id = "telegraf"
  max_undelivered_messages = {undelivered}
  name_override = "status"
  data_format = "json"
  tag_keys = ["lift"]
  json_string_fields = [
    "boot", "mode", "car", "direction", "door", "door_zone", "occupied",
  ]
  json_time_key = "ts"
  json_time_format = "unix_ms"
[[outputs.influxdb_v2]]
  urls = ["{url}"]
  token = "{token}"
  organization = "{org}"
  bucket = "{bucket}"
  content_encoding = "{encoding}"
"""


def find() -> str | None:
    """The program, None where there is none."""
    if found := shutil.which("telegraf"):
        return found
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"  # noqa: TID251  (as tools do)
    program = Path(home) / "supervision-hub" / f"telegraf-{VERSION}" / "telegraf"
    return str(program) if program.exists() else None


@contextmanager
def running(
    folder: Path,
    port: int,
    server: Influx,
    *,
    batch: int = 5000,
    undelivered: int = 20_000,
    encoding: str = "gzip",
) -> Iterator["subprocess.Popen[bytes]"]:
    """Telegraf for the time of the block."""
    program = find()
    assert program is not None, f"there is no Telegraf {VERSION}"
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "telegraf.conf"
    file.write_text(
        _CONFIGURATION.format(
            port=port,
            url=server.url,
            token=server.token,
            org=server.org,
            bucket=server.bucket,
            batch=batch,
            undelivered=undelivered,
            encoding=encoding,
        )
    )
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen([program, "--config", str(file)], stdout=log, stderr=log)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
