"""Orders: placed over any road, submitted with a CSR, run through one pipeline of stages."""
