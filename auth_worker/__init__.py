"""Owns accounts, credentials, sessions and signing keys. Never sees a task."""
