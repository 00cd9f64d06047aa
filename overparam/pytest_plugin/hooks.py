"""The plugin of pytest: which cells tests ask for, what they are judged on, and what makes a test pass."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from overparam.errors import OverparamError
from overparam.pytest_plugin.hearing import HEARING, Hearing, against_baseline, begin
from overparam.pytest_plugin.options import add_options, option
from overparam.pytest_plugin.run import Run

if TYPE_CHECKING:
    from overparam.verdicts.judge import Judgement

CLAIMS = "overparam.claims"  # where a wheel has the tests of the claims
MARKERS = (
    "claim(id, part): which claim of the paper a test asserts: its cells or its trend",
    "control: a sceptic's controls of the claims, not claims of the paper",
    "toy: claims of the toy setting",
)
JUDGEMENT = pytest.StashKey["Judgement"]()


def pytest_addoption(parser: pytest.Parser) -> None:
    add_options(parser)


def pytest_configure(config: pytest.Config) -> None:
    for marker in MARKERS:
        config.addinivalue_line("markers", marker)
    _plug_in(config)
    if config.option.pyargs and any(f"{module}.".startswith(f"{CLAIMS}.") for module in _arguments(config)):
        begin(config)  # a wrong option ends the run before it starts workers
    if not hasattr(config, "workerinput"):  # what workers of xdist judge is reported to the one that started them
        config.pluginmanager.register(Run(option(config, "verdicts"), must_judge=against_baseline(config)), "claims")


def _plug_in(config: pytest.Config) -> None:
    """Load plug-ins in workers, and in the process that shows what they judge."""
    try:
        for file in option(config, "plugin"):
            from overparam.config.plugins import use

            use(file)
    except OverparamError as error:
        raise pytest.UsageError(str(error)) from None


def _arguments(config: pytest.Config) -> list[str]:
    return [argument.partition("::")[0] for argument in config.args]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if _perturbs(metafunc.definition):
        from overparam.pytest_plugin.cells import one_study_a_task

        params = one_study_a_task(_begun(metafunc.config).court)
        metafunc.parametrize("perturbed", params, indirect=True, scope="module")
    marker = metafunc.definition.get_closest_marker("claim")
    if marker and "judgement" in metafunc.fixturenames:
        from overparam.pytest_plugin.cells import asked_of

        court, trend = _begun(metafunc.config).court, marker.kwargs.get("part") == "trend"
        try:
            asked = asked_of(court, marker.args[0], trend=trend)
        except OverparamError as error:
            raise pytest.Collector.CollectError(str(error)) from None
        metafunc.parametrize("judgement", [each.param for each in asked], indirect=True)


def _begun(config: pytest.Config) -> Hearing:
    try:
        return begin(config)
    except pytest.UsageError as error:
        raise pytest.Collector.CollectError(str(error)) from None


def _perturbs(item: pytest.Item) -> bool:
    return "perturbed" in getattr(item, "fixturenames", ()) and item.get_closest_marker("control") is not None


@pytest.hookimpl(wrapper=True)
def pytest_collection_modifyitems(session: pytest.Session, config: pytest.Config, items: list[pytest.Item]) -> Any:
    """Leave out what is slow unless asked for, and put in what is recorded and that no test stands for."""
    hearing = config.stash.get(HEARING, None)
    if hearing is None:
        return (yield)
    from overparam.pytest_plugin.cells import Untested, cells_of

    collected = cells_of(items)
    if "control" not in str(config.getoption("markexpr")):
        # Perturbing features takes longer than judging the claims on them: it is done only for ``-m control``.
        config.hook.pytest_deselected(items=[item for item in items if _perturbs(item)])
        items[:] = [item for item in items if not _perturbs(item)]
    yield
    if _asked_for_all(config, hearing.file.parent):  # some files alone tell nothing of the others
        untested = hearing.recorded.untested(collected, cells_of(items), option(config, "scale"))
        items += [Untested.from_parent(session, name=cell.name, path=hearing.file) for cell in untested]


def _asked_for_all(config: pytest.Config, folder: Path) -> bool:
    paths = [(config.invocation_params.dir / argument).resolve() for argument in _arguments(config)]
    module = config.option.pyargs and CLAIMS in _arguments(config)
    return module or any(path in (folder, *folder.parents) for path in paths)


@pytest.fixture
def judgement(request: pytest.FixtureRequest) -> "Judgement":
    """What the evidence says of the test's claim in its cell; a study without evidence skips, naming the remedy."""
    from overparam.pipeline.evidence import NoEvidence

    asked, hearing = request.param, request.config.stash[HEARING]
    try:
        if asked.study is None:
            judged = hearing.court.judge_toy(asked.claim, asked.alpha)
        else:
            judged = hearing.court.judge(asked.claim, asked.study, asked.alpha)
    except NoEvidence as error:
        if asked.cell in hearing.recorded.rows:
            pytest.fail(f"its verdict is recorded, and cannot be taken again: {error}", pytrace=False)
        pytest.skip(str(error))
    except OverparamError as error:
        pytest.fail(str(error), pytrace=False)
    request.node.stash[JUDGEMENT] = judged
    request.node.user_properties.append(("judgement", judged.as_json()))
    return judged


@pytest.fixture(scope="module")
def perturbed(request: pytest.FixtureRequest) -> Callable[[str], list[str]]:
    """What is wrong with the verdicts on a study's features after something was done to them, by what was done."""
    from overparam.error_rates.perturbations import as_they_are, complaints
    from overparam.pipeline.evidence import NoEvidence

    court = request.config.stash[HEARING].court
    try:
        study = court.features(request.param)
    except NoEvidence as error:
        pytest.skip(str(error))
    except OverparamError as error:
        pytest.fail(str(error), pytrace=False)
    unperturbed = as_they_are(study, court.preregistration)
    return lambda world: complaints(world, study, court.preregistration, unperturbed)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
    """Let the gate decide: a failed assertion is a verdict; any other exception stays a failure."""
    report: pytest.TestReport = yield
    judged = item.stash.get(JUDGEMENT, None)
    asserted = call.excinfo is None or call.excinfo.errisinstance(AssertionError)
    if call.when != "call" or judged is None or not asserted:
        return report
    gate = option(item.config, "gate")
    if gate == "holds" and judged.verdict == "inconclusive":
        report.outcome = "skipped"
        report.longrepr = (str(item.path), item.location[1] or 0, f"Skipped: {judged.why}")
        return report
    # A verdict is no fault of the code: no traceback, and where it is read is the end of the run.
    report.longrepr = _complaint(judged, gate, item.config.stash[HEARING])
    report.outcome = "failed" if report.longrepr else "passed"
    return report


def _complaint(judged: "Judgement", gate: str, hearing: Hearing) -> str | None:
    """Why a verdict does not pass a gate; None if it does."""
    if gate == "baseline":
        return hearing.recorded.complaint(judged)
    unwanted = {"holds": "refuted", "decided": "inconclusive", "none": None}[gate]
    return judged.why if judged.verdict == unwanted else None


@pytest.hookimpl(tryfirst=True)
def pytest_report_teststatus(report: pytest.TestReport, config: pytest.Config) -> tuple[str, str, str] | None:
    judged = dict(report.user_properties).get("judgement") if report.when == "call" else None
    if not isinstance(judged, dict):
        return None
    verdict = judged["verdict"]
    if report.skipped:
        return "inconclusive", "?", "INCONCLUSIVE"
    told_elsewhere = report.failed and option(config, "gate") != "baseline"
    return verdict if told_elsewhere else report.outcome, "F" if report.failed else ".", verdict.upper()
