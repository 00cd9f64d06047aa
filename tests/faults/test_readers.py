"""Files gone wrong: each is refused in a sentence, at once and in little memory, or is what it was, or may be meant."""

import pytest
from attempts import SHORT, tried
from readers import READERS

pytestmark = pytest.mark.fault
INPUTS = 400  # of each kind; `python tests/faults/long_form.py` reads many more


@pytest.mark.parametrize("name", READERS)
def test_no_file_gone_wrong_ends_in_a_traceback_is_believed_or_takes_long(name):
    tally = tried(name, INPUTS)
    assert sum(tally.came.values()) == INPUTS
    assert tally.came["refused"] > INPUTS / 4, "hardly anything goes wrong"
    assert not tally.short, f"python tests/faults/attempts.py {name!r} shows them"
    assert not any(tally.came[fault] for fault in SHORT)
    assert tally.megabytes < 200
