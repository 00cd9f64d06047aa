"""The picture of one study with its gap at equal fit: what it refuses to draw."""

import pytest
from reports import make_repository, settings_of

from overparam.errors import ArtifactError
from overparam.report.figures.at_equal_fit import draw_at_equal_fit


@pytest.mark.parametrize(
    ("scale", "message"),
    [
        (
            "smoke",
            "digits-resnet18 at scale smoke is not compared at equal fit: .*`overparam equal-fit digits resnet18",
        ),
        ("paper", "there is no record of .*overparam study digits resnet18 --scale paper"),
    ],
)
def test_a_study_without_its_records_is_not_drawn(tmp_path, scale, message):
    (setting,) = (s for s in settings_of(make_repository(tmp_path)) if (s.task, s.scale) == ("digits", scale))
    with pytest.raises(ArtifactError, match=message):
        draw_at_equal_fit(setting, [], tmp_path / "figures")
    assert not (tmp_path / "figures").exists()
