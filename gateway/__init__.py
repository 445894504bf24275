"""Turns HTTP into commands and queries, and their answers into HTTP. Owns no table and decides no business rule."""
