"""The reduced model in Mesa as its tutorials write models: one object per firm, activated in stages."""

from __future__ import annotations

import math

import numpy as np

from peers.problem import OUTCOMES, Problem, make_start

PACKAGE = "mesa"


def define():
    """Return the class of the model; Mesa is imported here only."""
    from mesa import Agent, Model

    class Firm(Agent):
        def __init__(self, model, cell, technology, quality):
            super().__init__(model)
            p = model.problem
            self.cell = cell
            self.technology, self.quality = technology, quality
            self.share = 1.0 / (p.shape.regions * p.shape.firms)
            self.cash, self.research, self.fitness = 1.0, 0.5, 0.0
            self.next_technology, self.next_quality = technology, quality
            cell.firms.append(self)

        def learn(self):
            p, cell, random = self.model.problem.parameters, self.cell, self.model.random
            g = self.research / (self.research + p.difficulty)
            met = cell.firms[int(random.random() * len(cell.firms))].technology
            gap, reach = max(met - self.technology, 0.0), max(cell.pool_technology - self.technology, 0.0)
            technology = self.technology + g * (p.learning_technology * gap + p.spillover * reach)
            met = cell.firms[int(random.random() * len(cell.firms))].quality
            gap, reach = max(met - self.quality, 0.0), max(cell.pool_quality - self.quality, 0.0)
            quality = self.quality + g * (p.learning_quality * gap + p.spillover * reach)
            chance = random.random()
            if chance < 2.0 * p.chance * g:
                jump = random.expovariate(1.0 / p.step)
                if chance < p.chance * g:
                    technology += jump
                else:
                    quality += jump
            self.next_technology, self.next_quality = technology, quality

        def compete(self):
            p = self.model.problem.parameters
            self.technology, self.quality = self.next_technology, self.next_quality
            level = p.quality_weight * self.quality + p.price_weight * self.technology - self.cell.shift
            self.fitness = math.exp(min(max(level, -600.0), 600.0))

        def account(self):
            p, model = self.model.problem.parameters, self.model
            self.share = (1.0 - p.choice) * self.share + self.fitness * model.win[self.cell.sector]
            sales = model.demand * self.share
            spent = p.effort * sales if self.cash >= 0.0 else 0.0
            self.cash = (1.0 - p.payout) * self.cash + (p.margin * sales - spent - p.operating)
            self.research = (1.0 - p.fading) * self.research + spent

    class Cell:
        def __init__(self, region, sector):
            self.region, self.sector, self.firms = region, sector, []
            self.pool_technology = self.pool_quality = self.shift = 0.0

    class Region(Model):
        def __init__(self, problem, number):
            super().__init__(seed=problem.seed * 1_000_003 + number)
            self.problem = problem
            (R, S, n), start = problem.shape, make_start(problem.shape)
            self.demand = R * n
            self.cells = [Cell(c // S, c % S) for c in range(R * S)]
            self.level, self.win = [0.0] * S, [0.0] * S
            for c, cell in enumerate(self.cells):
                for technology, quality in zip(
                    start.technology[c].tolist(), start.quality[c].tolist(), strict=True
                ):
                    Firm(self, cell, technology, quality)
            self.rows = []

        def prepare(self):
            p, (R, S, n) = self.problem.parameters, self.problem.shape
            for r in range(R):
                cells = self.cells[r * S : (r + 1) * S]
                technology = [sum(f.technology for f in cell.firms) / n for cell in cells]
                quality = [sum(f.quality for f in cell.firms) / n for cell in cells]
                sales = [sum(f.share for f in cell.firms) * R for cell in cells]
                region_sales = max(sum(sales) / S, p.least_sales)
                for k, cell in enumerate(cells):
                    cell.pool_technology = (1.0 - p.beyond) * technology[k] + p.beyond * sum(technology) / S
                    cell.pool_quality = (1.0 - p.beyond) * quality[k] + p.beyond * sum(quality) / S
                    load = p.facility / max(sales[k], p.least_sales) + p.facility_region / region_sales
                    cell.shift = self.level[k] + p.price_weight * math.log(1.0 + load)

        def settle(self):
            p, (R, S, n) = self.problem.parameters, self.problem.shape
            everyone = [0.0] * S
            for cell in self.cells:
                everyone[cell.sector] += sum(f.fitness for f in cell.firms)
            for k in range(S):
                self.level[k] += math.log(everyone[k] / (R * n))
                self.win[k] = p.choice / everyone[k]

        def record(self):
            (R, S, n), firms = self.problem.shape, self.problem.shape.total
            regional = [
                sum(f.share for cell in self.cells[r * S : (r + 1) * S] for f in cell.firms) for r in range(R)
            ]
            agents = self.agents
            self.rows.append([
                agents.agg("technology", sum) / firms, agents.agg("quality", sum) / firms,
                sum(s * s for s in agents.get("share")) * R * n / S, agents.agg("cash", sum) / firms,
                agents.agg("research", sum) / firms, sum(y * y for y in regional) * R / (S * S),
            ])  # fmt: skip

        def step(self):
            self.prepare()
            self.agents.do("learn")
            self.agents.do("compete")
            self.settle()
            self.agents.do("account")
            self.record()

    return Region


def make(problem: Problem):
    """Return a function that runs the worlds one after the other and returns the outcomes."""
    model_class = define()

    def run() -> np.ndarray:
        outcomes = np.empty((problem.worlds, problem.periods, len(OUTCOMES)))
        for number in range(problem.worlds):
            model = model_class(problem, number)
            for _ in range(problem.periods):
                model.step()
            outcomes[number] = model.rows
            model.remove_all_agents()
        return outcomes

    return run


def version() -> str:
    import mesa

    return f"mesa {mesa.__version__}"
