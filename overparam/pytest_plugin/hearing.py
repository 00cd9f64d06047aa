"""What a run of the claims is judged on and by; opened by the first who asks, light until then."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from overparam.config.root import INSTALLED, PARAMS, find_root, own_root
from overparam.errors import OverparamError
from overparam.pytest_plugin.options import option

if TYPE_CHECKING:
    from rich.progress import Progress

    from overparam.court import Court
    from overparam.verdicts.recorded import Baseline


@dataclass(frozen=True)
class Hearing:
    """One run of the claims.

    Attributes:
        court: what judges cells.
        recorded: verdicts that must come out again; none unless the gate is ``baseline``.
        file: where those are recorded.
    """

    court: "Court"
    recorded: "Baseline"
    file: Path


HEARING = pytest.StashKey[Hearing]()


def begin(config: pytest.Config, root: Path | None = None) -> Hearing:
    """The hearing of a run, opened if it is not yet.

    Args:
        config: of the run.
        root: of the repository whose claims are tested; by default the package's own; ``--claims-root`` prevails.

    Raises:
        pytest.UsageError: if the options, the margins, or what is recorded cannot be used.
    """
    if HEARING not in config.stash:
        try:
            config.stash[HEARING] = _open(config, find_root(option(config, "root") or root))
        except OverparamError as error:
            raise pytest.UsageError(str(error)) from None
    return config.stash[HEARING]


def against_baseline(config: pytest.Config) -> bool:
    """Whether verdicts must be the recorded ones."""
    return option(config, "gate") == "baseline"


def _open(config: pytest.Config, root: Path) -> Hearing:
    from overparam.config.studies import load_config
    from overparam.court import Court
    from overparam.toy.spec import read_toy
    from overparam.verdicts.margins import PACKAGED, load_preregistration
    from overparam.verdicts.recorded import Baseline

    level, params, file = option(config, "evidence"), root / PARAMS, root / "claims" / "baseline.json"
    if level not in (None, "record"):
        own_root(root)  # raises where nothing can be trained or measured
    margins = load_preregistration(option(config, "margins") or PACKAGED)
    court = Court(
        config=load_config(params),
        toy=read_toy(params),
        preregistration=margins,
        scale=option(config, "scale"),
        level="record" if root == INSTALLED else level,
        root=root,
        progress=_progress_of(config),
    )
    for task in {study.task for study in court.studies()}:
        config.addinivalue_line("markers", f"{task}: claims measured on the task {task}")
    return Hearing(court, Baseline.read(file) if against_baseline(config) else Baseline({}), file)


def _progress_of(config: pytest.Config) -> Any:
    capture: Any = config.pluginmanager.getplugin("capturemanager")

    @contextmanager
    def progress() -> Iterator["Progress"]:
        from overparam.io.progress import progress_display

        with capture.global_and_fixture_disabled(), progress_display() as display:
            yield display

    return progress
