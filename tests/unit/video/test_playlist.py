from datetime import UTC, datetime, timedelta

from video.playlist import KEPT_BEHIND, WINDOW, Segment, Shelf

START = datetime(2026, 11, 23, 8, tzinfo=UTC)


def segment(
    number: int, *, init: str = "init-1.mp4", duration_s: float = 1.0, discontinuity: bool = False
) -> Segment:
    began = START + timedelta(seconds=number)
    return Segment(number, duration_s, init, began, discontinuity)


def filled(count: int) -> tuple[Shelf, list[str]]:
    shelf = Shelf()
    gone: list[str] = []
    for number in range(count):
        shelf, names = shelf.with_segment(segment(number))
        gone += names
    return shelf, gone


def test_the_text_of_a_short_stream() -> None:
    shelf, _ = Shelf().with_segment(segment(0, duration_s=1.083))
    assert shelf.playlist().splitlines() == [
        "#EXTM3U",
        "#EXT-X-VERSION:7",
        "#EXT-X-TARGETDURATION:2",
        "#EXT-X-MEDIA-SEQUENCE:0",
        "#EXT-X-DISCONTINUITY-SEQUENCE:0",
        "#EXT-X-INDEPENDENT-SEGMENTS",
        '#EXT-X-MAP:URI="init-1.mp4"',
        "#EXT-X-PROGRAM-DATE-TIME:2026-11-23T08:00:00.000Z",
        "#EXTINF:1.083,",
        "s00000000.m4s",
    ]


def test_the_window_moves_and_old_files_may_go_later() -> None:
    shelf, gone = filled(WINDOW + KEPT_BEHIND + 2)
    text = shelf.playlist()
    assert text.count("#EXTINF") == WINDOW
    assert f"#EXT-X-MEDIA-SEQUENCE:{KEPT_BEHIND + 2}\n" in text
    assert gone == ["s00000000.m4s", "s00000001.m4s"]


def test_new_parameter_sets_are_announced_and_counted_when_they_leave_the_window() -> None:
    shelf, _ = filled(2)
    shelf, _ = shelf.with_segment(segment(2, init="init-2.mp4", discontinuity=True))
    assert '#EXT-X-DISCONTINUITY\n#EXT-X-MAP:URI="init-2.mp4"' in shelf.playlist()
    gone: list[str] = []
    for number in range(3, 3 + WINDOW + KEPT_BEHIND):
        shelf, names = shelf.with_segment(segment(number, init="init-2.mp4"))
        gone += names
    assert "#EXT-X-DISCONTINUITY-SEQUENCE:1" in shelf.playlist()
    assert "init-1.mp4" in gone
    assert "init-2.mp4" not in gone


def test_the_target_duration_never_falls() -> None:
    shelf, _ = Shelf().with_segment(segment(0, duration_s=4.2))
    for number in range(1, 20):
        shelf, _ = shelf.with_segment(segment(number))
    assert "#EXT-X-TARGETDURATION:5" in shelf.playlist()
