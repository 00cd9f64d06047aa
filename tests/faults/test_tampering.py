"""What is edited by hand is noticed, or the documents say that it is not and why."""

import pytest
from tampering import DVC, PAGE, PINS, SEAL, found, written_of

pytestmark = pytest.mark.fault


def test_the_documents_say_of_every_edit_what_notices_it():
    edits = found()
    assert f"<!-- tampering -->\n\n{written_of(edits)}\n\n<!-- end of tampering -->" in PAGE.read_text(encoding="utf-8")
    sealed = [edit for edit in edits if edit.file in ("a record", "a checkpoint")]
    assert {edit.noticed for edit in sealed} == {SEAL, PINS, DVC}
