"""A small experiment of nine units, its store, and the files in it."""

import dataclasses
import hashlib

import numpy as np

import sweeping
from technopole.basics.stored_names import JOURNAL
from technopole.experiments.run import run_experiment

GO = np.zeros(1, dtype=np.int64)
OUTPUT = {
    "variables": ["productivity", "employment", "size_distribution"],
    "statistics": ["mean", "sd", "se", "interval", "n", "quantiles"],
}


def small_blocks(planned, replicates=4, points=1):
    """The same plan in more units than so small an economy would be given."""
    return dataclasses.replace(planned, replicate_block=replicates, point_block=points)


def nine_units():
    return small_blocks(sweeping.plan(experiment={"replicates": 10}, output=OUTPUT))


def run_undisturbed(planned, path):
    """Run the experiment of nine units on one thread; returns its store."""
    report = run_experiment(planned, path, workers=1)
    assert report.complete and report.units == planned.n_units == 9 and report.failed == 0
    return path


def chunks(path):
    """Every file with numbers in it, by name."""
    return {
        str(file.relative_to(path)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(path.rglob("c*"))
        if file.is_file() and JOURNAL not in file.parts
    }


def files(path):
    return [file for file in path.rglob("*") if file.is_file() and file.suffix != ".jsonl"]
