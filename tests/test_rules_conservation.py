"""The ledger's check notices whatever is made to appear, vanish, stray or change its age."""

from __future__ import annotations

import numpy as np
import pytest
from worlds_exact import O_POS, Planned, exact_world, play, road

from bloodsim.model.collection import Collection
from bloodsim.model.demand import Requests
from bloodsim.model.ledger import ConservationError, Ledger
from bloodsim.model.stock import Stock
from bloodsim.model.transfer import Transfers

NORTH, SOUTH, WEST = 0, 1, 2


def run(monkeypatch, days: int = 4, **changes):
    """Three regions, ten units on a road of two days, some waiting, some in test."""
    routes = road(lead_days=2)
    routes["extra"].append(routes["extra"][0] | {"destination": "west"})
    world = exact_world(
        days,
        ("north", "south", "west"),
        {"urgent": {"share": 1.0, "patience_days": 3}},
        routes=routes,
        **changes,
    )
    first = world.run.warmup_days  # the first scored day
    assert isinstance(first, int)
    donors = {(day, region): 5 for day in range(first + days) for region in range(3)}
    requests = {(day, NORTH): 2 for day in range(first + days)} | {(first, WEST): 9}
    plan = Planned({first: [(NORTH, SOUTH, 10)], first + 3: [(NORTH, SOUTH, 4)]})
    stock = {(NORTH, 8): 20, (NORTH, 5): 10}
    return play(monkeypatch, world, stock, donors=donors, requests=requests, policy=plan)


def test_nothing_is_amiss(monkeypatch):
    """The world of these tests passes the check."""
    run(monkeypatch)
    run(monkeypatch, run__warmup_days=2)


def _stock(bank):
    bank.stocks[0].received[NORTH, O_POS, 0] += 1


def _stock_older(bank):
    bank.stocks[0].gone[SOUTH, O_POS, 1] += 1


def _in_test(bank):
    bank.pipelines[0].good[:, WEST, O_POS, 0] -= 1


def _failed(bank):
    bank.pipelines[0].bad[:, WEST, O_POS, 0] += 1


def _on_the_road(bank):
    bank.roads[0].total[:, SOUTH, O_POS, 1] += 1


def _waiting(bank):
    bank.waiting[0][0, WEST, O_POS, 0] += 1


def _other_group(bank):
    bank.stocks[0].gone[NORTH, O_POS, 0] += 1
    bank.stocks[0].received[NORTH, O_POS + 1, 0] += 1


def _other_region(bank):
    bank.stocks[0].gone[NORTH, O_POS, 0] += 1
    bank.stocks[0].received[SOUTH, O_POS, 0] += 1


@pytest.mark.parametrize(
    ("tamper", "what"),
    [
        (_stock, "stock"),
        (_stock_older, "stock"),
        (_in_test, "in test"),
        (_failed, "in test"),
        (_on_the_road, "in transit"),
        (_waiting, "requests"),
        (_other_group, "stock"),
        (_other_region, "stock"),
    ],
)
def test_one_piece_more_or_less_is_noticed(monkeypatch, tamper, what):
    """In one replication of two, in one region, group and state."""
    check = Ledger.check

    def tampered(ledger: Ledger) -> None:
        tamper(ledger.bank)
        check(ledger)

    monkeypatch.setattr(Ledger, "check", tampered)
    with pytest.raises(ConservationError, match=what):
        run(monkeypatch)


@pytest.mark.parametrize("flow", ["collected", "released", "discarded", "issued", "outdated"])
def test_a_flow_that_is_not_booked_is_noticed(monkeypatch, flow):
    """The first piece of a flow stays out of the books."""
    add = Ledger.add

    def forget(ledger: Ledger, name: str, product: int, pieces) -> None:
        if name == flow and not getattr(ledger, "forgot", False):
            pieces = pieces.copy()
            if pieces[NORTH, O_POS, 0]:
                pieces[NORTH, O_POS, 0] -= 1
                ledger.forgot = True  # type: ignore[attr-defined]
        add(ledger, name, product, pieces)

    monkeypatch.setattr(Ledger, "add", forget)
    with pytest.raises(ConservationError):
        run(
            monkeypatch,
            10,
            products__red_cells__discard_share=0.5,
            products__red_cells__shelf_life_days=8,
        )


def test_requests_that_vanish_are_noticed(monkeypatch):
    """A closing day that forgets who waits."""
    close = Requests.close

    def forget(requests: Requests, *args) -> None:
        close(requests, *args)
        requests.bank.waiting[0][:] = 0

    monkeypatch.setattr(Requests, "close", forget)
    with pytest.raises(ConservationError, match="requests"):
        run(monkeypatch)


def test_a_loss_in_the_warm_up_is_noticed(monkeypatch):
    """A piece that vanishes before scoring starts."""
    release = Collection.release

    def lose(collection: Collection, day: int) -> None:
        release(collection, day)
        if day == 1:
            collection.bank.stocks[0].gone[SOUTH, O_POS] += 1

    monkeypatch.setattr(Collection, "release", lose)
    with pytest.raises(ConservationError):
        run(monkeypatch, run__warmup_days=3)


def test_a_shipment_that_arrives_elsewhere_is_noticed(monkeypatch):
    """What was sent to south is booked and put into stock in west."""
    arrive = Transfers.arrive

    def stray(transfers: Transfers, day: int) -> None:
        for roads in transfers.bank.roads:
            slot = day % len(roads.total)
            roads.total[slot] = roads.total[slot][[NORTH, WEST, SOUTH]]
            roads.arriving[slot] = roads.arriving[slot][:, [NORTH, WEST, SOUTH]]
        arrive(transfers, day)

    monkeypatch.setattr(Transfers, "arrive", stray)
    with pytest.raises(ConservationError):
        run(monkeypatch)


def test_a_shipment_that_changes_its_group_is_noticed(monkeypatch):
    """What was sent as O+ arrives as AB+."""
    arrive = Transfers.arrive

    def change(transfers: Transfers, day: int) -> None:
        for roads in transfers.bank.roads:
            slot = day % len(roads.total)
            roads.total[slot] = np.roll(roads.total[slot], 1, axis=1)
            roads.arriving[slot] = np.roll(roads.arriving[slot], 1, axis=2)
        arrive(transfers, day)

    monkeypatch.setattr(Transfers, "arrive", change)
    with pytest.raises(ConservationError):
        run(monkeypatch)


def test_ages_destroyed_on_arrival_are_noticed(monkeypatch):
    """Shipments that arrive without the counts that say how old they are."""
    merge = Stock.merge
    monkeypatch.setattr(Stock, "merge", lambda stock, arriving, n: merge(stock, 0 * arriving, n))
    with pytest.raises(ConservationError):
        run(monkeypatch)
