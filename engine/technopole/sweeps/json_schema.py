"""The JSON Schema of sweep files, for editors."""

from __future__ import annotations

from typing import Any

from pydantic import Field, create_model

from technopole.config.models import Section
from technopole.sweeps.models import Design, Experiment, Limits, OutcomeTable, Output, Spread, Stop


def sweep_schema() -> dict[str, Any]:
    """Return the JSON Schema of sweep files.

    Returns
    -------
    dict
        JSON Schema, draft 2020-12.
    """
    design = create_model(
        "DesignTable",
        __base__=Design,
        points=(
            int | list[dict[str, Any]] | None,
            Field(None, description="Number of points, base samples or trajectories; list: the points."),
        ),
        parameters=(
            dict[str, Spread | list[Any] | dict[str, Any]] | None,
            Field(None, description="Parameter → values or range."),
        ),
    )
    keys = dict[str, Any]
    sweep = create_model(
        "Sweep",
        __base__=Section,
        experiment=(Experiment, Field(description="What is run.")),
        set=(keys, Field({}, description="What differs from the scenario at all points.")),
        design=(design, Field(None, description="How the points are made.")),
        output=(Output, Field(None, description="What the store holds of the trajectories.")),
        outcomes=(dict[str, OutcomeTable], Field({}, description="Scalars of each replicate.")),
        contrasts=(keys, Field({}, description="Points that others are held against.")),
        stop=(Stop, Field(None, description="Go on until an interval is short enough.")),
        limits=(Limits, Field(None, description="Above these a plan is refused unless forced.")),
    )
    schema = sweep.model_json_schema(by_alias=True)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}
