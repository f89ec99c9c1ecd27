"""When a GPU's memory is not enough: an answer instead of a traceback."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch

from aqa_bench.core.errors import MethodError

__all__ = ["fitting_batch_size", "out_of_memory_explained"]


@contextmanager
def out_of_memory_explained(
    batch_size: int, *, try_step: Callable[[int], object] | None = None, accumulate: int = 1
) -> Iterator[None]:
    """Turn running out of GPU memory into an error that names a batch size.

    Args:
        batch_size: Batch size of the block.
        try_step: Trains one step with a batch size, to find one that fits; without it the error
            proposes half of ``batch_size``.
        accumulate: Batches that already make one step.

    Raises:
        MethodError: The GPU ran out of memory in the block.
    """
    try:
        yield
        return
    except torch.cuda.OutOfMemoryError as error:
        # The exception's traceback keeps the tensors of the failed step alive.
        message = str(error).split(". ")[0]
    fitting = max(batch_size // 2, 1) if try_step is None else fitting_batch_size(try_step, batch_size // 2)
    if fitting is None or batch_size == 1:
        raise MethodError(
            "The GPU has not enough memory, even for a batch of one.",
            found=message,
            remedy="Use smaller images, a smaller backbone, freeze its first stages, or use --device cpu.",
        )
    steps = -(-batch_size * accumulate // fitting)
    certainty = "fits" if try_step is not None else "may fit"
    raise MethodError(
        "The GPU has not enough memory for this batch size.",
        where=f"batch size {batch_size}",
        expected=f"a batch size of {fitting}, which {certainty}",
        found=message,
        remedy=f"--set batch_size={fitting} --set accumulate={steps} makes steps over as many samples "
        "(batch norm and losses over a whole batch see the smaller one, so that training starts again).",
    )


def fitting_batch_size(try_step: Callable[[int], object], largest: int) -> int | None:
    """The first of ``largest``, its half, its quarter and so on that a GPU has memory for.

    Args:
        try_step: Trains one step with a batch size.
        largest: Batch size to begin with.

    Returns:
        A batch size, or None where not even 1 fits.
    """
    size = largest
    while size >= 1:
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        try:
            try_step(size)
        except torch.cuda.OutOfMemoryError:
            size //= 2
        else:
            return size
    return None
