"""Random valid configurations of the whole model, with firms; more than `strategies` puts into one file."""

from dataclasses import dataclass

import numpy as np
from hypothesis import strategies as st

from strategies import economies, parameters
from technopole.schema import INSTRUMENTS
from worlds import plan

# what a policy can sensibly be; all at once over 30 periods must leave an economy
STRENGTH = {
    "rd_subsidy": (-0.5, 1.0),
    "reputation": (-0.3, 0.3),
    "entry_support": (-1.0, 2.0),
    "infrastructure": (-0.5, 2.0),
    "university": (-0.5, 2.0),
    "services": (-0.5, 2.0),
    "finance": (-0.5, 2.0),
    "wage_shock": (-0.05, 0.05),
    "demand_shock": (-0.2, 0.2),
}


@st.composite
def policies(draw, regions, sectors, periods):
    """Policies of any instrument, for some places and some time, perhaps beyond the end of the run."""
    chosen = []
    for name in draw(st.lists(st.sampled_from(sorted(STRENGTH)), max_size=4)):
        policy = {"instrument": name, "value": draw(st.floats(*STRENGTH[name]))}
        policy["start"] = draw(st.integers(0, periods // 2))
        if draw(st.booleans()):
            policy["end"] = policy["start"] + draw(st.integers(1, periods))
        for dim, ids in (("region", regions), ("sector", sectors)):
            if dim in INSTRUMENTS[name].dims and draw(st.booleans()):
                policy[f"{dim}s"] = draw(st.lists(st.sampled_from(ids), min_size=1, unique=True))
        chosen.append(policy)
    return chosen


@dataclass(frozen=True)
class Drawn:
    """A configuration and the firms of its cells, among which regions and sectors may be empty."""

    content: dict
    parameters: dict
    firms: np.ndarray
    employment: np.ndarray

    def plan(self, **changes):
        """Blueprint, with some parameters changed; keys have ``__`` for the dot."""
        changes = {key.replace("__", "."): value for key, value in changes.items()}
        chosen = {**self.parameters, **changes}
        return plan(self.content, chosen, firms=self.firms, employment=self.employment)


@st.composite
def configurations(draw, periods=30, **fixed):
    """Configurations of everything: places, sectors, parameters, policies, firms.

    Parameters
    ----------
    periods : int
        Length of the run.
    fixed : dict
        Parameters that are not drawn; keys have ``__`` for the dot.
    """
    content = draw(economies())
    # on the whole globe hardly any two regions are near each other
    spread = draw(st.sampled_from([1.0, 0.1, 0.02]))
    for region in content["regions"]:
        region["lat"], region["lon"] = spread * region["lat"], spread * region["lon"]
    shape = (len(content["regions"]), len(content["sectors"]))
    firms = np.array([cell["firms"] for cell in content["cells"]]).reshape(shape)
    if shape[0] > 1 and draw(st.booleans()):
        firms[draw(st.integers(1, shape[0] - 1))] = 0
    if shape[1] > 1 and draw(st.booleans()):
        firms[:, draw(st.integers(1, shape[1] - 1))] = 0
    for cell in content["cells"]:
        cell["firms"] = max(cell["firms"], 1)
    ids = [[entry["id"] for entry in content[name]] for name in ("regions", "sectors")]
    content["policies"] = draw(policies(*ids, periods))
    number = int(firms.sum())
    if draw(st.booleans()):
        employment = np.full(number, 12.0)
    else:
        # a seed is quicker to draw than all firms
        employment = 1.0 + np.random.default_rng(draw(st.integers(0, 99))).lognormal(2.0, 1.3, number)
    chosen = draw(parameters()) | {"time.periods": periods}
    chosen |= {key.replace("__", "."): value for key, value in fixed.items()}
    return Drawn(content, chosen, firms, employment)
