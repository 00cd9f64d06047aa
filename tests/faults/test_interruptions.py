"""A command that is killed, run twice at once or out of room loses nothing; again, it writes what it always does."""

import pytest
from interruptions import disturbed

pytestmark = pytest.mark.fault


def test_a_command_that_is_disturbed_loses_nothing_and_ends_as_undisturbed_once_it_is_run_again():
    tally = disturbed(kills=3, pairs=1, disks=1)
    assert tally.tried["killed"] == 3
    assert tally.tried["twice at once"] == 1
    assert not tally.short
