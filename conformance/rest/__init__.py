"""Any REST API of the RA seen from outside: generated clients that do a day's work, schemathesis on both documents."""
