"""Verbs on policies: decide, compose obligations, explain, rehearse. Pure: no file, no clock, no text format."""
