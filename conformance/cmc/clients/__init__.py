"""The programs that speak CMC here, each an encoder and signer of its own."""
