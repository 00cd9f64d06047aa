"""How does overparameterization affect features? The paper's claims (arXiv 2407.00968) as tests that measure them."""

from importlib import import_module
from typing import Any

# The public API by name, and where each name lives. Loaded on first use: reading records must not load torch.
_HOME = {
    "build": "models",
    "initialise": "ensembles",
    "split_state": "ensembles",
    "stack_states": "ensembles",
    "load_dataset": "data",
    "train": "training",
    "load_checkpoint": "checkpoints",
    "save_checkpoint": "checkpoints",
    "Blocks": "blocks",
    "Moments": "moments",
    "RidgeSource": "ridge",
    "ridge_regression": "metrics",
    "span_error": "metrics",
    "span_gap": "metrics",
    "residuals": "metrics",
    "feature_performance": "metrics",
    "Effect": "stats",
    "greater": "stats",
    "not_above": "stats",
    "grows": "stats",
    "every": "stats",
    "Record": "results",
    "read_record": "results",
    "CLAIMS": "claims",
    "judge_record": "judging",
    "load_preregistration": "margins",
    "extract_features": "hooks",
    "NetworkFeatures": "own",
    "compare_networks": "compare",
    "compare_files": "compare",
    "OverparamError": "errors",
}

__all__ = sorted(_HOME)  # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module overparam has no attribute {name!r}")
    return getattr(import_module(f"overparam.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return list(__all__)
