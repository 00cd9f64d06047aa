"""Margins: the smallest effects of interest, declared beforehand, read strictly; every verdict carries their digest."""

import hashlib
import reprlib
import tomllib
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from overparam.errors import SpecError
from overparam.io.reading import WRITTEN_BY_HAND, one_line, read_bytes

PACKAGED = Path(__file__).with_name("preregistration.toml")
KNOWN_ONLY = ConfigDict(extra="forbid")

Unit = Literal["span", "accuracy", "neurons", "alignment"]
Share = Annotated[float, Field(strict=True, gt=0, lt=1)]  # NaN is neither


@dataclass(frozen=True, config=KNOWN_ONLY)
class Margins:
    """The least that matters, by unit; the file says why."""

    span: Share
    accuracy: Share
    slope_share: Share
    neurons: Share
    alignment: Share


@dataclass(frozen=True, config=KNOWN_ONLY)
class Gates:
    """Where a claim is confounded, and what it takes to compare networks at equal fit."""

    training_accuracy: Share
    fit_agreement: Share
    budgets_apart: Share


@dataclass(frozen=True, config=KNOWN_ONLY)
class Preregistration(Gates, Margins):
    """Margins and gates, and the SHA-256 of the file that declares them."""

    sha256: str

    def of(self, unit: Unit) -> float:
        """δ of a unit."""
        return getattr(self, unit)


@dataclass(frozen=True, config=KNOWN_ONLY)
class _File:
    margins: Margins
    gates: Gates


def load_preregistration(path: Path = PACKAGED) -> Preregistration:
    """Read the margins: those that came with this package, unless another file is named.

    Raises:
        SpecError: if the file is missing or no TOML; or an entry is lacking, unknown, no number or outside (0, 1).
    """
    try:
        text = read_bytes(path, WRITTEN_BY_HAND)
        declared = TypeAdapter(_File).validate_python(tomllib.loads(text.decode()))
    except ValidationError as error:
        raise _refused(path, _first_fault(error)) from None
    except (OSError, ValueError, RecursionError) as error:
        raise _refused(path, error) from None
    digest = hashlib.sha256(text).hexdigest()
    return Preregistration(**asdict(declared.margins), **asdict(declared.gates), sha256=digest)


def _refused(path: Path, why: object) -> SpecError:
    remedy = "restore it with git" if path == PACKAGED else f"write it as {PACKAGED} is written"
    return SpecError(f"{path} does not declare the margins ({one_line(why)}): {remedy}")


def _first_fault(error: ValidationError) -> str:
    fault = error.errors()[0]
    name = ".".join(map(str, fault["loc"]))
    known = {"missing": f"{name} is missing", "unexpected_keyword_argument": f"{name} is unknown"}
    belongs = "a table" if len(fault["loc"]) == 1 else "a number above 0 and below 1"
    return known.get(fault["type"], f"{name} is {reprlib.repr(fault['input'])}, where {belongs} belongs")
