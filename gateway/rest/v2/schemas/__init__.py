"""The schemas of the published document, field by field: what an answer contains and no more, what a request may."""
