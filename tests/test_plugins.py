"""What comes from outside, of an installed distribution or of a file: found, listed, used; or refused in a sentence."""

import json
import sys

import numpy as np
import pytest
from plugged import FILE, MODULES, NAMED, install

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
def run(clean, command_line):
    return command_line


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
