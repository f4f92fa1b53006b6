"""The transparency log's mathematics: tree, checkpoints, receipts and tiles. Pure, and verifiable alone."""
