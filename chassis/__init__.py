"""The plumbing that every service stands on. Knows what a message is, never what one says."""
