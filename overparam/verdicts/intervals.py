"""What intervals are conditional on, to be said once wherever a table or a figure of some stands."""

GIVEN = "conditional on the training set and on the fit split of maps and probes, as far as replicates share them"
CONDITION = f"Intervals are {GIVEN}."
