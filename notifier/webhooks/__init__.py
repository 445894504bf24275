"""Events by HTTP to addresses of the users' choice."""
