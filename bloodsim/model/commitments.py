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
            due: dict[str, list[AgreementFlow]] = {}
            for flow in self.world.agreements:
                if flow.pieces[day].any():
                    due.setdefault(flow.product, []).append(flow)
            for product, flows in due.items():
                self.transfers.fulfil(self._due(product, flows, day), day)

    def _due(self, product: str, flows: list[AgreementFlow], day: int) -> Shipments:
        """Return what agreements ask for; those of one origin are met in their order."""
        n = self.bank.stocks[0].received.shape[-1]
        route = np.repeat([flow.route for flow in flows], n)
        pieces = np.repeat([flow.pieces[day] for flow in flows], n, axis=0)
        return Shipments(product, route, np.tile(np.arange(n), len(flows)), pieces)
