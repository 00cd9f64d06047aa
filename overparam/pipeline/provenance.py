"""Where artifacts come from, as digests: spec, seeds and data; code, device and library versions."""

import platform
from fractions import Fraction
from functools import cache
from importlib.metadata import version

import torch

from overparam.config.studies import StudySpec
from overparam.data import Dataset
from overparam.io.files import digest_json, digest_source
from overparam.networks.ensemble import precision_on
from overparam.networks.seeds import member_seeds
from overparam.pipeline.dependencies import TRAIN

code_version = cache(digest_source)  # the code that runs is the code as it was read first


def identify(study: StudySpec, alpha: Fraction, replicate: int, dataset: Dataset) -> str:
    """A digest of what the networks of one checkpoint are, whatever code and machine trained them."""
    seeds = member_seeds(study, alpha, replicate)
    identity = {"spec": study.training_identity(alpha, replicate), "seeds": seeds, "data": dataset.sha256}
    return digest_json(identity | ({"tokenizer": dataset.tokenizer} if dataset.tokenizer else {}))


def environment_of(study: StudySpec) -> dict[str, str]:
    """By what a study is trained here: code, device, threads, library versions."""
    device = default_device()
    # Networks of a quick scale are small: more threads gain nothing, and by one they come out alike on any machine.
    threads = 1 if study.scale.quick else torch.get_num_threads()
    return {
        "code": code_version(*TRAIN.modules(study.task, study.arch)),
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else f"CPU {platform.machine()}",
        "threads": str(threads),
        "precision": precision_on(device, study.scale.train.precision),
        **libraries(),
        "torch": version("torch"),
    }


def key_of(identity: str, environment: dict[str, str]) -> str:
    """The key of a checkpoint: a digest of what its networks are and by what they are trained."""
    return digest_json({"identity": identity, "environment": environment})


def libraries() -> dict[str, str]:
    """Versions of what every stage computes with."""
    return {"python": platform.python_version(), "numpy": version("numpy"), "scipy": version("scipy")}


def default_device() -> torch.device:
    """The first CUDA device if there is one."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")
