"""The reduced model in mesa-frames: one agent set whose columns are advanced by Polars expressions."""

from __future__ import annotations

import numpy as np

from peers.problem import OUTCOMES, Problem, make_start

PACKAGE = "mesa_frames"


def define():
    """Return the class of the model; mesa-frames and Polars are imported here only."""
    import polars as pl
    from mesa_frames import AgentSetPolars, ModelDF

    col = pl.col

    class Firms(AgentSetPolars):
        def __init__(self, model):
            super().__init__(model)
            (R, S, n), start = model.problem.shape, make_start(model.problem.shape)
            cells, total = R * S, R * S * n
            cell = np.repeat(np.arange(cells, dtype=np.int32), n)
            self.first = cell.astype(np.int64) * n
            self.add(
                pl.DataFrame(
                    {
                        "unique_id": np.arange(total), "cell": cell, "region": cell // S, "sector": cell % S,
                        "technology": start.technology.ravel(), "quality": start.quality.ravel(),
                        "share": np.full(total, 1.0 / (R * n)), "cash": np.full(total, 1.0),
                        "research": np.full(total, 0.5), "level": np.zeros(total),
                    }
                )
            )  # fmt: skip

        def learn(self):
            p, (R, S, n) = self.model.problem.parameters, self.model.problem.shape
            random, total = self.model.random, self.model.problem.shape.total

            def mix(name):
                return (1.0 - p.beyond) * col(name).mean().over("cell") + p.beyond * col(name).mean().over(
                    "region"
                )

            def learned(name, met, rate):
                gap, reach = (col(met) - col(name)).clip(0.0), (mix(name) - col(name)).clip(0.0)
                return col(name) + col("g") * (rate * gap + p.spillover * reach)

            chance = pl.Series(random.random(total))
            jump = pl.Series(random.exponential(p.step, total))
            sold = (col("share").sum().over("cell") * R).clip(p.least_sales)
            sold_region = (col("share").sum().over("region") * (R / S)).clip(p.least_sales)
            met = [pl.Series(self.first + random.integers(0, n, total)) for _ in range(2)]
            h = p.chance * col("g")
            frame = self.agents.with_columns(
                g=col("research") / (col("research") + p.difficulty),
                met_technology=col("technology").gather(met[0]),
                met_quality=col("quality").gather(met[1]),
                chance=chance,
                jump=jump,
                overhead=(1.0 + p.facility / sold + p.facility_region / sold_region).log(),
            )
            self.agents = frame.with_columns(
                technology=learned("technology", "met_technology", p.learning_technology)
                + pl.when(col("chance") < h).then(col("jump")).otherwise(0.0),
                quality=learned("quality", "met_quality", p.learning_quality)
                + pl.when((col("chance") >= h) & (col("chance") < 2.0 * h)).then(col("jump")).otherwise(0.0),
            )

        def compete(self):
            p, (R, _, n) = self.model.problem.parameters, self.model.problem.shape
            level = p.quality_weight * col("quality") + p.price_weight * (col("technology") - col("overhead"))
            frame = self.agents.with_columns(fitness=(level - col("level")).clip(-600.0, 600.0).exp())
            frame = frame.with_columns(everyone=col("fitness").sum().over("sector"))
            sales, spent = R * n * col("share"), col("spent")
            frame = frame.with_columns(
                level=col("level") + (col("everyone") / (R * n)).log(),
                share=(1.0 - p.choice) * col("share") + p.choice * col("fitness") / col("everyone"),
            )
            frame = frame.with_columns(
                spent=pl.when(col("cash") >= 0.0).then(p.effort * sales).otherwise(0.0)
            )
            self.agents = frame.with_columns(
                cash=(1.0 - p.payout) * col("cash") + p.margin * sales - spent - p.operating,
                research=(1.0 - p.fading) * col("research") + spent,
            )

        def row(self):
            (R, S, n), frame = self.model.problem.shape, self.agents
            regional = frame.group_by("region").agg(col("share").sum())["share"]
            names = ("technology", "quality", "cash", "research")
            means = frame.select(*names, squares=col("share") ** 2).mean().row(0)
            return [means[0], means[1], means[4] * R * n * R * n, means[2], means[3],
                    float((regional**2).sum()) * R / (S * S)]  # fmt: skip

        def step(self):
            self.learn()
            self.compete()

    class Region(ModelDF):
        def __init__(self, problem, number):
            super().__init__([problem.seed, number])
            self.problem = problem
            self.firms = Firms(self)
            self.agents.add(self.firms)

    return Region, Firms


def make(problem: Problem):
    """Return a function that runs the worlds one after the other (Polars uses all threads) and returns the outcomes."""
    model_class, firms_class = define()

    def run() -> np.ndarray:
        outcomes = np.empty((problem.worlds, problem.periods, len(OUTCOMES)))
        for number in range(problem.worlds):
            model = model_class(problem, number)
            for period in range(problem.periods):
                model.step()
                outcomes[number, period] = model.get_agents_of_type(firms_class).row()
        return outcomes

    return run


def version() -> str:
    from importlib.metadata import version as of

    return f"mesa-frames {of('mesa-frames')}, polars {of('polars')}"
