"""What this server says of itself, made from the tables that it is served from."""
