"""Verbs on ODRL policies: evaluate a request in a known world, compare the rules of one document or two."""
