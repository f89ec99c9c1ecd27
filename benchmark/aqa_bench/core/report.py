"""What a fit says of itself, for the record of its run."""

from __future__ import annotations

import difflib
import json
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, NonNegativeInt, StringConstraints, ValidationError

from aqa_bench.core.errors import MethodError
from aqa_bench.core.files import canonical_json
from aqa_bench.core.lines import Line, odd_in_plain

__all__ = ["MAX_EXTRAS", "MAX_EXTRA_BYTES", "FitReport"]

MAX_EXTRAS = 64
"""Most extras of one report."""
MAX_EXTRA_BYTES = 16_384
"""Most bytes that the extras of one report take as JSON."""
_MAX_VALUES = 512

_Name = Annotated[str, StringConstraints(max_length=64, pattern=r"^[a-z][a-z0-9_]*$")]


class FitReport(BaseModel):
    """Typed facts of one fit; what has no field of its own goes into ``extras``.

    Attributes:
        device: Where it was computed, e.g. ``cuda:0``.
        dtype: Arithmetic, e.g. ``bfloat16``.
        batch_size: Samples per step.
        parameters: Number of parameters, frozen ones included.
        gflops: Multiply-adds per sample, in units of 1e9.
        pretrained_on: Data that the weights have seen before, where it differs from the method's card.
        regime: How features were used, where it differs from the card.
        weights: Which weights the training began with.
        weights_licence: Their licence, where it is not the method's own.
        frozen_stages: Stages of the backbone that did not train.
        epochs_run: Epochs of the training on labels.
        best_epoch: Number of the epoch that was kept, from 0; -1 where none was chosen.
        extras: Anything else: plain JSON by name, at most :data:`MAX_EXTRAS` entries and
            :data:`MAX_EXTRA_BYTES` bytes, within the bounds of :mod:`aqa_bench.core.lines`. No name may be
            that of a field.
    """

    model_config = ConfigDict(extra="forbid", validate_assignment=True, allow_inf_nan=False, strict=True)

    device: Line | None = None
    dtype: Line | None = None
    batch_size: NonNegativeInt | None = None
    parameters: NonNegativeInt | None = None
    gflops: float | None = Field(default=None, ge=0)
    pretrained_on: Line | None = None
    regime: Line | None = None
    weights: Line | None = None
    weights_licence: Line | None = None
    frozen_stages: NonNegativeInt | None = None
    epochs_run: NonNegativeInt | None = None
    best_epoch: int | None = Field(default=None, ge=-1)
    extras: dict[_Name, Any] = Field(default_factory=dict)

    def update(self, **facts: Any) -> None:
        """Set fields by name.

        Raises:
            MethodError: There is no such field, or a value does not fit.
        """
        for name, value in facts.items():
            if name not in FitReport.model_fields:
                near = difflib.get_close_matches(name, FitReport.model_fields, n=1)
                raise MethodError(
                    f"A fit's report has no field {name!r}."
                    + (f" Did you mean {near[0]!r}?" if near else ""),
                    expected=", ".join(FitReport.model_fields),
                    found=name,
                    remedy="Put the method's own facts into ctx.report.extras.",
                )
            try:
                setattr(self, name, value)
            except ValidationError as error:
                detail = error.errors()[0]
                raise MethodError(
                    f"The value of {name!r} has the wrong type for a fit's report.",
                    expected=detail["msg"],
                    found=repr(value)[:200],
                ) from error

    def document(self) -> dict[str, Any]:
        """All that was set, extras among it, as plain JSON.

        Raises:
            MethodError: Extras are no plain JSON, too many or too long, or take a field's name.
        """
        try:
            text = canonical_json(self.extras)
            checked = FitReport(extras=json.loads(text)).extras
        except (TypeError, ValueError) as error:
            found = error.errors()[0]["msg"] if isinstance(error, ValidationError) else str(error)
            raise _odd_extras("plain JSON without NaN, with lower-case names", found) from error
        if len(checked) > MAX_EXTRAS or len(text.encode()) > MAX_EXTRA_BYTES:
            limit = f"at most {MAX_EXTRAS} entries of {MAX_EXTRA_BYTES} bytes together"
            raise _odd_extras(limit, f"{len(checked)} entries, {len(text.encode())} bytes")
        if reason := odd_in_plain(checked, entries=_MAX_VALUES):
            raise _odd_extras("plain values of bounded size, texts of one line", reason)
        if taken := sorted(checked.keys() & FitReport.model_fields.keys()):
            raise _odd_extras("names that are not fields", ", ".join(taken))
        return self.model_dump(mode="json", exclude={"extras"}, exclude_none=True) | checked


def _odd_extras(expected: str, found: str) -> MethodError:
    return MethodError(
        "The extras in a fit's report cannot be recorded.",
        expected=expected,
        found=found,
        remedy="Correct the method's report; nothing was written.",
    )
