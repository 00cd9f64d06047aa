"""What one must touch to extend the house, as CONTRIBUTING.md tells it: each story from the edit to a page."""

import shutil

import pytest
from extensions import ARCHITECTURE, TASK, House
from gates import study_record

from overparam.study.record import write_record

CLAIM = """
        _claim(
            "span-asymmetric",
            "1, 2",
            "narrow networks miss more of the wide one than it misses of them",
            Above(lambda alpha: FSE(S(alpha), M_1) - FSE(M_1, S_prime(alpha)), "span"),
            Narrow(HALF),
        ),
"""
CLAIM_TEST = '''
"""Wide networks know more of narrow ones than these of them."""

import pytest

from overparam.verdicts.judge import Judgement


@pytest.mark.claim("span-asymmetric")
def test_narrow_networks_miss_more_of_the_wide_one_than_it_of_them(judgement: Judgement) -> None:
    """FSE(S_α→M_1) − FSE(M_1→S_α′) > δ."""
    assert judgement.holds, judgement.why
'''
METRIC = '''
"""How well the nearest mean of a class classifies."""

from collections.abc import Iterable

import numpy as np

from overparam.metrics.blocks import Blocks
from overparam.metrics.definitions import Measured


def nearest_mean(blocks: Blocks, name: object) -> Measured:
    """Held-out accuracy in [0, 1] of the nearest class mean of the fit split; ψ_i is 1 where example i is right."""
    features, labels = np.asarray(blocks[name][:]), blocks.classes
    means = np.stack([features[~blocks.heldout & (labels == k)].mean(axis=0) for k in range(labels.max() + 1)])
    distances = np.linalg.norm(features[blocks.heldout, None] - means, axis=2)
    right = (distances.argmin(axis=1) == labels[blocks.heldout]).astype(float)
    return Measured(float(right.mean()), right, float("nan"))
'''
METRIC_CLAIM = """
from overparam.study.feature_blocks import M_1, S
from overparam.study.quantities import Metric, Quantity, alone
from overparam.verdicts.claims import HALF, STUDIES, Claim
from overparam.verdicts.inequalities import Above
from overparam.verdicts.widths import Narrow


def nearest_mean(block):
    return alone(Quantity(Metric("NM"), (block,)))


CLAIMS = {
    "nearer-means": Claim(
        "nearer-means",
        "none",
        "class means are further apart in the wide network",
        Above(lambda alpha: nearest_mean(M_1) - nearest_mean(S(alpha)), "accuracy"),
        Narrow(HALF),
        STUDIES,
    )
}
"""
MEASURE = '''

def mean_alignment(A: np.ndarray, B: np.ndarray) -> float:
    """How alike the distances of rows from their mean are: a correlation."""
    return float(np.corrcoef(*(np.linalg.norm(X - X.mean(axis=0), axis=1) for X in (A, B)))[0, 1])
'''


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A copy in which the study has been run."""
    house = House(tmp_path_factory.mktemp("trained"))
    house.run("study", "digits", "resnet18")
    return house


@pytest.fixture
def house(tmp_path):
    return House(tmp_path / "house")


def test_an_architecture_is_a_file_and_its_place_in_the_parameters(house):
    house.add("overparam/networks/architectures/one_layer.py", ARCHITECTURE)
    params = house.params()
    params["scales"]["smoke"]["digits"]["architectures"] = ["one_layer"]
    house.write_params(params)
    assert len(house.touched()) == 2
    scoreboard = house.run("study", "digits", "one_layer")
    assert "performance (Fig. 3), digits-one_layer, smoke: " in scoreboard
    assert "1/2 (2 maps)" in scoreboard
    page = house.page()
    assert "One convolution on scikit-learn" in page
    assert "digits-one_layer-smoke-1_2" in page


def test_a_task_is_a_loader_an_entry_and_a_section_of_the_parameters(house):
    house.add("overparam/data/parity.py", TASK)
    house.edit(
        "overparam/config/tasks.py",
        (
            "TASKS = {\n",
            'TASKS = {\n    "parity": TaskData("parity of digits", "overparam.data.parity:load_parity"),\n',
        ),
    )
    params = house.params()
    params |= {"tasks": {"parity": params["tasks"]["digits"]}}
    params["scales"]["smoke"] = {"parity": params["scales"]["smoke"]["digits"]}
    house.write_params(params)
    assert len(house.touched()) == 3
    assert "performance (Fig. 3), parity-resnet18, smoke: " in house.run("study", "parity", "resnet18")
    assert "ResNet-18 on parity of digits" in house.page()


def test_a_claim_is_an_entry_and_a_test(house):
    house.edit(
        "overparam/verdicts/claims.py",
        ('        _claim(\n            "span-mild",', f'{CLAIM}        _claim(\n            "span-mild",'),
    )
    house.add("claims/test_asymmetry.py", CLAIM_TEST)
    assert len(house.touched()) == 2
    params = house.params()
    params["scales"]["smoke"]["digits"] |= {
        "alphas": ["1", "1_2", "1_4", "1_8", "1_16"],
        "members": {"1": 2, "1_2": 4, "1_4": 8, "1_8": 16, "1_16": 32},
        "base_width": 16,
        "replicates": [0, 1, 2],
    }
    house.write_params(params)
    write_record(house.root / "results/smoke/digits-resnet18.json", study_record())
    page = house.page()
    assert "span-asymmetric" in page
    assert "narrow networks miss more of the wide one than it misses of them" in page
    options = ("-m", "digits", "--claims-evidence=record", "--claims-gate=none", "-p", "no:cacheprovider")
    ran = house.run("pytest", "claims/test_asymmetry.py", "-v", *options)
    assert "span-asymmetric (Fig. 1, 2), digits-resnet18, smoke: " in ran
    assert "4 passed" in ran


def test_a_metric_is_a_file_and_what_it_is_measured_of(house, trained):
    house.add("overparam/metrics/nearest_mean.py", METRIC)
    house.edit(
        "overparam/study/measure.py",
        (
            "from overparam.metrics.penalties import",
            "from overparam.metrics.nearest_mean import nearest_mean\nfrom overparam.metrics.penalties import",
        ),
        ("import PERFORMANCE, SPAN_ERROR, Quantity", "import PERFORMANCE, SPAN_ERROR, Metric, Quantity"),
        (
            "        **performances(blocks, [M_1]),\n",
            "        **performances(blocks, [M_1]),\n        **nearest_means(blocks, M_1),\n",
        ),
        (
            "    return performances(replicate.blocks, plain) | ",
            "    return nearest_means(replicate.blocks, narrow) | performances(replicate.blocks, plain) | ",
        ),
        (
            "def performances(",
            "def nearest_means(blocks: Blocks, name: Block) -> Quantities:\n"
            '    """Accuracy of the nearest mean on a block."""\n'
            '    return {Quantity(Metric("NM"), (name,)): [nearest_mean(blocks, name)] * len(PENALTY_FACTORS)}\n\n\n'
            "def performances(",
        ),
    )
    assert len(house.touched()) == 2
    (house.root / "claim.py").write_text(METRIC_CLAIM, encoding="utf-8")
    shutil.copytree(trained.root / "artifacts", house.root / "artifacts")
    scoreboard = house.run("study", "digits", "resnet18", "--plugin", "claim.py")
    assert "nearer-means (Fig. none), digits-resnet18, smoke: " in scoreboard
    assert "NM(M_1) − NM(S_α) &gt; δ" in house.page("--plugin", "claim.py")


def test_a_measure_of_similarity_is_an_entry(house, trained):
    house.edit(
        "overparam/metrics/similarity.py",
        ("\n\n@dataclass(frozen=True)\nclass Measure:", f"{MEASURE}\n\n@dataclass(frozen=True)\nclass Measure:"),
        (
            "MEASURES = (\n",
            'MEASURES = (\n    Measure("mean alignment", mean_alignment, "rows", (-1, 1), True, _SHAPE, True),\n',
        ),
    )
    assert len(house.touched()) == 1
    for folder in ("artifacts", "results"):
        shutil.copytree(trained.root / folder, house.root / folder)
    house.run("controls", "digits", "resnet18")
    assert "mean alignment" in house.run("ls", "measures")
    (house.root / "controls.md").write_text("<!-- controls smoke -->\n<!-- end of controls -->\n", encoding="utf-8")
    house.run("tables", "controls.md")
    assert "| mean alignment |" in (house.root / "controls.md").read_text(encoding="utf-8")
    assert "performance-stitched-digits-resnet18-smoke-1_2" in house.page()
    assert "performance-stitched (Fig. 3), digits-resnet18, smoke: " in house.run("explain", "performance-stitched")
