"""What a transfer plan is asked for, and what comes back: arrays in pieces, one replication."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]
Ints = NDArray[np.integer]

WEEKLY = ((1, 14), (2, 7), (7, 2))
"""Slots of the full form: fourteen days, seven pairs of days, two weeks: 42 days."""
COARSE = ((1, 3), (2, 2), (7, 1), (14, 2))
"""Slots of a quick form, for plans in a rolling horizon: 42 days too."""


@dataclass(frozen=True)
class Slots:
    """Consecutive spans of days, today first.

    Parameters
    ----------
    length : int array (n_slots,)
        Days of each; the first is today alone.
    """

    length: Ints

    @classmethod
    def of(cls, spans: tuple[tuple[int, int], ...]) -> Slots:
        """Return slots from (days, count) pairs."""
        return cls(np.repeat([days for days, _ in spans], [count for _, count in spans]))

    def __len__(self) -> int:
        return len(self.length)

    @property
    def start(self) -> Ints:
        """First day of each slot, from today."""
        return np.cumsum(self.length) - self.length

    @property
    def end(self) -> Ints:
        """Last day of each slot, from today."""
        return np.cumsum(self.length) - 1

    @property
    def days(self) -> int:
        """Days in all."""
        return int(self.length.sum())

    def holding(self, day: Ints) -> Ints:
        """Return the slot of each day; ``len(self)`` for days beyond the last."""
        return np.searchsorted(self.end, day)

    def sums(self, daily: Floats) -> Floats:
        """Sum an array (n_days, ...) over the days of each slot."""
        return np.add.reduceat(daily[: self.days], self.start, axis=0)


@dataclass(frozen=True)
class ClassRule:
    """One class of requests as a plan sees it; prices in points per piece.

    Parameters
    ----------
    name : str
        ``emergency``, ``urgent`` or ``elective``.
    lost_price, waiting_price : float
        Points per piece lost (cancelled), and per piece and day of waiting.
    patience_days : int
        Days that a request waits.
    pairs : tuple of (donor, patient)
        Which group serves which; every group serves itself, others at *ladder* points more.
    ladder : float
        Points per piece and step down the order of preference.
    """

    name: str
    lost_price: float
    waiting_price: float
    patience_days: int
    pairs: tuple[tuple[int, int], ...]
    ladder: float = 0.01


@dataclass(frozen=True)
class Network:
    """What does not change from one plan to the next: it fixes the program's coefficients.

    Parameters
    ----------
    regions, groups : tuple of str
        Names.
    slots : Slots
        The horizon.
    origin, destination, lead_days, approval_days : int array (n_arcs,)
        Roads that may be used.
    route : int array (n_arcs,)
        Rows of the road table that they are.
    arc_price : float array (n_arcs,)
        Points per piece.
    classes : tuple of ClassRule
        Most urgent first.
    min_life_days : int
        Life that units have left on arrival.
    outdate_price : float
        Points per piece outdated.
    level_prices : tuple of float
        Points per piece and day by which stock is below each safety level, first level highest.
    terminal_price, end_price : float
        Points per piece: of a region's stock and transit short of its target at the end, and of a
        group's stock short of its own.
    universal_share : float, optional
        Stock of a group that other groups may be served from in a slot, as a share of what is left;
        beyond it *universal_price* points per piece.
    normal : float array (n_regions, n_groups)
        Pieces asked for on a normal day: the scale of shares and targets.
    whole_slots : int
        First slots whose shipments are whole lots between the smallest and the largest shipment.
    has_vehicles : bool
        Whether what leaves on a road today is limited by vehicles (the room is the state's).
    lot, smallest, largest : int
        Pieces: lot of each group, smallest and largest shipment over all groups.
    """

    regions: tuple[str, ...]
    groups: tuple[str, ...]
    slots: Slots
    origin: Ints
    destination: Ints
    lead_days: Ints
    approval_days: Ints
    route: Ints
    arc_price: Floats
    classes: tuple[ClassRule, ...]
    min_life_days: int
    outdate_price: float
    level_prices: tuple[float, ...] = ()
    terminal_price: float = 0.0
    end_price: float = 0.0
    universal_share: float | None = None
    universal_price: float = 20.0
    normal: Floats = field(default_factory=lambda: np.zeros((0, 0)))
    whole_slots: int = 0
    has_vehicles: bool = False
    lot: int = 1
    smallest: int = 0
    largest: int = 1_000_000

    @property
    def longest_days(self) -> int:
        """Longest journey (days)."""
        return int(self.lead_days.max(initial=0))


@dataclass(frozen=True)
class State:
    """What changes from plan to plan: bounds and right-hand sides, in pieces.

    Parameters
    ----------
    by_life : float array (life_days, n_regions, n_groups)
        Stock by days of issue left, less one: index 0 may be issued today only.
    receipts : float array (n_slots, n_regions, n_groups)
        Expected releases; today's are in stock already.
    release_life_days : int
        Days on which a unit may be issued, from its release on.
    arrivals : float array (n_slots, n_regions, n_groups)
        Shipments on their way.
    demand : float array (n_classes, n_slots, n_regions, n_groups)
        Expected requests.
    backlog : float array (n_classes, n_regions, n_groups)
        Requests that wait.
    levels : float array (n_levels, n_slots, n_regions, n_groups)
        Safety levels, highest first.
    exportable : float array (n_regions, n_groups)
        Stock that may leave today: above the donor's floor, long-lived enough.
    terminal : float array (n_regions,)
        Target of stock and transit at the end, less backlog.
    end_level : float array (n_regions, n_groups)
        Target of each group's stock at the end.
    room : float array (n_arcs,), optional
        Pieces that today's vehicles on each road still take, where the network has vehicles.
    """

    by_life: Floats
    receipts: Floats
    release_life_days: int
    arrivals: Floats
    demand: Floats
    backlog: Floats
    levels: Floats
    exportable: Floats
    terminal: Floats
    end_level: Floats
    room: Floats | None = None


@dataclass(frozen=True)
class TransferProblem:
    """One planning problem: the network and the state of one product in one replication."""

    network: Network
    state: State


@dataclass(frozen=True)
class TransferPlan:
    """A plan that was checked row by row.

    Parameters
    ----------
    status, gap, objective : str, float, float
        As the solver proved it; gap 0 for linear plans.
    transfers : float array (n_slots, n_arcs, n_groups)
        Pieces that leave in each slot.
    stock : float array (n_slots, n_regions, n_groups)
        Stock at the end of each slot.
    served, unmet, waiting : float array (n_classes, n_slots, n_regions, n_groups)
        Requests by patient group.
    outdated : float array (n_slots, n_regions, n_groups)
        Pieces that outdate.
    prices : float array (n_slots, n_regions, n_groups)
        What one more piece released in a slot would save (points); zeros for whole-number plans.
    slacks : mapping of str to float array
        By how much each policy row is missed, by name.
    """

    status: str
    gap: float
    objective: float
    transfers: Floats
    stock: Floats
    served: Floats
    unmet: Floats
    waiting: Floats
    outdated: Floats
    prices: Floats
    slacks: Mapping[str, Floats]
