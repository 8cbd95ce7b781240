"""The admin page: what version 3 of the REST API does, for people with a browser. It decides nothing by itself."""
