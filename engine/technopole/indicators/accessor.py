"""``ds.tp``: the indicators as methods of a dataset, which take names of variables for arrays.

>>> import technopole.indicators
>>> ds.tp.location_quotient("employment")  # doctest: +SKIP
>>> ds.tp.theil("wage", weights="workforce")  # doctest: +SKIP
>>> ds.tp.indicators().structural_similarity.mean("replicate").plot()  # doctest: +SKIP
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from technopole.indicators.concentration import herfindahl, locational_gini
from technopole.indicators.convergence import sigma_convergence
from technopole.indicators.core import label, whole
from technopole.indicators.decomposition import olley_pakes
from technopole.indicators.firms import size_tail_exponent_binned
from technopole.indicators.inequality import theil
from technopole.indicators.pairs import krugman_dissimilarity, structural_similarity
from technopole.indicators.plants import ellison_glaeser_table
from technopole.indicators.space import distance_weights
from technopole.indicators.specialisation import (
    krugman_specialisation,
)

if TYPE_CHECKING:
    import xarray as xr

FUNCTIONS: dict[str, Callable[..., Any]] = {}
"""The functions that are methods of ``ds.tp``; filled by `technopole.indicators`."""


class Accessor:
    """Indicators of a dataset: ``ds.tp.<indicator>(…)``.

    Every function of `technopole.indicators` is a method here. Where it takes an array, the name of a variable
    of the dataset does as well; ``values`` is ``"employment"`` unless given.

    Parameters
    ----------
    ds : xarray.Dataset
        Results of a run, or any other dataset with named dimensions.
    """

    def __init__(self, ds: xr.Dataset) -> None:
        self._ds = ds

    def __getattr__(self, name: str) -> Callable[..., Any]:
        """Return an indicator that looks up names in this dataset."""
        if name not in FUNCTIONS:
            raise AttributeError(f"ds.tp has no '{name}'; it has {', '.join(sorted(self.__dir__()))}")
        function = FUNCTIONS[name]
        parameters = inspect.signature(function).parameters

        @functools.wraps(function)
        def method(*arguments: Any, **named: Any) -> Any:
            if not arguments and "values" in parameters and "values" not in named:
                arguments = ("employment",)
            takes = _positional(parameters, len(arguments))
            found = [
                self._array(value) if take else value for value, take in zip(arguments, takes, strict=False)
            ]
            others = {
                key: self._array(value) if key in parameters and _is_array(parameters[key]) else value
                for key, value in named.items()
            }
            return function(*found, *arguments[len(found) :], **others)

        return method

    def __dir__(self) -> list[str]:
        """List the indicators."""
        return [*FUNCTIONS, "indicators", "weights"]

    def _array(self, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        if value not in self._ds and value not in self._ds.coords:
            known = ", ".join(map(str, self._ds.data_vars))
            raise ValueError(f"the dataset has no variable '{value}'; it has {known or 'none'}")
        return self._ds[value]

    def weights(
        self, *, region: str = "region", neighbours: int | None = None, reach: float | None = None
    ) -> xr.DataArray:
        """Return weights of pairs of regions from the positions in the dataset.

        Parameters
        ----------
        region : str
            Name of the dimension.
        neighbours : int, optional
            1 for the nearest so many regions.
        reach : float, optional
            exp(−distance / reach), in km for latitude and longitude.

        Returns
        -------
        DataArray, dims (region, other_region)
            As `technopole.indicators.distance_weights` makes them.

        Raises
        ------
        ValueError
            If the dataset has neither latitude and longitude nor x and y, or not exactly one of the other
            arguments is given and fits.
        """
        for first, second in (("latitude", "longitude"), ("x", "y")):
            if first in self._ds.coords and second in self._ds.coords:
                return distance_weights(
                    self._ds[first], self._ds[second], region=region, neighbours=neighbours, reach=reach
                )
        raise ValueError("the dataset has no positions: neither latitude and longitude nor x and y")

    def indicators(self) -> xr.Dataset:
        """Return the main indicators of a run, of each period.

        Returns
        -------
        Dataset
            Those for which the variables were recorded, lazy if these are: ``structural_similarity`` and
            ``krugman_dissimilarity`` (means over pairs of regions), ``krugman_specialisation`` and
            ``diversity`` (equivalent number of sectors) of regions, ``locational_gini`` and
            ``ellison_glaeser`` of sectors, ``theil`` (sales per worker between regions),
            ``sigma_convergence`` (of wages), ``selection`` (covariance of the regions' share of a sector and
            their productivity), ``size_tail_exponent``.

        Raises
        ------
        ValueError
            If the dataset has no variable for any of them.
        """
        needed = sorted({variable for needs, _ in _MAIN.values() for variable in needs})
        ds = self._ds[[name for name in needed if name in self._ds]]
        if not _possible(ds):
            raise ValueError(
                f"the dataset has no variable to compute indicators from; any of {needed} is needed"
            )
        if not ds.chunks:
            return _main(ds)
        import xarray as xr

        # all indicators of a block at once: otherwise blocks wait in memory for one indicator after the other
        pieces = {name: whole(ds[name], ("region", "sector", "size_class")) for name in ds.data_vars}
        places = {name: place.compute() for name, place in ds.coords.items() if place.chunks}
        ds = ds.assign(pieces).assign_coords(places).unify_chunks()
        return xr.map_blocks(_main, ds, template=_main(ds))


def _possible(ds: xr.Dataset) -> list[str]:
    """Return the main indicators for which the dataset has the variables."""
    return [
        name
        for name, (needs, _) in _MAIN.items()
        if all(variable in ds and set(dims) <= set(ds[variable].dims) for variable, dims in needs.items())
    ]


def _main(ds: xr.Dataset) -> xr.Dataset:
    """Return the main indicators of a dataset, or of a block of it."""
    import xarray as xr

    return xr.Dataset({name: _MAIN[name][1](ds) for name in _possible(ds)})


def _is_array(parameter: inspect.Parameter) -> bool:
    return "DataArray" in str(parameter.annotation)


def _positional(parameters: Mapping[str, inspect.Parameter], count: int) -> list[bool]:
    """Tell for each positional argument whether the function takes an array there."""
    takes: list[bool] = []
    for parameter in parameters.values():
        if parameter.kind is inspect.Parameter.VAR_POSITIONAL:
            takes += [_is_array(parameter)] * (count - len(takes))
        elif parameter.kind is not inspect.Parameter.KEYWORD_ONLY:
            takes.append(_is_array(parameter))
    return takes[:count]


def _diversity(ds: xr.Dataset) -> xr.DataArray:
    return herfindahl(ds["employment"], form="equivalent")


def _between_regions(ds: xr.Dataset) -> xr.DataArray:
    workers = ds["employment"].sum("sector")
    worth = (ds["sales"].sum("sector") / workers.where(workers > 0.0)).assign_attrs(
        long_name="sales per worker"
    )
    return theil(worth, weights=workers)


def _selection(ds: xr.Dataset) -> xr.DataArray:
    found: xr.DataArray = olley_pakes(ds["sales"], ds["productivity"], firm="region")["covariance"]
    text = "covariance of the regions' share of the sector and their productivity"
    return label(found, "selection", text, str(found.attrs["units"]))


def _ellison_glaeser(ds: xr.Dataset) -> xr.DataArray:
    found: xr.DataArray = ellison_glaeser_table(ds["sales"], ds["concentration"])["gamma"]
    return found.rename("ellison_glaeser")


_CELL = ("region", "sector")
_MAIN: dict[str, tuple[dict[str, tuple[str, ...]], Callable[[xr.Dataset], xr.DataArray]]] = {
    "structural_similarity": (
        {"employment": _CELL},
        lambda ds: structural_similarity(ds["employment"], mean=True),
    ),
    "krugman_dissimilarity": (
        {"employment": _CELL},
        lambda ds: krugman_dissimilarity(ds["employment"], mean=True),
    ),
    "krugman_specialisation": ({"employment": _CELL}, lambda ds: krugman_specialisation(ds["employment"])),
    "diversity": ({"employment": _CELL}, _diversity),
    "locational_gini": ({"employment": _CELL}, lambda ds: locational_gini(ds["employment"])),
    "ellison_glaeser": ({"sales": _CELL, "concentration": ("sector",)}, _ellison_glaeser),
    "theil": ({"sales": _CELL, "employment": _CELL}, _between_regions),
    "sigma_convergence": ({"wage": ("region",)}, lambda ds: sigma_convergence(ds["wage"])),
    "selection": ({"sales": _CELL, "productivity": _CELL}, _selection),
    "size_tail_exponent": (
        {"size_distribution": ("size_class",)},
        lambda ds: size_tail_exponent_binned(ds["size_distribution"]),
    ),
}
