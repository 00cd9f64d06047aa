"""How does overparameterization affect features? The paper's claims (arXiv 2407.00968) as tests that measure them."""

from importlib import import_module
from typing import Any

# The public API by name, and where each name lives. Loaded on first use: reading records must not load torch.
_HOME = {
    "build": "networks.registry",
    "initialise": "networks.ensemble",
    "split_state": "networks.ensemble",
    "stack_states": "networks.ensemble",
    "load_dataset": "data",
    "train": "networks.training",
    "load_checkpoint": "networks.checkpoints",
    "save_checkpoint": "networks.checkpoints",
    "Blocks": "metrics.blocks",
    "Moments": "metrics.moments",
    "RidgeSource": "metrics.ridge",
    "ridge_regression": "metrics.definitions",
    "span_error": "metrics.definitions",
    "span_gap": "metrics.definitions",
    "residuals": "metrics.definitions",
    "feature_performance": "metrics.definitions",
    "Effect": "metrics.stats",
    "greater": "metrics.stats",
    "not_above": "metrics.stats",
    "grows": "metrics.stats",
    "every": "metrics.stats",
    "Record": "study.record",
    "read_record": "study.record",
    "CLAIMS": "verdicts.claims",
    "judge_record": "verdicts.judge",
    "load_preregistration": "verdicts.margins",
    "extract_features": "networks.hooks",
    "NetworkFeatures": "compare.inputs",
    "compare_networks": "compare.api",
    "compare_files": "compare.api",
    "OverparamError": "errors",
}

__all__ = sorted(_HOME)  # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module overparam has no attribute {name!r}")
    return getattr(import_module(f"overparam.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return list(__all__)
