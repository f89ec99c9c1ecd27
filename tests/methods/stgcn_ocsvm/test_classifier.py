from __future__ import annotations

import torch

from aqa_bench.methods.stgcn_ocsvm.classifier import Classifier
from aqa_bench.methods.stgcn_ocsvm.stgcn import STGCN


def test_only_the_last_blocks_are_in_training_mode_and_frozen_statistics_stay() -> None:
    model = Classifier(STGCN(), 2, 8, freeze_bn=True).train()
    blocks = model.network.blocks
    assert not blocks[7].training
    assert blocks[9].training
    assert not any(m.training for m in model.modules() if isinstance(m, torch.nn.BatchNorm2d))
    free = Classifier(STGCN(), 2, 0, freeze_bn=False).train()
    assert all(module.training for module in free.modules())
