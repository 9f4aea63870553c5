"""Remove the metadata of a JPEG file without decoding its pixels and encoding them again."""

from __future__ import annotations

import re
from collections.abc import Iterator

#: Marker of a scan: one pass over the pixels.
SOS = 0xDA
_SOI, _EOI, _APP0, _APP14 = 0xD8, 0xD9, 0xE0, 0xEE
#: Comments, and APP1 (EXIF, XMP) to APP15 without APP14 (Adobe: how colours are stored).
_METADATA = (set(range(0xE1, 0xF0)) - {_APP14}) | {0xFE}
#: A marker after entropy-coded data: not a stuffed 0xFF00, not a restart marker, not a fill byte.
_NEXT_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
#: Length of a plain JFIF header; a longer APP0 holds an embedded thumbnail.
_JFIF_LENGTH = 16
#: Length of Adobe's segment.
_ADOBE_LENGTH = 14
#: What a decoder takes for the next marker, whatever lies before it.
_MARKER = re.compile(rb"\xff+([^\x00\xff])")


def segments(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Yield marker, start and end of the contents of a JPEG's segments, as a decoder finds them."""
    position = 2
    while (match := _MARKER.search(data, position)) is not None:
        marker, position = match[1][0], match.end()
        if marker == _EOI:
            return
        if marker == 0x01 or 0xD0 <= marker <= _SOI:
            continue  # it has no contents
        length = max(2, int.from_bytes(data[position : position + 2], "big"))
        yield marker, position + 2, position + length
        position += length


def strip_metadata(data: bytes) -> bytes | None:
    """Copy a JPEG file without EXIF, XMP, profiles, comments and data after its end.

    The picture's own segments are copied byte for byte, so the result decodes to the same pixels
    and a file without metadata is returned unchanged.

    Returns:
        The file without metadata, or ``None`` if its structure is unusual (encode it again then).
    """
    if data[:2] != b"\xff\xd8":
        return None
    segments, position = [data[:2]], 2
    while position + 4 <= len(data) or data[position : position + 2] == b"\xff\xd9":
        if data[position] != 0xFF:
            return None
        marker = data[position + 1]
        if marker == _EOI:
            return b"".join([*segments, b"\xff\xd9"])
        length = int.from_bytes(data[position + 2 : position + 4], "big")
        end = position + 2 + length
        if marker < 0xC0 or 0xD0 <= marker <= _SOI or length < 2 or end > len(data):
            return None
        if marker == _APP0 and length != _JFIF_LENGTH:
            return None
        if (marker == _APP14 and length != _ADOBE_LENGTH) or (marker >= 0xF0 and marker != 0xFE):
            return None
        if marker == SOS:
            marker_match = _NEXT_MARKER.search(data, end)
            if marker_match is None:
                return None
            end = marker_match.start()
        if marker not in _METADATA:
            segments.append(data[position:end])
        position = end
    return None
