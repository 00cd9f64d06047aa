"""From a record to verdicts: claims, margins, and the judge. No network is needed."""
