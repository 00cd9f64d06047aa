"""What comes from outside, of an installed distribution or of a file: found, listed, used; or refused in a sentence."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml
from extensions import ARCHITECTURE, TASK
from gates import environment, make_repository, put_record, study_record

from overparam import cli
from overparam.compare.api import compare_networks
from overparam.compare.inputs import NetworkFeatures
from overparam.compare.span_matrix import span_matrix
from overparam.config import plugins
from overparam.config.architectures import architectures, known_architecture
from overparam.config.tasks import tasks
from overparam.errors import SpecError
from overparam.metrics.similarity import measures
from overparam.networks.architectures import architecture
from overparam.pipeline import dependencies
from overparam.verdicts.registry import every_claim

CLAIM = """
import pytest

from overparam.study.feature_blocks import M_1, S, S_prime, twice_as_wide
from overparam.study.quantities import FSE
from overparam.verdicts.claims import HALF, STUDIES, Claim
from overparam.verdicts.inequalities import Above
from overparam.verdicts.widths import Narrow

ASYMMETRIC = Claim(
    "span-asymmetric",
    "none",
    "narrow networks miss more of the wide one than it misses of them",
    Above(lambda alpha: FSE(S(alpha), M_1) - FSE(M_1, S_prime(alpha)), "span"),
    Narrow(HALF, twice_as_wide),
    STUDIES,
)
"""
MEASURE = """
from overparam.metrics.similarity import Measure

ALWAYS_ONE = Measure("always one", lambda A, B: 1.0, "rows", (0, 1), True, frozenset(), symmetric=True)
"""
FILE = f"""{ARCHITECTURE}{TASK}{CLAIM}{MEASURE}
from overparam.config.tasks import TaskData

ARCHITECTURES = {{"one_layer": OneLayer}}
TASKS = {{"parity": TaskData("parity of digits", load_parity)}}
CLAIMS = {{"span-asymmetric": ASYMMETRIC}}
MEASURES = {{"always one": ALWAYS_ONE}}
"""
TEST = """

@pytest.mark.claim("span-asymmetric")
def test_narrow_networks_miss_more(judgement):
    assert judgement.holds, judgement.why
"""
NAMED = {
    "architectures": {"one_layer": "my_networks:OneLayer"},
    "tasks": {"parity": "my_tasks:PARITY"},
    "claims": {"span-asymmetric": "my_claims:ASYMMETRIC"},
    "measures": {"always one": "my_measures:ALWAYS_ONE"},
}
MODULES = {
    "my_networks": ARCHITECTURE,
    "my_tasks": """
from overparam.config.tasks import TaskData
PARITY = TaskData("parity of digits", "my_data:load_parity")
""",
    "my_data": TASK,
    "my_claims": CLAIM,
    "my_measures": MEASURE,
}


def install(folder: Path, named=NAMED, name="my-plugins") -> Path:
    """A distribution as pip leaves it."""
    folder.mkdir(exist_ok=True)
    for module, text in MODULES.items():
        (folder / f"{module}.py").write_text(text, encoding="utf-8")
    info = folder / f"{name.replace('-', '_')}-1.2.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.2\n", encoding="utf-8")
    lines = [
        line
        for kind, table in named.items()
        for line in (f"[overparam.{kind}]", *(f"{key} = {value}" for key, value in table.items()))
    ]
    (info / "entry_points.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


@pytest.fixture
def clean(monkeypatch):
    """Nothing plugged in before, and nothing after."""
    monkeypatch.setenv(plugins.FILES, "")
    plugins._entry_points.cache_clear()
    yield monkeypatch
    plugins._entry_points.cache_clear()
    for module in MODULES:
        sys.modules.pop(module, None)


@pytest.fixture
def installed(tmp_path, clean):
    def install_named(named=NAMED, name="my-plugins"):
        clean.syspath_prepend(str(install(tmp_path / "site", named, name)))

    return install_named


@pytest.fixture
def run(monkeypatch, capsys, clean):
    """Run the command line in this process: exit code and what it printed."""

    def invoke(*words):
        monkeypatch.setattr(sys, "argv", ["overparam", *words])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        captured = capsys.readouterr()
        return ended.value.code, captured.out, captured.err

    return invoke


def listed(out: str, origin: str) -> dict[str, list[str]]:
    """By kind, the names of what comes from there."""
    return {
        kind: [next(iter(row.values())) for row in rows if row.get("from") == origin]
        for kind, rows in json.loads(out).items()
        if kind != "scales"
    }


NAMES = {kind: list(table) for kind, table in NAMED.items()}


def test_what_a_distribution_names_is_listed_with_where_it_comes_from(run, installed):
    installed()
    code, out, _ = run("ls", "--json")
    assert (code, listed(out, "my-plugins 1.2")) == (0, NAMES)


def test_what_a_file_has_is_listed_with_where_it_comes_from(run, tmp_path):
    (tmp_path / "my.py").write_text(FILE, encoding="utf-8")
    code, out, _ = run("ls", "--json", "--plugin", str(tmp_path / "my.py"))
    assert (code, listed(out, "my.py")) == (0, NAMES)
    assert listed(out, "overparam")["architectures"] == ["resnet18", "transformer", "vgg16"]


def test_what_is_plugged_in_is_found_by_its_name(installed):
    installed()
    assert (known_architecture("one_layer").title, tasks()["parity"]) == ("One convolution", "my-plugins 1.2")
    assert architecture("one_layer")(2, 4, 1, 10).feature_count == 4
    assert measures()["always one"].name == "always one"
    assert every_claim()["span-asymmetric"].figure == "none"


def test_a_claim_that_is_plugged_in_is_judged_on_networks_of_ones_own(installed):
    installed({"claims": NAMED["claims"]})
    rng = np.random.default_rng(0)
    own = {
        name: NetworkFeatures(*rng.normal(size=(2, 60, 4)), narrow=[*rng.normal(size=(4, 60, 2))])
        for name in ("r0", "r1")
    }
    judged = {judgement.claim: judgement.place for judgement in compare_networks(own, workers=1).judgements}
    assert judged["span-asymmetric"] == "1/2 (2 feat.)"


def test_a_measure_that_is_plugged_in_is_taken_of_any_networks(installed):
    installed({"measures": NAMED["measures"]})
    rng = np.random.default_rng(0)
    matrix = span_matrix({name: rng.normal(size=(60, 4)) for name in "AB"}, measures=["always one"])
    assert matrix.values("always one")[0, 1] == 1


def test_artifacts_depend_on_the_files_of_what_is_plugged_in(installed, tmp_path):
    installed()
    modules = dependencies.TRAIN.modules("parity", "one_layer")
    assert {str(tmp_path / "site" / name) for name in ("my_networks", "my_data")} <= set(modules)
    assert {"networks/layers", "data/images"} <= set(modules)
    assert not [module for module in modules if module.startswith("networks/architectures/")]


def quick_repository(root: Path) -> Path:
    """A folder whose parameters name what is plugged in."""
    make_repository(root)
    params = yaml.safe_load((root / "params.yaml").read_text(encoding="utf-8"))
    digits = params["scales"]["smoke"]["digits"]
    digits |= {"architectures": ["one_layer"], "base_width": 4, "alphas": ["1", "1_2"], "snapshots": [], "quick": True}
    digits |= {"members": {"1": 2, "1_2": 4}, "replicates": [0, 1], "train_examples": 200}
    params |= {"tasks": {"parity": {"default_scale": "smoke"}}, "scales": {"smoke": {"parity": digits}}}
    (root / "params.yaml").write_text(yaml.safe_dump(params), encoding="utf-8")
    return root


def command(folder: Path, *words: str, **more: str) -> subprocess.CompletedProcess:
    run = "import sys; from overparam.cli import main; sys.argv[0] = 'overparam'; main()"
    return subprocess.run(
        [sys.executable, "-c", run, *words], cwd=folder, capture_output=True, text=True, env=environment(**more)
    )


def test_a_study_of_what_a_file_has_is_trained_by_several_processes_and_judged(tmp_path):
    root = quick_repository(tmp_path)
    (tmp_path / "my.py").write_text(FILE, encoding="utf-8")
    words = ("study", "parity", "one_layer", "--root", str(root), "--plugin", "my.py")
    ended = command(tmp_path, *words, LOKY_MAX_CPU_COUNT="2")
    assert ended.returncode == 0, ended.stderr
    assert "span-asymmetric (Fig. none), parity-one_layer, smoke: " in ended.stdout
    assert (root / "results" / "smoke" / "parity-one_layer.json").exists()


def test_listing_and_explaining_load_only_what_they_say(tmp_path):
    site = install(tmp_path / "site")
    (site / "my_networks.py").write_text("raise RuntimeError('loaded')", encoding="utf-8")
    shutil.copy(site / "my_networks.py", site / "my_tasks.py")
    program = """
import sys
from overparam.cli import main
try: main()
except SystemExit as ended: print(ended.code)
print([name for name in ("torch", "my_networks", "my_tasks", "my_measures", "my_claims") if name in sys.modules])
"""
    loaded = {}
    path = f"{site}:{Path(cli.__file__).parents[2]}"
    for words in (("status",), ("explain", "span-asymmetric"), ("ls", "architectures"), ("ls", "tasks")):
        ended = subprocess.run(
            [sys.executable, "-c", program, *words], capture_output=True, text=True, env=environment(PYTHONPATH=path)
        )
        code, loaded[words] = ended.stdout.splitlines()[-2:]
        assert code == "0", ended.stderr
    assert loaded.pop(("explain", "span-asymmetric")) == "['my_claims']"
    assert set(loaded.values()) == {"[]"}


@pytest.mark.parametrize(
    ("kind", "name", "value"),
    [
        ("architectures", "resnet18", "my_networks:OneLayer"),
        ("tasks", "digits", "my_tasks:PARITY"),
        ("claims", "span-over", "my_claims:ASYMMETRIC"),
        ("measures", "linear CKA", "my_measures:ALWAYS_ONE"),
    ],
)
def test_a_name_that_is_built_in_is_refused(run, installed, kind, name, value):
    installed({kind: {name: value}})
    code, out, err = run("ls", kind)
    said = (
        f"{plugins.ONE[kind]} '{name}' of my-plugins 1.2 has the name of one of overparam: rename it, or leave it out"
    )
    assert (code, out, err) == (2, "", f"error: {said}\n")


def test_a_name_that_two_plugins_have_is_refused(run, installed, tmp_path):
    installed()
    (tmp_path / "my.py").write_text(FILE, encoding="utf-8")
    code, _, err = run("ls", "tasks", "--plugin", str(tmp_path / "my.py"))
    assert (code, "task 'parity' of my-plugins 1.2 has the name of one of my.py: rename it" in err) == (2, True)


FAULTS = {
    "of a type": (
        "claims",
        "x = my_data:load_parity",
        "of my-plugins 1.2 is of type function, where Claim belongs",
    ),
    "another id": ("claims", "x = my_claims:ASYMMETRIC", "'x' of my-plugins 1.2 has the id 'span-asymmetric': give it"),
    "no module": ("measures", "x = nowhere:X", "cannot be loaded (ModuleNotFoundError: No module named 'nowhere')"),
    "no attribute": ("measures", "x = my_claims:X", "measure 'x' of my-plugins 1.2 cannot be loaded (AttributeError: "),
}


@pytest.mark.parametrize(("kind", "entry", "said"), FAULTS.values(), ids=FAULTS)
def test_an_entry_that_cannot_be_used_is_refused(run, installed, kind, entry, said):
    installed({kind: dict([entry.split(" = ")])})
    code, out, err = run("ls", kind)
    assert (code, out, err.count("\n"), said in err) == (2, "", 1, True)


BAD_FILES = {
    "none": (None, "there is no plug-in {file}: name a file of Python"),
    "fails": (
        "1 / 0",
        "plug-in {file} cannot be loaded (ZeroDivisionError: division by zero): mend it, or",
    ),
    "no Python": ("def", "plug-in {file} cannot be loaded (SyntaxError: invalid syntax (my.py, line 1)): mend it, or"),
    "no table": ("X = 1", "plug-in {file} has no table ARCHITECTURES, TASKS, CLAIMS, MEASURES: give it one"),
    "a list": ("MEASURES = [1]", "MEASURES of plug-in {file} is no table by name: write it as {{name: measure}}"),
}


@pytest.mark.parametrize(("text", "said"), BAD_FILES.values(), ids=BAD_FILES)
def test_a_file_that_cannot_be_used_is_refused(run, tmp_path, text, said):
    file = tmp_path / "my.py"
    if text is not None:
        file.write_text(text, encoding="utf-8")
    code, out, err = run("ls", "measures", "--plugin", str(file))
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert err.startswith(f"error: {said.format(file=file)}")


NO_NETWORKS = {
    "no title": ("class X: pass", "architecture 'x' of my.py has no title and unit: give its class both"),
    "no network": (
        "from overparam.config.architectures import CHANNELS\nclass X: title, unit = 'X', CHANNELS",
        "architecture 'x' is no overparam.networks.layers.Network: derive its class from that",
    ),
}


@pytest.mark.parametrize(("text", "said"), NO_NETWORKS.values(), ids=NO_NETWORKS)
def test_a_class_that_is_no_architecture_is_refused(clean, tmp_path, text, said):
    (tmp_path / "my.py").write_text(f"{text}\nARCHITECTURES = {{'x': X}}", encoding="utf-8")
    plugins.use(tmp_path / "my.py")
    assert architectures()["x"] == "my.py"
    with pytest.raises(SpecError, match=said):
        architecture("x")


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    """A repository with a record, and beside it a file with a claim and its test."""
    root = make_repository(tmp_path_factory.mktemp("repository"))
    put_record(root, study_record())
    (root / "my.py").write_text(f"{CLAIM}\nCLAIMS = {{'span-asymmetric': ASYMMETRIC}}\n{TEST}", encoding="utf-8")
    return root


def pytest_of(root: Path, *options: str) -> subprocess.CompletedProcess:
    words = ["-m", "pytest", "my.py", "-v", "-p", "no:cacheprovider", "--claims-root", str(root), "--claims-gate=none"]
    words += ["--claims-evidence=record", *options]
    return subprocess.run([sys.executable, *words], cwd=root, capture_output=True, text=True, env=environment())


@pytest.mark.parametrize("workers", [(), ("-n2",)], ids=["one process", "workers"])
def test_a_claim_from_a_file_is_judged_by_its_own_test(recorded, workers):
    ended = pytest_of(recorded, "--claims-plugin", "my.py", *workers)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "span-asymmetric (Fig. none), digits-resnet18, smoke: " in ended.stdout


def test_a_claim_that_is_not_plugged_in_is_an_error_of_one_sentence(recorded):
    ended = pytest_of(recorded)
    assert ended.returncode == pytest.ExitCode.INTERRUPTED
    assert "there is no claim 'span-asymmetric': there are span-over" in ended.stdout
    assert "Traceback" not in ended.stdout + ended.stderr


def test_a_plugin_of_pytest_that_cannot_be_used_is_an_error_of_one_sentence(recorded):
    ended = pytest_of(recorded, "--claims-plugin", "nowhere.py")
    assert ended.returncode == pytest.ExitCode.USAGE_ERROR
    assert f"there is no plug-in {recorded / 'nowhere.py'}: name a file of Python" in ended.stderr
    assert "Traceback" not in ended.stdout + ended.stderr
