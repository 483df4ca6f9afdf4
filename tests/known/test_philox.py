"""Philox4x32-10 against its published known answers, and the maps from words to numbers."""

import numpy as np
import pytest
from llvmlite.binding import get_host_cpu_features
from numba.core import config

from technopole_kernels import rng
from technopole_kernels._jit import kernel

ALL_ONES = 0xFFFFFFFF
# Random123 (Salmon et al. 2011), known answers of philox4x32 with 10 rounds: counter, key, output.
KNOWN = [
    ((0, 0, 0, 0), (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
    ((ALL_ONES,) * 4, (ALL_ONES,) * 2, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
    (
        (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
        (0xA4093822, 0x299F31D0),
        (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
    ),
]
WORDS = np.array([0, 1, 2, 0x7FFFFFFF, 0x80000000, ALL_ONES - 1, ALL_ONES], dtype=np.uint64)


@kernel
def draw_all(identity, period, site, k0, k1, words, numbers):
    """Fill the words (4, n) and their numbers (4, n) of all identities (n)."""
    for i in range(identity.size):
        w0, w1, w2, w3 = rng.draw(identity[i], period, site, k0, k1)
        words[0, i] = w0
        words[1, i] = w1
        words[2, i] = w2
        words[3, i] = w3
        numbers[0, i] = rng.uniform(w0)
        numbers[1, i] = rng.uniform_open(w1)
        numbers[2, i] = rng.uniform53(w2, w3)
        numbers[3, i] = rng.uniform(w3)


def reference(counter, key):
    """Philox4x32-10 in Python's integers, written from the paper."""
    c, k = list(counter), list(key)
    for _ in range(10):
        p0, p1 = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
        c = [(p1 >> 32) ^ c[1] ^ k[0], p1 & ALL_ONES, (p0 >> 32) ^ c[3] ^ k[1], p0 & ALL_ONES]
        k = [(k[0] + 0x9E3779B9) & ALL_ONES, (k[1] + 0xBB67AE85) & ALL_ONES]
    return tuple(c)


@pytest.fixture(scope="module")
def drawn():
    """Identities, words and numbers of one vectorised draw."""
    identity = np.random.default_rng(7).integers(0, 2**64, 1003, dtype=np.uint64)
    identity[:3] = 0, ALL_ONES, 2**64 - 1
    words, numbers = np.empty((4, identity.size), np.uint64), np.empty((4, identity.size))
    draw_all(identity, np.uint64(17), rng.EVENT, np.uint64(5), np.uint64(ALL_ONES), words, numbers)
    return identity, words, numbers


@pytest.mark.parametrize("integer", [int, np.uint32, np.uint64])
@pytest.mark.parametrize(("counter", "key", "expected"), KNOWN)
def test_known_answers(counter, key, expected, integer):
    words = rng.philox4x32(*map(integer, counter), *map(integer, key))
    assert tuple(int(word) for word in words) == expected
    assert reference(counter, key) == expected


def test_only_the_low_32_bits_of_arguments_count():
    dirty = [np.uint64(value | 0xABCD << 32) for value in (1, 2, 3, 4, 5, 6)]
    assert rng.philox4x32(*dirty) == rng.philox4x32(1, 2, 3, 4, 5, 6)


def test_vectorised_draw_follows_the_counter_layout(drawn):
    identity, words, _ = drawn
    for i, one in enumerate(identity.tolist()):
        counter = (one & ALL_ONES, one >> 32, 17, 2)
        assert tuple(words[:, i].tolist()) == reference(counter, (5, ALL_ONES))


def test_scalar_draw_equals_vectorised(drawn):
    identity, words, numbers = drawn
    for i in range(0, identity.size, 97):
        scalar = rng.draw(identity[i], np.uint64(17), rng.EVENT, np.uint64(5), np.uint64(ALL_ONES))
        assert list(scalar) == words[:, i].tolist()
        assert rng.uniform(np.uint64(scalar[0])) == numbers[0, i]


def test_numbers_of_vectorised_draw_are_exact(drawn):
    _, words, numbers = drawn
    w0, w1, w2, w3 = words
    assert np.array_equal(numbers[0], w0.astype(float) * 2.0**-32)
    assert np.array_equal(numbers[1], (w1.astype(float) + 0.5) * 2.0**-32)
    top53 = ((w2 << np.uint64(32)) + w3) >> np.uint64(11)
    assert np.array_equal(numbers[2], top53.astype(float) * 2.0**-53)


@pytest.mark.parametrize("word", WORDS)
def test_maps_at_the_ends(word):
    assert rng.uniform(word) == int(word) / 2**32
    assert rng.uniform_open(word) == (int(word) + 0.5) / 2**32
    assert 0.0 < rng.uniform_open(word) < 1.0
    for low in WORDS:
        assert rng.uniform53(word, low) == ((int(word) << 32 | int(low)) >> 11) / 2**53


def test_sites_are_distinct():
    sites = [value for name, value in vars(rng).items() if name.isupper() and not name.startswith("_")]
    assert sorted(map(int, sites)) == list(range(1, 14))


@pytest.mark.skipif(
    config.CPU_NAME is not None or config.DISABLE_JIT or not get_host_cpu_features().get("avx2", False),
    reason="needs AVX2",
)
def test_loop_is_vectorised(drawn):
    code = "".join(draw_all.inspect_asm().values())
    assert any("vpmuludq" in line and ("ymm" in line or "zmm" in line) for line in code.splitlines())
