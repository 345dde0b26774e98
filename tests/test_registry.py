"""The registry holds every layer and every model the package has."""

import importlib
import inspect
import pkgutil

from torch import nn

import pixpaint.layers
import pixpaint.models
from pixpaint.layers import conv
from pixpaint.layers.blocks import GatedBlock
from pixpaint.layers.masked import FirstConv
from pixpaint.layers.recurrent import DiagonalBiLSTM, Recurrence, RowLSTM
from pixpaint.models.config import CONFIGS
from pixpaint.models.family import FAMILY
from tests.registry import MODELS, layer_cases, model_of


def classes_of(package):
    for module in pkgutil.iter_modules(package.__path__):
        found = importlib.import_module(f"{package.__name__}.{module.name}")
        for _, kind in inspect.getmembers(found, inspect.isclass):
            if kind.__module__ == found.__name__:
                yield kind


def test_every_class_that_is_called_with_a_cache_is_a_registered_layer():
    registered = {type(m) for case in layer_cases() for m in case.layer.modules()}
    layers = {
        kind
        for kind in classes_of(pixpaint.layers)
        if "cache" in inspect.signature(getattr(kind, "forward", lambda: None)).parameters
    }
    assert layers
    assert layers <= registered


def geometry(layer: nn.Module) -> tuple[object, ...]:
    """What distinguishes causal layers apart from their widths and the scale they work at."""
    if isinstance(layer, GatedBlock):
        return GatedBlock, geometry(layer.conv_in)
    if isinstance(layer, FirstConv):
        return FirstConv, geometry(layer.left)
    if isinstance(layer, RowLSTM | DiagonalBiLSTM | Recurrence):
        return type(layer), tuple(len(m.taps) for m in layer.modules() if isinstance(m, Recurrence))
    return type(layer), layer.conv.kernel_size, layer.conv.stride, getattr(layer, "halo", None)


def registered_geometries() -> set[tuple[object, ...]]:
    """Those of the cases themselves, not of what a case is made of."""
    return {geometry(getattr(case.layer, "inner", case.layer)) for case in layer_cases()}


def test_every_factory_s_layer_is_registered():
    factories = [
        make
        for name, make in inspect.getmembers(conv, inspect.isfunction)
        if make.__module__ == conv.__name__ and not name.startswith("_")
    ]
    made = {geometry(make(3, 2, 1)) for make in factories}
    assert len(made) == len(factories) >= 4
    assert made <= registered_geometries()


def test_every_layer_a_model_is_made_of_is_registered_in_its_shape():
    causal = (
        conv.CausalConv,
        conv.CausalUpsample,
        GatedBlock,
        FirstConv,
        RowLSTM,
        DiagonalBiLSTM,
        Recurrence,
    )
    used = {
        geometry(m) for config in MODELS.values() for m in model_of(config).modules() if isinstance(m, causal)
    }
    assert used == registered_geometries()


def test_every_model_is_registered_and_one_of_the_family() -> None:
    registered = {type(model_of(config)) for config in MODELS.values()}
    models = {
        kind
        for kind in classes_of(pixpaint.models)
        if hasattr(kind, "pixels") and not inspect.isabstract(kind)
    }
    assert models
    assert models <= registered
    assert {config.kind for config in MODELS.values()} == set(FAMILY) == set(CONFIGS)


def test_every_kind_of_model_is_registered_with_hints_too_and_pixelcnnpp_also_without_an_encoder() -> None:
    hinted = [config for config in MODELS.values() if config.hinted]
    assert {config.kind for config in hinted} == set(FAMILY)
    assert {config.encoder is None for config in hinted if config.kind == "pixel_cnn_pp"} == {True, False}
