"""Weights stay bit for bit as they were when their digests were recorded."""

import json

import golden
import pytest

RECORDED = json.loads(golden.RECORDED.read_text())


@pytest.mark.parametrize("name", RECORDED)
def test_weights_are_those_of_the_recorded_digests(name):
    if not golden.runs_here(name):
        pytest.skip(f"this machine has no {name}")
    assert golden.computed(name) == RECORDED[name]
