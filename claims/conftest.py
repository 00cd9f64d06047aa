"""Claims as tests: which cells there are, what they are judged on, and what makes a test pass."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from rich.progress import Progress

from overparam.config.studies import StudySpec, load_config
from overparam.court import Court
from overparam.errors import OverparamError
from overparam.io.progress import progress_display
from overparam.pipeline.evidence import LEVELS, NoEvidence
from overparam.pytest_plugin import Run
from overparam.toy.record import ARCHITECTURE, SCALE, TASK
from overparam.toy.spec import read_toy
from overparam.verdicts.judge import Judgement
from overparam.verdicts.margins import load_preregistration
from overparam.verdicts.recorded import TREND, Baseline, Cell
from overparam.verdicts.registry import OF_THE_TOY

ROOT = Path(__file__).parent.parent
CLAIMS = Path(__file__).parent
BASELINE = CLAIMS / "baseline.json"
GATES = ("holds", "baseline", "none")
COURT = pytest.StashKey[Court]()
RECORDED = pytest.StashKey[Baseline]()
JUDGEMENT = pytest.StashKey[Judgement]()


@dataclass(frozen=True)
class Asked:
    """The cell that a test asks for: a claim in a study, or in the toy setting for None, at a width or in its trend."""

    claim: str
    study: StudySpec | None
    alpha: Fraction | None

    @property
    def cell(self) -> Cell:
        """Its line of the scoreboard."""
        alpha = TREND if self.alpha is None else str(self.alpha)
        if self.study is None:
            return Cell(self.claim, TASK, ARCHITECTURE, alpha, SCALE)
        return Cell(self.claim, self.study.task, self.study.arch, alpha, self.study.scale.name)

    @property
    def param(self) -> Any:
        """The test's parameter, named and marked."""
        return pytest.param(self, marks=getattr(pytest.mark, self.cell.task), id=self.cell.name)


class Untested(pytest.Item):
    """A recorded verdict that no test takes again."""

    def runtest(self) -> None:
        """Fail."""
        pytest.fail(f"the verdict of {self.name} is recorded, and no test takes it again", pytrace=False)

    def reportinfo(self) -> tuple[Path, None, str]:
        """Where it is recorded."""
        return BASELINE, None, self.name


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("claims")
    group.addoption("--scale", help="judge the studies of this scale (default: the default scale of each task)")
    group.addoption("--evidence", choices=LEVELS, help="what to judge on (default: the strongest at hand)")
    group.addoption(
        "--claims-gate",
        choices=GATES,
        default="holds",
        help="a claim's test passes if it holds (holds), if its verdict is the recorded one (baseline), always (none)",
    )
    group.addoption("--verdicts", type=Path, metavar="FILE.json", help="write every judgement to this file")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "claim(id, part): which claim of the paper a test asserts: its cells or its trend"
    )
    capture: Any = config.pluginmanager.getplugin("capturemanager")

    @contextmanager
    def progress() -> Iterator[Progress]:
        with capture.global_and_fixture_disabled(), progress_display() as display:
            yield display

    try:
        params = ROOT / "params.yaml"
        studies, toy_spec, margins = load_config(params), read_toy(params), load_preregistration()
        scale, level = config.getoption("--scale"), config.getoption("--evidence")
        config.stash[COURT] = court = Court(studies, toy_spec, margins, scale, level, ROOT, progress)
        court.studies()
        config.stash[RECORDED] = Baseline.read(BASELINE) if _against_baseline(config) else Baseline({})
    except OverparamError as error:
        raise pytest.UsageError(str(error)) from None
    if not hasattr(config, "workerinput"):  # what workers of xdist judge is reported to the one that started them
        run = Run(config.getoption("--verdicts"), must_judge=_against_baseline(config))
        config.pluginmanager.register(run, "claims")


def _against_baseline(config: pytest.Config) -> bool:
    return config.getoption("--claims-gate") == "baseline"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "disturbed" in metafunc.fixturenames:
        studies: dict[str, StudySpec] = {}
        for study in metafunc.config.stash[COURT].studies():
            studies.setdefault(study.task, study)  # the judge is on trial, not networks: one architecture will do
        params = [pytest.param(s, marks=getattr(pytest.mark, s.task), id=str(s)) for s in studies.values()]
        metafunc.parametrize("disturbed", params, indirect=True, scope="module")
        return
    marker = metafunc.definition.get_closest_marker("claim")
    if marker is None:
        return
    court, name = metafunc.config.stash[COURT], marker.args[0]
    if name in OF_THE_TOY:
        asked = [Asked(name, None, alpha) for alpha in court.toy_cells(name)]
    else:
        trend = marker.kwargs.get("part") == "trend"
        asked = [Asked(name, study, alpha) for study, alpha in court.cells(name) if (alpha is None) == trend]
    metafunc.parametrize("judgement", [each.param for each in asked], indirect=True)


@pytest.hookimpl(wrapper=True)
def pytest_collection_modifyitems(session: pytest.Session, config: pytest.Config, items: list[pytest.Item]) -> Any:
    """Leave out what is slow unless asked for, and put in what is recorded and that no test stands for."""
    collected = _cells(items)
    if "control" not in str(config.getoption("markexpr")):
        # Disturbing features takes longer than judging the claims on them: it is done only for ``-m control``.
        left_out = [item for item in items if "disturbed" in getattr(item, "fixturenames", ())]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]
    yield
    asked_for = [(config.invocation_params.dir / argument).resolve() for argument in config.args]
    if any(path in (CLAIMS, *CLAIMS.parents) for path in asked_for):  # some files alone tell nothing of the others
        untested = config.stash[RECORDED].untested(collected, _cells(items), config.getoption("--scale"))
        items += [Untested.from_parent(session, name=cell.name) for cell in untested]


def _cells(items: list[pytest.Item]) -> set[Cell]:
    params = [item.callspec.params for item in items if isinstance(item, pytest.Function) and hasattr(item, "callspec")]
    return {asked.cell for param in params if isinstance(asked := param.get("judgement"), Asked)}


@pytest.fixture
def judgement(request: pytest.FixtureRequest) -> Judgement:
    """What the evidence says of the test's claim in its cell; a study without evidence skips, naming the remedy."""
    asked, court = request.param, request.config.stash[COURT]
    try:
        if asked.study is None:
            judged = court.judge_toy(asked.claim, asked.alpha)
        else:
            judged = court.judge(asked.claim, asked.study, asked.alpha)
    except NoEvidence as error:
        if asked.cell in request.config.stash[RECORDED].rows:
            pytest.fail(f"its verdict is recorded, and cannot be taken again: {error}", pytrace=False)
        pytest.skip(str(error))
    except OverparamError as error:
        pytest.fail(str(error), pytrace=False)
    request.node.stash[JUDGEMENT] = judged
    request.node.user_properties.append(("judgement", judged.as_json()))
    return judged


@pytest.fixture(scope="module")
def disturbed(request: pytest.FixtureRequest) -> Callable[[str], list[str]]:
    """What is wrong with the verdicts on a study's features after something was done to them, by what was done."""
    from overparam.error_rates.disturbed import as_they_are, complaints

    court = request.config.stash[COURT]
    try:
        study = court.features(request.param)
    except NoEvidence as error:
        pytest.skip(str(error))
    except OverparamError as error:
        pytest.fail(str(error), pytrace=False)
    undisturbed = as_they_are(study, court.preregistration)
    return lambda world: complaints(world, study, court.preregistration, undisturbed)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
    """Let the gate decide: a failed assertion is a verdict; any other exception stays a failure."""
    report: pytest.TestReport = yield
    judged = item.stash.get(JUDGEMENT, None)
    asserted = call.excinfo is None or call.excinfo.errisinstance(AssertionError)
    if call.when != "call" or judged is None or not asserted:
        return report
    gate = item.config.getoption("--claims-gate")
    if gate == "holds":
        if judged.verdict == "inconclusive":
            report.outcome = "skipped"
            report.longrepr = (str(item.path), item.location[1] or 0, f"Skipped: {judged.why}")
        return report
    report.longrepr = item.config.stash[RECORDED].complaint(judged) if gate == "baseline" else None
    report.outcome = "failed" if report.longrepr else "passed"
    return report


@pytest.hookimpl(tryfirst=True)
def pytest_report_teststatus(report: pytest.TestReport, config: pytest.Config) -> tuple[str, str, str] | None:
    judged = dict(report.user_properties).get("judgement") if report.when == "call" else None
    if not isinstance(judged, dict):
        return None
    verdict = judged["verdict"]
    if report.skipped:
        return "inconclusive", "?", "INCONCLUSIVE"
    return report.outcome, "F" if report.failed else ".", verdict.upper()
