"""Commitments: agreements and approved plans, shipped as far as stock stands above its floor."""

from __future__ import annotations

import numpy as np

from bloodsim.decision import Shipments
from bloodsim.model.agreement_world import AgreementFlow
from bloodsim.model.bank import Bank
from bloodsim.model.transfer import Transfers
from bloodsim.model.world import World


class Commitments:
    """What was promised and leaves today, before planners decide on the rest."""

    def __init__(self, world: World, bank: Bank, transfers: Transfers) -> None:
        self.world, self.bank, self.transfers = world, bank, transfers

    def depart(self, day: int, agreements: bool) -> None:
        """Ship what was approved for today, then what agreements ask for (if they run)."""
        for shipments in self.bank.pending.pop(day, ()):
            self.transfers.fulfil(shipments, day)
        if agreements:
            for flow in self.world.agreements:
                if flow.pieces[day].any():
                    self.transfers.fulfil(self._due(flow, day), day)

    def _due(self, flow: AgreementFlow, day: int) -> Shipments:
        n = self.bank.stocks[0].received.shape[-1]
        route = np.full(n, flow.route)
        return Shipments(flow.product, route, np.arange(n), np.tile(flow.pieces[day], (n, 1)))
