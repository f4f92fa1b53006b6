"""Federated runs on Flower: the only place in the project that knows it."""
