"""The Flower app that the hub submits for every run: packed as a FAB whose hash a site approves."""
