"""Signatures of parties that are not of this house."""

from dataspace.transparency.signatures import signed as signed

__all__ = ["signed"]
