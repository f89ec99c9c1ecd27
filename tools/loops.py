"""What the tools that draw looping pictures share: sizes, colours and how a loop is written."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

__all__ = ["BAD", "BYTES", "GOOD", "SIZE", "beside", "write_loop"]

SIZE, BYTES = 208, 60_000
GOOD, BAD = "#2da44e", "#e5312b"


def beside(left: Image.Image, right: Image.Image) -> Image.Image:
    """Two pictures of side :data:`SIZE` as one."""
    both = Image.new("RGB", (2 * SIZE + 4, SIZE), "white")
    both.paste(left, (0, 0))
    both.paste(right, (SIZE + 4, 0))
    return both


def write_loop(strip: list[Image.Image], worst: int, file: Path) -> None:
    """Write a looping picture of at most :data:`BYTES`, and a still of frame ``worst`` beside it."""
    for quality in range(70, 20, -10):
        strip[0].save(
            file, save_all=True, append_images=strip[1:], duration=110, loop=0, quality=quality, method=6
        )
        if file.stat().st_size <= BYTES:
            break
    strip[worst].save(file.with_stem(f"{file.stem}-still"), quality=70, method=6)
