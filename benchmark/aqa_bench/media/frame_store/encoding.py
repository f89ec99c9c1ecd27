"""How a frame lies in a store: its pixels as they are, or a JPEG of them."""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np

from aqa_bench.core.sample import UInt8Array

__all__ = ["JPEG", "RAW", "Encoding"]

_SMALL = 192


@dataclass(frozen=True, slots=True)
class Encoding:
    """A way to keep frames.

    Attributes:
        quality: Of the JPEG, 1 to 95, without chroma subsampling; None keeps pixels as they are.
    """

    quality: int | None = None

    @property
    def name(self) -> str:
        """``raw``, or e.g. ``jpeg q95``."""
        return "raw" if self.quality is None else f"jpeg q{self.quality}"

    @property
    def is_exact(self) -> bool:
        """Whether what is read is what was written."""
        return self.quality is None

    def expected_bytes(self, nbytes: int, side: int) -> int:
        """About how much ``nbytes`` of decoded frames of side ``side`` take, rather too much than too little.

        A JPEG at quality 95 was measured at 1/7.5 (frames of the gym at 224 pixels) to 1/12.8 (a real video
        at 320), and at 1/4.0 where frames are small (64 pixels).
        """
        return nbytes if self.is_exact else nbytes // (4 if side < _SMALL else 7)

    def encode(self, frame: UInt8Array) -> bytes:
        """The bytes of a frame ``(H, W, 3)`` RGB."""
        if self.quality is None:
            return np.ascontiguousarray(frame).tobytes()
        from PIL import Image

        buffer = io.BytesIO()
        Image.fromarray(frame).save(buffer, "JPEG", quality=self.quality, subsampling=0)
        return buffer.getvalue()

    def decode(self, data: bytes | bytearray, out: UInt8Array) -> None:
        """The inverse of :meth:`encode`, into ``out`` ``(H, W, 3)``.

        Raises:
            ValueError: The bytes are not such a frame.
        """
        if self.quality is None:
            out[:] = np.frombuffer(data, np.uint8).reshape(out.shape)
            return
        from PIL import Image

        # Nearly all of it is done without the interpreter's lock, so that threads help.
        try:
            with Image.open(io.BytesIO(data), formats=("JPEG",)) as image:
                out[:] = np.asarray(image)
        except (OSError, SyntaxError) as error:
            raise ValueError("not a JPEG") from error


RAW = Encoding()
JPEG = Encoding(95)
