"""Commitments: agreements and approved plans, shipped as far as stock stands above its floor."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bloodsim.decision import Shipments
from bloodsim.model.agreement_world import AgreementFlow
from bloodsim.model.bank import Bank
from bloodsim.model.transfer import Transfers
from bloodsim.model.world import World

Ints = NDArray[np.int32]


class Commitments:
    """What was promised and leaves today, before planners decide on the rest."""

    def __init__(self, world: World, bank: Bank, transfers: Transfers) -> None:
        self.world, self.bank, self.transfers = world, bank, transfers

    def depart(self, day: int, agreements: bool) -> Ints | None:
        """Ship what was approved for today, then what agreements ask for (if they run).

        Return what agreements shipped (n_agreements, n_groups, R); None if nothing was due.
        """
        for shipments in self.bank.pending.pop(day, ()):
            self.transfers.fulfil(shipments, day)
        due: dict[str, list[int]] = {}
        for number, flow in enumerate(self.world.agreements if agreements else ()):
            if flow.pieces[day].any():
                due.setdefault(flow.product, []).append(number)
        if not due:
            return None
        _, n_groups, n = self.bank.stocks[0].received.shape
        shipped = np.zeros((len(self.world.agreements), n_groups, n), dtype=np.int32)
        for product, numbers in due.items():
            flows = [self.world.agreements[number] for number in numbers]
            rows = self.transfers.fulfil(self._due(product, flows, day, n), day)
            shipped[numbers] = rows.reshape(len(flows), n, n_groups).transpose(0, 2, 1)
        return shipped

    def _due(self, product: str, flows: list[AgreementFlow], day: int, n: int) -> Shipments:
        """Return what agreements ask for; those of one origin are met in their order."""
        route = np.repeat([flow.route for flow in flows], n)
        pieces = np.repeat([flow.pieces[day] for flow in flows], n, axis=0)
        return Shipments(product, route, np.tile(np.arange(n), len(flows)), pieces)
