"""Static files with MIME types of our own: the machine's table may lack them or be wrong."""

from os import PathLike, stat_result
from pathlib import PurePath

from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from dashboard.problems import OK

MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".ico": "image/x-icon",
    ".woff2": "font/woff2",
    ".txt": "text/plain; charset=utf-8",
    ".webmanifest": "application/manifest+json",
    ".pmtiles": "application/octet-stream",
    ".pbf": "application/x-protobuf",
}


class Assets(StaticFiles):
    """Files of one folder; browsers ask again each time and get "unchanged" for the price of it."""

    def file_response(
        self,
        full_path: str | PathLike[str],
        stat_result: stat_result,
        scope: Scope,
        status_code: int = OK,
    ) -> Response:
        """The file with its type and a validator."""
        response = super().file_response(full_path, stat_result, scope, status_code)
        media_type = MEDIA_TYPES.get(PurePath(full_path).suffix.lower())
        if media_type is not None and "content-type" in response.headers:
            response.headers["content-type"] = media_type
        response.headers["Cache-Control"] = "no-cache"
        return response
