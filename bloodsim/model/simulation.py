"""The whole model on one page: what happens in a day, and in which order."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Any

import numpy as np
import simpy

from bloodsim.decision import OrderRule, Policy
from bloodsim.model import clock
from bloodsim.model.alerts import Alerts
from bloodsim.model.attainable import Envelope
from bloodsim.model.bank import Bank
from bloodsim.model.collection import Collection
from bloodsim.model.collection_mode import CollectionMode
from bloodsim.model.commitments import Commitments
from bloodsim.model.crossmatch import take_back
from bloodsim.model.demand import Requests
from bloodsim.model.forecast import Forecaster
from bloodsim.model.history import Recorder
from bloodsim.model.ledger import Ledger
from bloodsim.model.luck import Chunk
from bloodsim.model.making import Making
from bloodsim.model.orders import Orders
from bloodsim.model.paths import Paths
from bloodsim.model.regulation import regulate
from bloodsim.model.snapshot import Present
from bloodsim.model.transfer import Transfers
from bloodsim.model.uniforms import Uniforms
from bloodsim.model.world import World
from bloodsim.scenario import CostWeights


class Simulation:
    """A block of replications of one variant, from the state of a bank at the start of a day."""

    def __init__(
        self,
        world: World,
        bank: Bank,
        policy: Policy,
        forecaster: Forecaster,
        first_day: int,
        keep_daily: bool = False,
        mode: CollectionMode | None = None,
        order_rules: Sequence[tuple[OrderRule, OrderRule | None]] = (),
        cost: CostWeights | None = None,
        record_paths: bool = False,
        foresight: Paths | None = None,
        envelope: Envelope | None = None,
    ) -> None:
        self.world, self.bank, self.policy, self.forecaster = world, bank, policy, forecaster
        self.first_day = first_day
        self.cost = world.scenario.cost if cost is None else cost
        # Bounds are asked for one collection that several variants share.
        recording = record_paths and mode is not None and (mode.keep or envelope is not None)
        self.ledger = Ledger(world, bank, keep_daily)
        self.paths = Paths(world, bank, self.ledger, first_day) if recording else None
        self.foresight = foresight
        self.recorder = Recorder(self.ledger)
        self.alerts = Alerts(world, bank)
        uniforms = Uniforms(world, forecaster.seed, forecaster.replications)
        self.envelope = envelope
        self.collection = Collection(world, bank, self.ledger, uniforms, mode, envelope)
        self.requests = Requests(world, bank, self.ledger, self.alerts)
        self.transfers = Transfers(world, bank, self.ledger, uniforms)
        self.commitments = Commitments(world, bank, self.transfers)
        self.orders = Orders(world, bank, self.ledger, self.transfers, order_rules, uniforms)
        self.making = Making(world, bank, self.ledger)
        self.chunk: Chunk
        self.env = simpy.Environment(initial_time=first_day)
        self.env.process(self.days())
        if mode is None or mode.source is None:  # a replay holds no sessions of its own
            for channel in range(len(world.channels)):
                self.env.process(self.sessions(channel))
            if world.drives is not None:
                for channel in np.unique(world.drives.channel).tolist():
                    self.env.process(self.drives(channel))
        if mode is not None and mode.plans_drives and world.drives and bank.drives:
            bank.drives.forget_from(first_day + world.drives.table.commit_days)

    def run(self, chunk: Chunk, last_day: int) -> None:
        """Run to the close of *last_day* on the luck of one chunk."""
        self.chunk = chunk
        self.env.run(until=clock.end_of(last_day))

    def days(self) -> Generator[simpy.Event, Any, None]:
        """Process: the phases of every day, in the order of the clock."""
        run = self.world.scenario.run
        for day in clock.days_from(self.first_day, self.world.n_days - 1):
            yield self.env.timeout(clock.dawn(day) - self.env.now)
            self.collection.set_factors(self.alerts, self.chunk, day)
            for number, moment in enumerate(clock.moments(day, run.phase_hours, run.day_order)):
                yield self.env.timeout(moment.time - self.env.now)
                if number == 0:
                    self.requests.arrive(self.chunk, day)
                self.happen(moment, day)

    def sessions(self, channel: int) -> Generator[simpy.Event, Any, None]:
        """Process: the sessions of one channel, those of all regions at an hour as one event."""
        env, item = self.env, self.world.channels[channel]
        hold = self.collection.hold_sessions
        order = self.world.scenario.run.day_order
        times = [clock.at(0, hour, "collect", order) for hour in item.session_hours]
        slots = list(enumerate(times, start=item.first_slot))
        open_days = np.flatnonzero(item.invited_mean[: self.world.n_days].any(axis=1))
        for day in open_days[open_days >= self.first_day].tolist():
            for slot, time in slots:
                yield env.timeout(day + time - env.now)
                hold(self.chunk, day, channel, slot)

    def drives(self, channel: int) -> Generator[simpy.Event, Any, None]:
        """Process: the drives of one channel, in all regions at its last hour."""
        hour, order = self.world.channels[channel].session_hours[-1], self.world.scenario.run
        time = clock.at(0, hour, "collect", order.day_order)
        for day in clock.days_from(self.first_day, self.world.n_days - 1):
            yield self.env.timeout(day + time - self.env.now)
            self.collection.hold_drives(self.chunk, day, channel)

    def happen(self, moment: clock.Moment, day: int) -> None:
        """Carry out one phase."""
        match moment.phase:
            case "expire":
                self.expire(day + self.world.sequel.expires_ahead)
            case "release":
                self.collection.release(day)
            case "arrive":
                hours = self.world.sequel
                expired_by = day + (hours.expires_ahead and hours.late_arrival)
                take_back(self.bank, self.ledger, day, expired_by)
                self.transfers.arrive(day)
                self.orders.arrive(day, "arrive")
            case "arrive_same_day":
                self.transfers.arrive_same_day(day)
                self.orders.arrive(day, "arrive_same_day")
            case "order":
                self.recall(day)
                self.orders.place(day)
            case "decide":
                self.decide(day)
            case "emergency":
                self.requests.serve_emergencies(day, moment.index)
            case "routine":
                self.requests.serve_routine(day)
            case "close":
                self.collection.process_day(self.chunk, day)
                self.requests.close()
                self.making.work(day)
                self.alerts.evaluate(day)
                self.ledger.close(day)
                self.recorder.close()
                if self.paths is not None:
                    self.paths.record(self.ledger, day)
                regulate(self.world, self.bank, day)

    def expire(self, day: int) -> None:
        """Remove units whose last permitted day of issue is over."""
        for index, stock in enumerate(self.bank.stocks):
            outdated = stock.expire(day)
            self.ledger.add("outdated", index, outdated)
            self.ledger.add_expiry_weight(index, -outdated, day)

    def recall(self, day: int) -> None:
        """Withdraw what is recalled today from stock."""
        for recall in self.world.recalls:
            if recall.active[day].any():
                running, pieces = recall.withdraw(self.bank.stocks[recall.product], day)
                self.ledger.add_further("recalled", recall.product, pieces)
                self.ledger.add_returned_weight(recall.product, running, pieces, -1)

    def decide(self, day: int) -> None:
        """Send what was promised; ask the policy, and send what it plans."""
        self.recall(day)
        isolated = getattr(self.policy, "isolates", False)
        agreed = self.commitments.depart(day, agreements=not isolated)
        if agreed is not None and self.paths is not None:
            self.paths.record_agreed(agreed, day)
        if (day - self.first_day) % self.policy.review_days == 0:
            now = Present(
                self.world,
                self.bank,
                self.ledger,
                self.transfers,
                self.forecaster,
                self.chunk,
                day,
                self.cost,
                self.first_day,
                foresight=self.foresight,
            )
            plan = self.policy(now.snapshot())
            if plan.fell_back is not None:
                self.ledger.fallback_days += plan.fell_back
            self.transfers.depart(plan, day)
            self.collection.plan(plan, day)
            self.orders.plan(plan, day)
            now.over = True
        self.requests.set_aside()
