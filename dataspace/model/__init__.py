"""The nouns: frozen values that every other package speaks in. Nothing here reads, decides or computes."""
