"""Options of x264 under which the same frames become the same bytes."""

from __future__ import annotations

from importlib import import_module

__all__ = ["x264_options"]


def x264_options(crf: int, preset: str = "medium") -> dict[str, str]:
    """Options that make encoding repeatable: one thread, and no AVX-512.

    With AVX-512 the rate control of x264 (its macroblock tree) reads past the ends of its rows unless a
    picture's width is a multiple of 128 pixels, so what lies in memory there decides the bits. Its AVX2
    code does not, and writes what machines without AVX-512 write.

    Args:
        crf: Constant rate factor: 18 is visually lossless.
        preset: x264's name for how hard it tries.
    """
    options = {"crf": str(crf), "preset": preset, "threads": "1"}
    return options | {"x264-params": "asm=avx2"} if _has_avx512() else options


def _has_avx512() -> bool:
    # x264 cannot leave one instruction set out, and it obeys a list that the processor does not meet.
    # So the list is given only where AVX-512 is there.
    found = import_module("numpy._core._multiarray_umath")
    features: dict[str, bool] = getattr(found, "__cpu_features__", {})
    return bool(features.get("AVX512F"))
