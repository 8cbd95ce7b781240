"""The machinery of the RFC suites: a client that sends whatever a clause wants sent, the clauses, and their table."""
