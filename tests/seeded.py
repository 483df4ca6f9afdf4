"""Random valid configurations of the whole model from one seed, which is all it takes to see one again.

Hypothesis mutates its last example, so that most of its examples of 118 parameters differ in one or two of them.
Here every seed is an economy of its own.
"""

import numpy as np

from configurations import STRENGTH, Drawn
from technopole.schema import CHANNELS, INSTRUMENTS, PARAMETERS, SECTOR_DEFAULTS, SIZE_CLASSES

SWITCHES = frozenset(
    key for key, entry in PARAMETERS.items() if entry.claim and entry.low == 0 and not entry.low_open
) | {"accounts.tax"}
"""Parameters that are also 0.

Not every one that may be, because firms then stand on the edge of a decision, which the last bit takes differently in
model and twin (traced: nothing else differs before, and either decision is within rounding of the specification):

- `initial.sd_*`: entrants know what the mean of their cell does, but for the last bit of a sum in another order. Barter
  (MODEL.md 7.2) counts the channels in which one is ahead, x_i > x_j, so a difference of 1e-17 in one decides whether a
  gap of 0.1 in another is traded. Nine of seeds 0 to 59 differ, all with `learning.rule = "barter"`.
- `market.markup`: research eats up all cash and credit. The only firm of a sector then has sales as before and
  cash' = -credit' to the last bit, and leaves (7.10) if it is below. Seeds 113 and 173 of 0 to 329 differ.

`test_twin_period.py` has both at 0 where there is no such edge.
"""


def seeded_configuration(seed, periods=30):
    """Return the configuration of a seed, and seed and replicate of its run.

    Parameters
    ----------
    seed : int
        At least 0.
    periods : int
        Length of the run.

    Returns
    -------
    drawn : Drawn
    seed, replicate : int
        Key of the random numbers of the model.
    """
    rng = np.random.default_rng(seed)
    shape = int(rng.choice(4, p=(0.15, 0.35, 0.25, 0.25))) + 1, int(rng.choice(3, p=(0.15, 0.4, 0.45))) + 1
    firms = rng.integers(0, 41, shape)
    content = _places(rng, shape)
    content["policies"] = _policies(rng, content, periods)
    for count, axis in zip(shape, (0, 1), strict=True):
        if count > 1 and rng.random() < 0.25:  # a region or a sector without firms
            np.moveaxis(firms, axis, 0)[rng.integers(1, count)] = 0
    firms[0, 0] = max(firms[0, 0], 1)
    content["cells"] = [
        {
            "region": f"r{r}",
            "sector": f"s{k}",
            "firms": int(max(firms[r, k], 1)),
            "size_classes": [2.0**-number for number in range(len(SIZE_CLASSES))],
        }
        for r in range(shape[0])
        for k in range(shape[1])
    ]
    number = int(firms.sum())
    equal = rng.random() < 0.3
    employment = np.full(number, 12.0) if equal else 1.0 + rng.lognormal(2.0, 1.3, number)
    parameters = seeded_parameters(rng) | {"time.periods": periods}
    key = [int(word) for word in rng.integers(0, 2**32, 2)]
    return Drawn(content, parameters, firms, employment), *key


def seeded_parameters(rng):
    """Draw the parameters that are not at their default: few, half, or nearly all."""
    changed = rng.choice((0.2, 0.5, 0.9))
    values = {key: _value(rng, entry) for key, entry in PARAMETERS.items() if rng.random() < changed}
    kinds = [f"innovation.kind_{channel}" for channel in CHANNELS]
    if not any(values.get(key, PARAMETERS[key].default) for key in kinds):
        del values[kinds[0]]
    spillover = values.get("spillover.rate", PARAMETERS["spillover.rate"].default)
    for channel in CHANNELS:
        key = f"learning.{channel}"
        values[key] = min(values.get(key, PARAMETERS[key].default), 1.0 - spillover)
    return values


def _value(rng, entry):
    """Any choice; 0, where that is a switch, once in five times; or a number of the sensible range."""
    if entry.dtype == "choice":
        return str(rng.choice(entry.choices))
    if entry.dtype == "bool":
        return bool(rng.random() < 0.5)
    if entry.key in SWITCHES and rng.random() < 0.2:
        return 0.0
    return float(rng.uniform(*entry.search_range))


def _places(rng, shape):
    """Regions, sectors with traits of their own, and perhaps suppliers."""
    # on the whole globe hardly any two regions are near each other
    spread = rng.choice((1.0, 0.1, 0.02))
    regions = [
        {
            "id": f"r{number}",
            "lat": float(spread * rng.uniform(-60, 60)),
            "lon": float(spread * rng.uniform(-170, 170)),
            "infrastructure": float(rng.uniform(0.5, 2)),
            **{stock: float(rng.uniform(0, 2)) for stock in ("university", "services", "finance")},
        }
        for number in range(shape[0])
    ]
    sectors = [
        {
            "id": f"s{number}",
            "high_tech": bool(rng.random() < 0.5),
            "group": str(rng.choice(["a", "b"])),
            **{
                trait: float(rng.uniform(*PARAMETERS[keys[0]].search_range))
                for trait, keys in SECTOR_DEFAULTS.items()
                if rng.random() < 0.3
            },
        }
        for number in range(shape[1])
    ]
    content = {"regions": regions, "sectors": sectors}
    if rng.random() < 0.5:
        shares = {sector["id"]: float(rng.uniform()) for sector in sectors}
        content["suppliers"] = [{"sector": "s0", "from": shares}]
    return content


def _policies(rng, content, periods):
    """Up to four policies, for some places and some time, perhaps beyond the end of the run."""
    chosen = []
    for name in rng.choice(sorted(STRENGTH), rng.integers(0, 5), replace=False):
        name = str(name)
        policy = {"instrument": name, "value": float(rng.uniform(*STRENGTH[name]))}
        policy["start"] = int(rng.integers(0, periods // 2 + 1))
        if rng.random() < 0.5:
            policy["end"] = policy["start"] + int(rng.integers(1, periods + 1))
        for dim in ("region", "sector"):
            if dim in INSTRUMENTS[name].dims and rng.random() < 0.5:
                ids = [entry["id"] for entry in content[f"{dim}s"]]
                some = rng.choice(ids, rng.integers(1, len(ids) + 1), replace=False)
                policy[f"{dim}s"] = [str(place) for place in some]
        chosen.append(policy)
    return chosen
