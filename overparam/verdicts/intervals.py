"""What intervals are conditional on, to be said once wherever a table or a figure of some stands."""

GIVEN = "conditional on the training set and on the fit split of maps and probes, which all replicates share"
CONDITION = f"Intervals are {GIVEN}."
