"""Our store on a test's InfluxDB."""

from ingest.timeseries.influx import InfluxStore
from tests.support.influx import Influx


def store(server: Influx) -> InfluxStore:
    """A store of the server's bucket."""
    return InfluxStore(server.url, token=server.token, org=server.org, bucket=server.bucket)
