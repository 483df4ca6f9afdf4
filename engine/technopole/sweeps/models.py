"""Pydantic models of the sections of a sweep file."""

from __future__ import annotations

from typing import Annotated, Any, Literal, get_args

from pydantic import Field

from technopole.config.models import Section
from technopole.schema import BACKENDS, SEED_LIMIT
from technopole.schema.outcomes import PERIODS, Over

Kind = Literal["grid", "zip", "list", "lhs", "sobol", "random", "saltelli", "morris", "file"]
Distribution = Literal["uniform", "loguniform", "normal", "integer", "choice"]
Level = Literal["economy", "region", "sector", "cell", "firm"]
Statistic = Literal["mean", "sd", "se", "interval", "n", "quantiles"]

KINDS: tuple[str, ...] = get_args(Kind)
SAMPLED = ("lhs", "sobol", "random", "saltelli", "morris")
"""Kinds of design whose points are drawn from ranges."""
POWERS_OF_TWO = ("sobol", "saltelli")
"""Kinds of design whose balance needs a power of two."""

Share = Annotated[float, Field(gt=0, lt=1)]
Whole = Annotated[int, Field(ge=1, le=SEED_LIMIT)]


class Experiment(Section):
    """``[experiment]``: what is run."""

    name: str = Field("", description="Short name, used for files; that of the file if absent.")
    title: str = Field("", description="Title, used in figures and metadata.")
    scenario: str | None = Field(None, description="Configuration, relative to this file.")
    replicates: Whole | None = Field(None, description="Replicates of each point; 32 if absent.")
    seed: Annotated[int, Field(ge=0, le=SEED_LIMIT)] | None = Field(
        None, description="In place of run.seed of the scenario."
    )
    backend: Literal[BACKENDS] | None = Field(  # type: ignore[valid-type]
        None, description="In place of run.backend of the scenario."
    )
    periods: Whole | None = Field(None, description="In place of time.periods of the scenario.")
    common_random_numbers: bool = Field(True, description="All points use the same random numbers.")
    burn_in: Annotated[int, Field(ge=0)] = Field(
        0, description="The first periods, run with the scenario as it is and not recorded."
    )


class Spread(Section):
    """The values of one parameter of a design."""

    values: Annotated[tuple[Any, ...], Field(min_length=1)] | None = Field(
        None, description="The values themselves."
    )
    low: float | None = Field(None, description="Lower bound.")
    high: float | None = Field(None, description="Upper bound.")
    dist: Distribution | None = Field(None, description="Distribution between the bounds.")
    mean: float | None = Field(None, description="Mean of the normal distribution before it is cut.")
    sd: Annotated[float, Field(gt=0)] | None = Field(None, description="Its standard deviation.")


class Design(Section):
    """``[design]`` without its points and parameters, which the sweep reads by itself."""

    kind: Kind = Field("list", description="How the points are made.")
    seed: Annotated[int, Field(ge=0, le=SEED_LIMIT)] = Field(0, description="Seed of the sampling.")
    second_order: bool = Field(False, description="saltelli: also points for indices of second order.")
    levels: Annotated[int, Field(ge=2, le=1000)] = Field(
        4, description="morris: levels of each parameter; even."
    )
    file: str | None = Field(None, description="file: CSV with one column per key, relative to this file.")
    names: tuple[str, ...] | None = Field(
        None, description="zip: names of the points; list and file: name in each point, or a column name."
    )


class Output(Section):
    """``[output]``: what the store holds besides the outcomes."""

    variables: Annotated[tuple[str, ...], Field(max_length=1000)] = Field(
        ("firms", "employment", "productivity", "wage"), description="Recorded variables."
    )
    level: Level = Field("region", description="What one value describes.")
    stride: Whole = Field(1, description="Record every so many periods.")
    raw: bool = Field(False, description="Store every replicate.")
    statistics: tuple[Statistic, ...] = Field(
        ("mean", "sd", "se", "interval", "n"), description="Over the replicates of a point."
    )
    quantiles: Annotated[tuple[Share, ...], Field(min_length=1)] = Field(
        (0.05, 0.5, 0.95), description="Which quantiles."
    )
    confidence: Share = Field(0.95, description="Of the intervals.")


class OutcomeTable(Section):
    """One of ``[outcomes]``."""

    variable: str = Field(description="Recorded variable or index.")
    over: Over = Field("last", description="last, mean, sum, growth.")
    periods: Whole = Field(PERIODS, description="Over the last so many periods.")
    region: str | None = Field(None, description="Id; the whole economy if absent.")
    sector: str | None = Field(None, description="Id; all sectors if absent.")


class Stop(Section):
    """``[stop]``: go on, round by round, until an interval is short enough."""

    outcome: str = Field(description="Name of an outcome.")
    half_width: Annotated[float, Field(gt=0)] = Field(description="Wanted half-width of its interval.")
    confidence: Share = Field(0.95, description="Of the interval.")
    minimum: Annotated[int, Field(ge=2, le=SEED_LIMIT)] = Field(16, description="Replicates before any look.")
    maximum: Annotated[int, Field(ge=2, le=SEED_LIMIT)] = Field(512, description="Replicates at most.")
    round: Whole = Field(16, description="Replicates between two looks.")


class Limits(Section):
    """``[limits]``: above these a plan is refused unless forced; they alter no result."""

    core_hours: float = Field(default=24.0, gt=0, description="Estimated time on one core.")
    bytes: float = Field(default=20e9, gt=0, description="Size of the store.")
    files: float = Field(default=100_000, gt=0, description="Files of the store.")


SECTIONS = ("experiment", "config", "set", "design", "output", "outcomes", "contrasts", "stop", "limits")
"""All that a sweep file may hold; `config` (a whole configuration) stands in place of a scenario file."""
