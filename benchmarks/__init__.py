"""Side-by-side measurements of the gateway against a peer: the same driver, the same work, in one run."""
