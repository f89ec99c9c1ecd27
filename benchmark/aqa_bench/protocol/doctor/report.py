"""What the doctor found, as one document."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Final

from aqa_bench.core.record import Environment
from aqa_bench.protocol.doctor.trials import Trial

__all__ = ["Report", "installed"]

SCHEMA_VERSION: Final = 1
_PACKAGES: Final = (
    *("torch", "torchvision", "timm", "numpy", "scipy", "scikit-learn", "pandas", "pydantic"),
    *("av", "safetensors", "pillow", "joblib", "typer", "rich"),
)


@dataclass
class Report:
    """What was found.

    Attributes:
        device: Device in words.
        environment: Python, platform and processor.
        source: Git revision of the checkout, or None.
        versions: Versions of packages; None for those that are not installed.
        trials: Methods and recipes.
        renderer: Comparisons of renderers.
        speed: Figures by name; a stage that failed has ``error`` or ``needs`` in place of figures.
        seconds: How long all of it took.
    """

    device: str
    environment: Environment
    source: str | None
    versions: Mapping[str, str | None]
    trials: list[Trial] = field(default_factory=list)
    renderer: list[dict[str, Any]] = field(default_factory=list)
    speed: dict[str, dict[str, Any]] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def failed(self) -> Sequence[Trial]:
        """Trials that failed."""
        return [trial for trial in self.trials if trial.ok is False]

    @property
    def untried(self) -> Sequence[Trial]:
        """Trials that a missing package, missing data or lack of time kept from being made."""
        return [trial for trial in self.trials if trial.ok is None]

    @property
    def ok(self) -> bool:
        """Whether no trial failed and renderers agree; what could not be tried does not count."""
        stages = [*self.renderer, *self.speed.values()]
        return not self.failed and all(stage.get("ok", True) and "error" not in stage for stage in stages)

    def document(self) -> dict[str, Any]:
        """One JSON document; docs/gpu.md explains it."""
        return {
            "schema": SCHEMA_VERSION,
            "ok": self.ok,
            "machine": {
                "platform": self.environment.platform,
                "processor": self.environment.processor,
                "cores": os.cpu_count(),
                "python": self.environment.python,
                "source": self.source,
            },
            "device": self.device,
            "versions": dict(self.versions),
            "methods": [asdict(trial) for trial in self.trials],
            "renderer": self.renderer,
            "speed": self.speed,
            "seconds": round(self.seconds, 1),
        }


def installed() -> dict[str, str | None]:
    """Versions of the packages that most depends on; None for those that are missing."""
    return {name: _version(name) for name in _PACKAGES}


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
