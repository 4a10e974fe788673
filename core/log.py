"""Set up structured logs: one event a line, JSON unless a person watches a terminal."""

import logging
import sys

import structlog


def configure(*, process: str, json: bool, level: str = "info") -> None:
    """Send this process's logs to standard error, each line naming `process`.

    Secrets, telephone numbers and payloads are never put into an event in the first place.
    """
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if json
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(
            logging.getLevelNamesMapping()[level.upper()]
        ),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(process=process)
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, force=True)


def get(name: str) -> structlog.typing.FilteringBoundLogger:
    """The logger of a module; `name` says which."""
    logger: structlog.typing.FilteringBoundLogger = structlog.get_logger(room=name)
    return logger
