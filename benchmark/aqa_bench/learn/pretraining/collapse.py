"""Is self-supervised learning alive? Collapse of embeddings, and how often triplets come out right."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

__all__ = ["Collapse", "collapse", "effective_rank", "pc1_share", "relative_std", "triplet_accuracy"]

_DEAD_STD = 0.1
_DEAD_RANK = 2.0


@dataclass(frozen=True, slots=True)
class Collapse:
    """Signs of collapse of a set of embeddings.

    Attributes:
        relative_std: 1 where unit embeddings spread evenly over all directions, 0 where they coincide.
        effective_rank: Number of directions that the embeddings effectively use.
        pc1_share: Share of the variance along the first principal component.
    """

    relative_std: float
    effective_rank: float
    pc1_share: float

    @property
    def collapsed(self) -> bool:
        """Whether embeddings coincide, or lie on a line."""
        return self.relative_std < _DEAD_STD or self.effective_rank < _DEAD_RANK

    def facts(self) -> dict[str, float | bool]:
        """For a run record."""
        return {**asdict(self), "collapsed": self.collapsed}


def collapse(embeddings: Tensor) -> Collapse:
    """Measure the collapse of embeddings.

    Args:
        embeddings: ``(N, D)`` with at least two rows; 500 or more give stable figures.
    """
    return Collapse(relative_std(embeddings), effective_rank(embeddings), pc1_share(embeddings))


def relative_std(embeddings: Tensor) -> float:
    """Mean standard deviation of the components of unit embeddings, times ``sqrt(D)``.

    SimSiam's monitor (Chen & He, CVPR 2021, section 4.1): 1 for directions drawn evenly from the
    sphere, 0 after complete collapse.

    Args:
        embeddings: ``(N, D)``.
    """
    # In float64: near a collapse the spread is what is left of almost equal numbers.
    unit = F.normalize(embeddings.detach().double(), dim=1)
    return float(unit.std(dim=0, correction=0).mean() * unit.shape[1] ** 0.5)


def effective_rank(embeddings: Tensor) -> float:
    """Exponential of the entropy of the normalised singular values (Roy & Vetterli, EUSIPCO 2007).

    Embeddings are centred first. It lies between 1 and ``min(N - 1, D)``, and is 0 where all coincide.

    Args:
        embeddings: ``(N, D)``.
    """
    values = _spectrum(embeddings)
    if values is None:
        return 0.0
    # Singular values, not variances, as the reference defines it.
    share = values / values.sum()
    return float(torch.exp(-torch.special.xlogy(share, share).sum()))


def pc1_share(embeddings: Tensor) -> float:
    """Share of the variance that lies along the first principal component; 1 where there is none.

    Args:
        embeddings: ``(N, D)``.
    """
    values = _spectrum(embeddings)
    if values is None:
        return 1.0
    return float(values[0] ** 2 / values.square().sum())


def triplet_accuracy(anchor: Tensor, positive: Tensor, negative: Tensor) -> float:
    """Share of triplets whose positive is closer to the anchor than the negative; a tie counts half.

    Args:
        anchor: ``(N, D)`` embeddings.
        positive: ``(N, D)`` embeddings of the same pose.
        negative: ``(N, D)`` embeddings of another pose.

    Returns:
        A share in [0, 1]; .5 after complete collapse.
    """
    a, p, n = (x.detach().double() for x in (anchor, positive, negative))
    # Ties count half, or a network that maps everything to one point would seem all right, or all wrong.
    margin = torch.linalg.vector_norm(a - n, dim=1) - torch.linalg.vector_norm(a - p, dim=1)
    return float((margin.sign() + 1).mean() / 2)


def _spectrum(embeddings: Tensor) -> Tensor | None:
    """Singular values of centred embeddings; None where those are zero but for rounding."""
    x = embeddings.detach().double()
    scale = torch.linalg.matrix_norm(x)
    values: Tensor = torch.linalg.svdvals(x - x.mean(dim=0))
    # Below this, what is left after centring is rounding, and its rank would look healthy.
    return values if values[0] > 1e-7 * scale else None
