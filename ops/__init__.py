"""The command line, the local stack and its supervisor. Starts services as processes and never imports one."""
