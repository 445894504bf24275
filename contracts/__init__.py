"""What the services say to one another. Needs pydantic, and knows nothing of how a message travels."""
