"""HTML pages, live streams and media."""
