"""Several worlds of the policy environments: started anew with a seed, stepped together, read as stacked arrays.

A companion of `technopole.Model`, of which it uses the inside: policies are written in place, and the kernels record
straight into the stacked arrays, and only what the environments look at. `Model.record` knows nothing of that.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from technopole.basics.machine import choose_threads
from technopole.gym.task import RECORDED, Seen
from technopole.model.group import Models
from technopole.model.model import Model
from technopole.schema import STOCKS
from technopole.world.build import Blueprint
from technopole.world.policies import CELLS, REGIONS
from technopole.world.recording import Recording
from technopole.world.state import state_view
from technopole_kernels import layout
from technopole_kernels.types import Policy

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
_REGION_STATE = ("workforce", "wage", "trust", *STOCKS)
_ROWS = slice(layout.R_WORKFORCE, layout.R_FINANCE + 1)
"""The rows of a world's regions that hold them, in this order."""


class Worlds:
    """Worlds of one economy.

    Parameters
    ----------
    blueprint : Blueprint
        The economy.
    number : int
        How many worlds.
    """

    def __init__(self, blueprint: Blueprint, number: int) -> None:
        threads = choose_threads(blueprint.config.run.threads, number, blueprint.n_firms)
        self.models = [Model._made(blueprint, 0, threads.per_world) for _ in range(number)]
        self._group = Models(self.models, threads.worlds)
        self._policy = _PolicyArrays(blueprint, number)
        places = (blueprint.n_regions, blueprint.n_sectors)
        # the kernels write counts as floats, and nobody makes them whole here
        recording = Recording(RECORDED, number, 1, *places)
        recorded = {name: recording[name][:, 0].view(np.float64) for name in RECORDED}
        self._regions = np.zeros((number, len(_REGION_STATE), places[0]))
        regions = {name: self._regions[:, row] for row, name in enumerate(_REGION_STATE)}
        self._seen = Seen(regions, np.zeros((number, 2)), recorded)
        for world, model in enumerate(self.models):
            model._set(model._setting._replace(policy=self._policy.of(world)))
            model._records = recording.records(world)
            model._handle.bind("records", model._records)  # type: ignore[arg-type]
        # region arrays of a world stay where they are
        self._sources = [
            (model._world.regions[_ROWS], state_view(model._world, "norms")) for model in self.models
        ]

    def start(self, world: int, seed: int) -> None:
        """Put a world into its initial state.

        Parameters
        ----------
        world : int
            Which.
        seed : int
            Of its random numbers, 32 bits.
        """
        model = self.models[world]
        model._setting.seed[0] = seed
        model._blueprint.start(model._setting, model._world, 0)
        model._turns[0] += 1
        model._observed, model._observed_at, model._observed_here = {}, 0, False

    def step(self, which: Mask, policies: Mapping[str, Floats] | None = None) -> Seen:
        """Do one period in some worlds.

        Parameters
        ----------
        which : ndarray of bool, (world,)
            Those that go on.
        policies : mapping of str to ndarray, (world, region), optional
            Of this period; added to those of the configuration.

        Returns
        -------
        Seen
            Of all worlds; the arrays are used again by the next step.
        """
        numbers = np.flatnonzero(which).tolist()
        self._policy.write(policies or {}, {world: self.models[world].time for world in numbers})
        if len(numbers) == len(self.models):
            self._group.step()
        elif numbers:
            with Models([self.models[world] for world in numbers], self._group.threads) as some:
                some.step()
        for world, (regions, norms) in enumerate(self._sources):
            self._regions[world] = regions
            self._seen.norms[world] = norms
        return self._seen

    def close(self) -> None:
        """Let the threads end."""
        self._group.close()


class _PolicyArrays:
    """The policies of the coming period of each world, in place."""

    def __init__(self, blueprint: Blueprint, number: int) -> None:
        regions, sectors = blueprint.n_regions, blueprint.n_sectors
        self._configured = blueprint.policy
        self._is_plain = not any(stack.any() for stack in blueprint.policy)
        self._live = (
            np.zeros((number, len(CELLS), 1, regions, sectors)),
            np.zeros((number, len(REGIONS), 1, regions)),
            np.zeros((number, 1, 1, sectors)),
        )

    def of(self, world: int) -> Policy:
        """Return the arrays of one world for the kernels."""
        return Policy(*(stack[world] for stack in self._live))

    def write(self, policies: Mapping[str, Floats], times: Mapping[int, int]) -> None:
        """Write the policies of the next period of some worlds, given the periods they have done."""
        cells, regions, _ = self._live
        worlds = list(times)
        for stack, configured in zip(self._live, self._configured, strict=True):
            stack[worlds] = 0.0
            if not self._is_plain:
                length = configured.shape[1]
                for world, time in times.items():
                    if length == 1 or time < length:
                        stack[world, :, 0] += configured[:, time if length > 1 else 0]
        for name, values in policies.items():
            if name in CELLS:
                cells[worlds, CELLS.index(name), 0] += values[worlds, :, np.newaxis]
            else:
                regions[worlds, REGIONS.index(name), 0] += values[worlds]
