"""One key frame to one JPEG: the only decoding there is."""

from video.media import VideoPacket, VideoStream, av

try:
    import cv2
    import cv2.typing
except ImportError as error:
    raise ImportError("video needs its extra: pip install '.[video]'") from error

WIDEST = 640
_QUALITY = 82


def jpeg_of(video: VideoStream, packet: VideoPacket) -> bytes | None:
    """The picture of a key frame, at most WIDEST pixels wide; None when it cannot be decoded."""
    decoder = av.CodecContext.create("h264", "r")
    decoder.extradata = video.codec_context.extradata
    decoder.thread_count = 1
    try:
        frames = [*decoder.decode(av.Packet(bytes(packet))), *decoder.decode(None)]
    except av.error.FFmpegError:
        return None
    if not frames or frames[0].is_corrupt:
        return None
    picture: cv2.typing.MatLike = frames[0].to_ndarray(format="bgr24")
    height, width = picture.shape[:2]
    if width > WIDEST:
        size = (WIDEST, round(height * WIDEST / width))
        picture = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    done, jpeg = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    return jpeg.tobytes() if done else None
