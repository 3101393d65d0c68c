"""Plans in a rolling horizon: one model per network, solved for every replication and date."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace

import numpy as np

from bloodsim.decision import SHORT_LIFE_DAYS, RouteTable, Snapshot
from bloodsim.optimize.problem import COARSE, Ints, Network, State, TransferPlan
from bloodsim.optimize.situation import (
    Outlook,
    Settings,
    network_of,
    outlook,
    safety_levels,
    slots_of_life,
    state_of,
)
from bloodsim.optimize.transfers import TransferModel


@dataclass(frozen=True)
class Problems:
    """The problems of one product on one day, one per replication."""

    snapshot: Snapshot
    product: str
    network: Network
    ahead: Outlook
    settings: Settings

    def state(self, replication: int) -> State:
        """Return the state of one replication."""
        where = self.snapshot, self.product, self.ahead, self.network
        return state_of(*where, replication, self.settings)


@dataclass
class Planner:
    """Plans of one product, day after day.

    Every solve starts from the basis of a reference that knows no replication, so a plan does not
    depend on the block it is made in. Another world, also one with other numbers of the same
    network, has a reference of its own.
    """

    settings: Settings = field(default_factory=Settings)
    model: TransferModel | None = None
    roads: RouteTable | None = None

    def problems(self, snapshot: Snapshot, product: str) -> Problems:
        """Return the problems of a day, and make ready the model they share."""
        settings = self._settings(snapshot, product)
        network = network_of(snapshot, product, settings)
        ahead = outlook(snapshot, product, network.slots.days, settings)
        other = self.roads is not snapshot.routes
        if self.model is None or other or not _alike(self.model.network, network):
            self.model, self.roads = TransferModel(network), snapshot.routes
            self.model.solve(_reference(snapshot, product, network, settings))
        return Problems(snapshot, product, network, ahead, settings)

    def plan(self, problems: Problems, replication: int) -> TransferPlan:
        """Return the plan of one replication."""
        assert self.model is not None
        return self.model.solve(problems.state(replication))

    def shipments(self, problems: Problems, replication: int) -> tuple[Ints, Ints]:
        """Return routes and pieces (n_rows, n_groups) that are sent, or asked for, today.

        Roads that need approval are asked for what leaves once it is given.
        """
        network, planned = problems.network, self.plan(problems, replication).transfers
        leaves = network.slots.holding(network.approval_days)
        in_time = np.flatnonzero(leaves < len(planned))
        pieces = np.zeros(planned.shape[1:])
        pieces[in_time] = planned[leaves[in_time], in_time]
        going = pieces.sum(axis=1) >= 1
        return network.route[going], np.floor(pieces[going] + 1e-6).astype(np.int32)

    def _settings(self, snapshot: Snapshot, product: str) -> Settings:
        life = snapshot.facts[product].life_days
        if life >= SHORT_LIFE_DAYS:
            return replace(self.settings, spans=COARSE)
        spans = slots_of_life(life, snapshot.facts[product].test_delay_days)
        return replace(self.settings, spans=spans, safety_days=(2.0, 1.0, 0.5), end_days=2.0)


def _reference(snapshot: Snapshot, product: str, network: Network, settings: Settings) -> State:
    """Return a normal state of the network, the same for all replications."""
    facts, normal = snapshot.facts[product], network.normal
    days, life = network.slots.days, facts.life_days
    fresh = life - facts.test_delay_days
    cover = min(10, fresh)
    by_life = np.zeros((life, *normal.shape))
    by_life[fresh - cover : fresh] = normal
    shape = (len(network.slots), *normal.shape)
    releases = snapshot.usual_releases(product, days)
    releases[0] = 0
    demand = network.slots.sums(np.broadcast_to(normal, (days, *normal.shape)))
    shares = np.array([rule.share for rule in facts.classes])
    return State(
        by_life=by_life,
        receipts=network.slots.sums(releases),
        release_life_days=fresh,
        arrivals=np.zeros(shape),
        demand=shares[:, None, None, None] * demand,
        backlog=np.zeros((len(shares), *normal.shape)),
        levels=safety_levels(settings, normal, len(network.slots)),
        exportable=by_life.sum(axis=0),
        terminal=np.zeros(len(normal)),
        end_level=settings.end_days * normal,
    )


def _alike(one: Network, other: Network) -> bool:
    """Whether two networks make the same program."""
    for item in fields(Network):
        mine, theirs = getattr(one, item.name), getattr(other, item.name)
        if item.name == "slots":
            mine, theirs = mine.length, theirs.length
        if item.name == "normal":  # a scale of shares and targets, not a coefficient
            continue
        same = np.array_equal(mine, theirs) if isinstance(mine, np.ndarray) else mine == theirs
        if not same:
            return False
    return True
