"""Policies that come with the package: each a page of YAML, with its scenarios beside it."""
