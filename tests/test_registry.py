"""The registry holds every layer and every model the package has."""

import importlib
import inspect
import pkgutil

import pixpaint.layers
import pixpaint.models
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


def test_every_class_that_decodes_pixels_is_a_registered_model():
    registered = {type(model_of(config)) for config in MODELS.values()}
    models = {kind for kind in classes_of(pixpaint.models) if hasattr(kind, "pixels")}
    assert models
    assert models <= registered
