"""The table in the documents is that of the long form, which found nothing lost, believed or hanging."""

import json

import pytest
from attempts import SHORT
from long_form import PAGE, RESULT, written_of

pytestmark = pytest.mark.fault
FOUND = json.loads(RESULT.read_text(encoding="utf-8"))


def test_the_table_is_that_of_what_was_tried():
    assert f"<!-- faults -->\n\n{written_of(FOUND)}\n\n<!-- end of faults -->" in PAGE.read_text(encoding="utf-8")


def test_nothing_was_lost_believed_or_hung_and_little_memory_was_taken():
    assert not [name for name, came in FOUND["files"].items() if any(came.get(kind) for kind in SHORT)]
    assert not FOUND["short"]
    assert max(FOUND["megabytes"].values()) < 200
