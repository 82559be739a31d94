"""Model files, damaged a hundred thousand times and more: each is refused with a ModelFormatError, or is the file."""

import os
import time
from collections import Counter

import numpy as np
import pytest
from model_files import assemble, mutated, taken_apart, with_nasty_values

from fastmlp import Adam, Model, ModelFormatError

MUTATIONS = int(os.environ.get("SOAK_MUTATIONS", 200_000))


def model(seed):
    X = np.random.default_rng(seed).standard_normal((30, 3))
    trained = Model([3, 4, 1], "tanh", seed=seed).fit(X, X[:, 0] > 0, epochs=2, optimizer=Adam())
    trained.scaling = X.mean(axis=0), 1 / X.std(axis=0)
    trained.feature_names, trained.target_name, trained.classes = ["a", "b", "ü"], "y", ["no", "yes"]
    return trained


@pytest.fixture
def files(tmp_path):
    """Return the bytes of two model files, and a place for broken ones."""
    for seed in range(2):
        model(seed).save(tmp_path / str(seed))
    return (tmp_path / "0").read_bytes(), (tmp_path / "1").read_bytes(), tmp_path / "broken"


def outcome(path, content):
    """Return what loading these bytes comes to; any other error or warning fails the test."""
    path.write_bytes(content)
    try:
        return Model.load(path)
    except ModelFormatError:
        return None


def test_truncated_at_every_byte_and_every_bit_flipped(files):
    whole, _, path = files
    for size in range(len(whole)):
        assert outcome(path, whole[:size]) is None, size
    for bit in range(8 * len(whole)):
        broken = bytearray(whole)
        broken[bit // 8] ^= 1 << bit % 8
        assert outcome(path, broken) is None, bit
    print(f"a file of {len(whole):,} bytes: {len(whole):,} truncations, {8 * len(whole):,} flipped bits, all refused")


@pytest.mark.parametrize("seed", range(2))
def test_random_damage(files, seed):
    whole, other, path = files
    random, begin, seen = np.random.default_rng(seed), time.perf_counter(), Counter()
    for _ in range(MUTATIONS // 2):
        broken = mutated(whole, other, random)
        if random.random() < 0.3:
            broken = mutated(broken, other, random) if broken else broken
        loaded = outcome(path, broken)
        seen["loaded" if loaded is not None else "refused"] += 1
        assert (loaded is not None) == (broken in (whole, other))
    seconds = time.perf_counter() - begin
    print(f"{MUTATIONS // 2:,} mutations, seed {seed}: {dict(seen)}, {seconds / MUTATIONS * 2e6:.0f} µs each")


def test_odd_values_in_signed_files(files):
    """Two odd values at once, in files whose digest fits: refused, or a model that predicts and is saved again."""
    whole, _, path = files
    description, tensors = taken_apart(whole)
    random, seen = np.random.default_rng(0), Counter()
    singles = [changed for changed in with_nasty_values(description) if isinstance(changed, dict)]
    for _ in range(MUTATIONS // 5):
        one, two = (singles[int(n)] for n in random.integers(len(singles), size=2))
        changed = {**one, **{key: value for key, value in two.items() if description.get(key) != value}}
        loaded = outcome(path, assemble(changed, tensors))
        if loaded is not None:
            assert np.isfinite(loaded.predict_proba(np.zeros((2, 3)))).all()
            loaded.save(path)
            assert np.array_equal(Model.load(path).parameters, loaded.parameters)
        seen["loaded" if loaded is not None else "refused"] += 1
    print(f"{MUTATIONS // 5:,} signed files with two odd values: {dict(seen)}")


def test_bits_of_tensors_in_signed_files(files):
    """θ, moments, scaling and history with flipped bits, in files whose digest fits."""
    whole, _, path = files
    description, tensors = taken_apart(whole)
    random, seen = np.random.default_rng(0), Counter()
    for _ in range(MUTATIONS // 5):
        name = list(tensors)[int(random.integers(len(tensors)))]
        broken = bytearray(tensors[name].tobytes())
        for place in random.integers(len(broken), size=random.integers(1, 4)):
            broken[place] ^= 1 << int(random.integers(8))
        array = np.frombuffer(bytes(broken), tensors[name].dtype).reshape(tensors[name].shape)
        loaded = outcome(path, assemble(description, {**tensors, name: array}))
        if loaded is not None:
            assert np.isfinite(loaded.parameters).all()
            repr(loaded.history)
        seen["loaded" if loaded is not None else "refused"] += 1
    print(f"{MUTATIONS // 5:,} signed files with odd tensors: {dict(seen)}")
