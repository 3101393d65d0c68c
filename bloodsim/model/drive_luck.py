"""The luck of drives: who comes to the first, second, third visit of an organisation."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bloodsim.model.draws import gamma_mix, gamma_shapes
from bloodsim.model.world import World
from bloodsim.streams import stream

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]


class DriveLuck:
    """Latent donors by organisation, visit number and replication: no day is luckier than another.

    Parameters
    ----------
    upto : list per source of int array (n_visits + 1, 8, R)
        Donors of all visits before a visit number, cumulated over the groups as well.
    uniform : list per source of float array (n_visits + 1, R)
        Rounds the donors of a day after a factor is applied, by number of its first visit.
    """

    def __init__(self, world: World, seed: int, replications: range) -> None:
        assert world.drives is not None
        self.upto: list[Ints] = []
        self.uniform: list[Floats] = []
        self.draws = 0
        drives = world.drives
        for source, name in enumerate(drives.table.names):
            n_visits = int(drives.most_visits[source])
            mean = np.full(n_visits, float(drives.table.donors_per_visit[source]))
            excess = world.channels[drives.channel[source]].variance_to_mean - 1
            shapes = gamma_shapes(mean, np.full(n_visits, excess))
            region = int(drives.table.region[source])
            shares, place = world.group_shares[region], world.regions[region]
            upto = np.zeros((n_visits + 1, 8, len(replications)), dtype=np.int32)
            uniform = np.empty((n_visits + 1, len(replications)))
            for column, r in enumerate(replications):
                streams = [
                    stream(seed, r, place, f"drive/{name}{kind}") for kind in ("/mix", "/count", "")
                ]
                rates = (mean * gamma_mix(streams[:1], shapes)[0])[:, None] * shares
                counts = streams[1].poisson(rates)
                upto[1:, :, column] = np.cumsum(np.cumsum(counts, axis=1), axis=0)
                uniform[:, column] = streams[2].random(n_visits + 1)
            self.upto.append(upto)
            self.uniform.append(uniform)
            self.draws += 9 * n_visits * len(replications)
