"""What a planner sees at one moment: copies of the present, and nothing once it is over."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bloodsim.blood import GROUPS
from bloodsim.cost import coefficients, terminal_price
from bloodsim.decision import PlanError, Snapshot
from bloodsim.model.bank import Bank
from bloodsim.model.forecast import Forecaster, announced
from bloodsim.model.ledger import Ledger
from bloodsim.model.luck import Chunk
from bloodsim.model.outlook import facts_of
from bloodsim.model.paths import Paths
from bloodsim.model.supply_outlook import supply_of
from bloodsim.model.transfer import Transfers
from bloodsim.model.world import World
from bloodsim.scenario import CostWeights

Ints = NDArray[np.int32]


@dataclass
class Present:
    """The present as planners may see it; ``over`` once the plan is made."""

    world: World
    bank: Bank
    ledger: Ledger
    transfers: Transfers
    forecaster: Forecaster
    chunk: Chunk
    day: int
    cost: CostWeights
    first_day: int = 0
    over: bool = False
    foresight: Paths | None = None

    def snapshot(self) -> Snapshot:
        """Return the snapshot of this moment."""
        world, bank, day = self.world, self.bank, self.day
        index = {product.name: i for i, product in enumerate(world.products)}
        backlog = self.ledger.backlog()
        return Snapshot(
            day=day,
            date=world.date(day),
            regions=world.regions,
            groups=GROUPS,
            stock={name: bank.stocks[i].on_hand() for name, i in index.items()},
            in_test={name: bank.pipelines[i].in_test() for name, i in index.items()},
            in_transit={name: bank.in_transit(i) for name, i in index.items()},
            promised_in={n: bank.promised(n, world.routes.destination) for n in index},
            promised_out={n: bank.promised(n, world.routes.origin) for n in index},
            life_below=self._while_deciding(
                lambda product, days: bank.stocks[index[product]].life_below(day, days)
            ),
            stock_by_life=self._while_deciding(lambda product: self._ages(index[product])),
            releases=self._while_deciding(lambda product: self._releases(index[product])),
            arrivals=self._while_deciding(lambda product: self._arrivals(index[product])),
            alert_level={name: bank.alert_level[i].copy() for name, i in index.items()},
            alert_levels={
                p.name: tuple(level.colour for level in p.alert_levels) for p in world.products
            },
            room=self._while_deciding(
                lambda product, route, replication: self.transfers.vehicles.fair_room(
                    product, route, replication, day
                )
            ),
            shippable=self._while_deciding(
                lambda product, route, replication: self.transfers.shippable(
                    product, route, replication, day
                )
            ),
            backlog={name: backlog[i] for name, i in index.items()},
            normal_demand={
                p.name: p.normal_pieces[day][:, None] * world.group_shares for p in world.products
            },
            forecast=self._while_deciding(
                lambda product, days: self._foreseen(index[product], days)
            ),
            announced=self._while_deciding(
                lambda product, days: announced(world, self.chunk, index[product], day, days)
            ),
            turnout_factor={
                c.name: bank.turnout_factor[i].copy() for i, c in enumerate(world.channels)
            },
            pool_factor={c.name: bank.pool_factor[i].copy() for i, c in enumerate(world.channels)},
            calendar=world.calendar,
            eligible_donors={
                pool.gift: state.eligible.copy()
                for pool, state in zip(world.pools, bank.donors.pools, strict=True)
            },
            pieces_per_unit={p.name: p.pieces_per_unit for p in world.products},
            routes=world.routes,
            **self._for_planners(),
            drives=world.drives.table if world.drives else None,
            visits=self._while_deciding(bank.drives.visits.copy) if bank.drives else None,
        )

    def _for_planners(self) -> dict[str, Any]:
        """Return what those who plan ahead look at: facts, daily forecasts, the cost."""
        world, day = self.world, self.day
        index = {product.name: i for i, product in enumerate(world.products)}
        points = self.cost.model_dump()
        return {
            "facts": {name: facts_of(world, i) for name, i in index.items()},
            "forecast_by_day": self._while_deciding(
                lambda product, days: self._day_by_day(index[product], days)
            ),
            "usual_releases": self._while_deciding(
                lambda product, days: self.forecaster.usual_releases(index[product], day, days)
            ),
            "history": self._while_deciding(
                lambda product, days: self._remembered(index[product], days)
            ),
            "supply": self._while_deciding(
                lambda product: supply_of(
                    world, self.bank, self.forecaster, self.cost, index[product], day
                )
            ),
            "known": None if self.foresight is None else self._while_deciding(self._known),
            "weights": {**coefficients(points), "terminal_price": terminal_price(points)},
            "target_days": self.cost.terminal_cover_days,
            "days_left": world.n_days - day,
            "days_run": day - self.first_day,
        }

    def _while_deciding(self, look: Callable[..., Any]) -> Callable[..., Any]:
        """Return *look*, which refuses to answer when the moment is over: no peeping later."""

        def answer(*arguments: Any) -> Any:
            if self.over:
                raise PlanError(f"the snapshot of day {self.day} is over; ask the new one")
            return look(*arguments)

        return answer

    def _known(self, product: str, days: int) -> tuple[Ints, Ints]:
        assert self.foresight is not None
        return self.foresight.ahead(product, self.day, days)

    def _foreseen(self, product: int, days: int) -> NDArray[np.float64]:
        """Return the best forecast of requests: what is booked, and for the rest the mean."""
        rest = self.forecaster.demand(product, self.day, days)
        booked = announced(self.world, self.chunk, product, self.day, days)
        return rest + np.add.reduce(booked, axis=1)

    def _day_by_day(self, product: int, days: int) -> NDArray[np.float64]:
        """Return the forecast of each day; booked requests count on their days."""
        rest = self.forecaster.demand_by_day(product, self.day, days)
        before = np.zeros_like(rest[0])
        for lead in range(days if self.chunk.requested_next is not None else 0):
            booked = announced(self.world, self.chunk, product, self.day, lead + 1)
            upto = np.add.reduce(booked, axis=1).astype(float)
            rest[lead] += upto - before
            before = upto
        return rest

    def _remembered(self, product: int, days: int) -> dict[str, Ints]:
        """Return the flows of the last closed days, as far as the policy asked for them."""
        history = self.bank.history
        if history is None or not 1 <= days <= history.days:
            known = history.days if history else 0
            raise PlanError(f"{days} days of history: the policy declares history_days = {known}")
        return history.last(product, days, self.bank.stocks[product].gone.shape)

    def _ages(self, product: int) -> Ints:
        life = self.world.products[product].life_days
        return self.bank.stocks[product].by_expiry(self.day + 1, self.day + life)

    def _releases(self, product: int) -> Ints:
        pipeline = self.bank.pipelines[product]
        delay = self.world.products[product].test_delay_days
        order = [(self.day + 1 + k) % (delay + 1) for k in range(delay)]
        due = pipeline.good[order] + pipeline.bad[order]
        if pipeline.held is not None:
            due[0] += np.add.reduce(pipeline.held, axis=0)
        return due

    def _arrivals(self, product: int) -> Ints:
        roads = self.bank.roads[product]
        if roads is None:
            return np.zeros((0, *self.bank.stocks[product].gone.shape), np.int32)
        ring = len(roads.total)
        return roads.total[[(self.day + 1 + k) % ring for k in range(ring - 1)]]
