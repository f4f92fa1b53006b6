"""One script for each figure that we claim, measured against a peer in the same run."""
