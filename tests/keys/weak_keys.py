"""Weak RSA keys, made with integer arithmetic from a fixed seed, and the ways each is weak."""

from functools import cache
from random import Random

import gmpy2  # type: ignore[import-untyped]
from cryptography.hazmat.primitives.asymmetric import rsa

EXPONENT = 65537


def public_key(modulus: int, exponent: int = EXPONENT) -> rsa.RSAPublicKey:
    """Return the public key."""
    return rsa.RSAPublicNumbers(exponent, modulus).public_key()


def prime(bits: int, seed: int) -> int:
    """Return a prime whose two highest bits are set, so that the product of two has all its bits."""
    return _next_prime(Random(seed).getrandbits(bits) | 3 << bits - 2)  # noqa: S311 - reproducible on purpose


@cache
def sound(bits: int) -> int:
    """Return a modulus of this size with nothing wrong."""
    return _product(bits, prime(bits // 2, 1), prime(bits - bits // 2, 2))


@cache
def with_small_factor(factor: int) -> int:
    """Return a modulus of 2048 bits that the factor divides."""
    return _product(2048, factor, _next_prime((3 << 2046) // factor))


@cache
def with_close_primes(rounds: int) -> int:
    """Return a modulus of 2048 bits that Fermat's factorisation takes apart in just this many rounds."""
    p = prime(1024, 3)
    # The distance from the root of the modulus to (p + q) / 2, which is (p - q)^2 / 8 sqrt(pq), is rounds - 1/2.
    q = _next_prime(p + int(gmpy2.isqrt(4 * (2 * rounds - 1) * p)))
    n = _product(2048, p, q)
    assert (p + q) // 2 - (int(gmpy2.isqrt(n)) + 1) == rounds - 1
    return n


@cache
def roca() -> int:
    """Return a modulus as Infineon's library made them: primes k * M + (65537^a mod M) (CVE-2017-15361)."""
    generator = Random(4)  # noqa: S311 - reproducible on purpose
    primorial = int(gmpy2.primorial(701))  # the first 126 primes, as for keys of 2048 bits
    primes: list[int] = []
    while len(primes) < 2:
        k = generator.getrandbits(1024 - primorial.bit_length()) | 1 << 1023 - primorial.bit_length()
        candidate = k * primorial + pow(EXPONENT, generator.getrandbits(200), primorial)
        if candidate.bit_length() == 1024 and gmpy2.is_prime(candidate):
            primes.append(candidate)
    return primes[0] * primes[1]


@cache
def with_biased_bits() -> int:
    """Return a modulus of 2048 bits whose upper 1000 bits are ones."""
    p = prime(1024, 5)
    return _product(2048, p, _next_prime(((1 << 2048) - (1 << 1048)) // p))


def _next_prime(number: int) -> int:
    return int(gmpy2.next_prime(number))


def _product(bits: int, p: int, q: int) -> int:
    assert _bits(p * q) == bits
    return p * q


def _bits(number: int) -> int:
    return number.bit_length()
