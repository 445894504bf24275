"""Owns tasks. Never sees a password."""
