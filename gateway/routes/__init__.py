"""One file for each resource: small handlers, and the table that says what each operation takes and gives."""
