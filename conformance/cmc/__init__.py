"""Any CMC server seen from outside: the rows of RFC 10004 for a CA, each shown by several clients."""
