"""Emitters of everything that is derived from isa/encoding.json."""
