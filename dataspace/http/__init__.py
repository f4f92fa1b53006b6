"""The HTTP edge: one contract for a hub elsewhere and an embedded one; no logic."""
