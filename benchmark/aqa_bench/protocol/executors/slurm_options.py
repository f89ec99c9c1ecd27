"""What a cluster wants to be told: a small TOML file beside a suite."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from aqa_bench.core.toml_file import read_toml_as

__all__ = ["SlurmOptions", "read_slurm_options"]


class SlurmOptions(BaseModel):
    """Options of SLURM; what is left out is the cluster's default.

    Attributes:
        partition: Partition of jobs that need no GPU, and of all where ``gpu_partition`` is not given.
        gpu_partition: Partition of jobs for a GPU.
        account: Account that is charged.
        qos: Quality of service.
        constraint: Features that nodes must have.
        gpu_type: Type of GPU, as ``--gres=gpu:TYPE:1`` has it; any where None.
        gpus: Whether jobs for a GPU ask for one; false on a cluster without GPUs.
        cpus_per_gpu_job: Cores of a job for a GPU, which decodes beside it.
        memory_gb: Memory of a job that has no estimate.
        minutes: Time limit of a job; one that reaches it is queued again and goes on.
        parallel: Most tasks of one array that run at once.
        requeues: How often a job may be queued again after its time limit.
        warning_s: Seconds before the end in which a job is told of it.
        scratch: Folder on each node's own disk for decoded frames; the shell's variables are filled in there.
        setup: Shell lines that each job begins with, e.g. ``module load cuda``.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    partition: str | None = None
    gpu_partition: str | None = None
    account: str | None = None
    qos: str | None = None
    constraint: str | None = None
    gpu_type: str | None = None
    gpus: bool = True
    cpus_per_gpu_job: int = Field(default=4, ge=1)
    memory_gb: float = Field(default=8.0, gt=0)
    minutes: int = Field(default=240, ge=1)
    parallel: int = Field(default=256, ge=1)
    requeues: int = Field(default=100, ge=0)
    warning_s: int = Field(default=120, ge=1)
    scratch: str | None = None
    setup: tuple[str, ...] = ()


def read_slurm_options(file: Path | None) -> SlurmOptions:
    """Read options; the defaults where there is no file.

    Raises:
        UsageError: The file is missing, no TOML, or does not follow the schema.
    """
    if file is None:
        return SlurmOptions()
    return read_toml_as(SlurmOptions, file, "file of SLURM options")
