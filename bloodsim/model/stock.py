"""Units by age as cumulative counts: exact ages at a cost that does not depend on shelf life."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int32]
Cells = tuple[NDArray[np.integer], NDArray[np.integer]]


class Stock:
    """Stock of one product in all regions: pieces by group, expiry day and replication.

    Three running counts describe it, each integer:

    * ``received`` A: pieces that ever entered;
    * ``gone`` S: pieces that ever left from the old end;
    * ``upto[e]`` H: the value of A after the pieces that expire on day e or before.

    Pieces on hand are ``A - S``; those that expire on day e are ``H[e] - max(H[e-1], S)``. Leaving
    oldest first is ``S += t``; whatever the shelf life, that is one addition. Days are kept in a
    ring of ``life_days + 1`` slots; a slot whose day is over always reads ``H <= S``, nothing.

    A piece that expires on day e was collected on day ``e - life_days`` and may be issued up to
    day ``e - 1``.

    Parameters
    ----------
    life_days : int
        Shelf life from collection (days).
    shape : tuple of int
        (n_regions, n_groups, n_replications).
    margin_days : int
        Days by which ordered units may outlive the newest that are released; the ring has as many
        more slots, opened that much earlier.
    """

    def __init__(self, life_days: int, shape: tuple[int, int, int], margin_days: int = 0) -> None:
        self.life_days, self.margin_days = life_days, margin_days
        self.n_slots = life_days + margin_days + 1
        self.received: Ints = np.zeros(shape, dtype=np.int32)
        self.gone: Ints = np.zeros(shape, dtype=np.int32)
        self.upto: Ints = np.zeros((self.n_slots, *shape), dtype=np.int32)
        self.newest_expiry = 0

    def slot(self, expiry: int) -> int:
        """Return the ring slot of an expiry day."""
        return expiry % self.n_slots

    def on_hand(self) -> Ints:
        """Return pieces on hand (n_regions, n_groups, R)."""
        return self.received - self.gone

    def open_day(self, expiry: int) -> None:
        """Begin the cohort that expires on day *expiry*, the newest so far, with nothing in it."""
        np.copyto(self.upto[self.slot(expiry)], self.received)
        self.newest_expiry = expiry

    def receive(self, pieces: Ints) -> None:
        """Add pieces to the newest cohort."""
        self.received += pieces
        self.upto[self.slot(self.newest_expiry)] = self.received

    def insert(self, pieces: Ints, expiry: int) -> None:
        """Add pieces to the cohort that expires on day *expiry*, whatever its age."""
        np.maximum(self.upto, self.gone, out=self.upto)
        for day in range(expiry, self.newest_expiry + 1):
            self.upto[self.slot(day)] += pieces
        self.received += pieces

    def issue_oldest(self, pieces: Ints) -> None:
        """Remove pieces (at most those on hand), oldest first."""
        self.gone += pieces

    def issue_youngest(self, pieces: Ints) -> None:
        """Remove pieces (at most those on hand), youngest first."""
        self.received -= pieces
        np.minimum(self.upto, self.received, out=self.upto)

    def life_below(self, day: int, days: int) -> Ints:
        """Return pieces on hand with fewer than *days* days of issue left, today included."""
        last_expiry = day + days - 1
        if last_expiry >= self.newest_expiry:
            return self.on_hand()
        if last_expiry <= day:
            return np.zeros_like(self.gone)
        return np.maximum(self.upto[self.slot(last_expiry)] - self.gone, 0)

    def older(self, day: int, younger_than_days: int) -> Ints:
        """Return the running counts (n_regions, n_groups, R) above which pieces are younger.

        A piece is younger on *day* if fewer than *younger_than_days* days passed since its
        collection; pieces up to the counts are older, or gone.
        """
        last_expiry = day - younger_than_days + self.life_days
        if last_expiry >= self.newest_expiry:
            return self.received.copy()
        if last_expiry <= day:
            return self.gone.copy()
        return np.maximum(self.upto[self.slot(last_expiry)], self.gone)

    def issue_oldest_above(self, pieces: Ints, older: Ints, day: int, younger_than: int) -> None:
        """Remove pieces (at most those there) that are younger (see `older`), oldest first."""
        first = max(day, day - younger_than + self.life_days) + 1
        for expiry in range(first, self.newest_expiry + 1):
            upto = self.upto[self.slot(expiry)]
            np.maximum(upto - pieces, older, out=upto)
        self.received -= pieces

    def issue_threshold(self, pieces: Ints, day: int, younger_than_days: int) -> None:
        """Remove the oldest pieces that are younger (see `older`), then the youngest others."""
        older = self.older(day, younger_than_days)
        young = np.minimum(pieces, self.received - older)
        self.issue_oldest_above(young, older, day, younger_than_days)
        self.issue_youngest(pieces - young)

    def through(self, expiry: int, day: int) -> Ints:
        """Return the running counts (n_regions, n_groups, R) of pieces that expire by *expiry*."""
        if expiry >= self.newest_expiry:
            return self.received.copy()
        if expiry <= day:
            return self.gone.copy()
        return np.maximum(self.upto[self.slot(expiry)], self.gone)

    def withdraw(self, pieces: Ints, below: Ints) -> Ints:
        """Remove the oldest pieces above the running counts *below*; return them as `take` does.

        Unlike `take` it works on all regions and replications at once.
        """
        taken = np.clip(self.upto - below, 0, pieces)
        self.upto -= taken
        self.received -= pieces
        return taken

    def expire(self, day: int) -> Ints:
        """Remove the pieces that expire on *day* and return them."""
        outdated = np.maximum(self.upto[self.slot(day)] - self.gone, 0)
        self.gone += outdated
        return outdated

    def by_expiry(self, first: int, last: int) -> Ints:
        """Return pieces that expire on days first..last, (last - first + 1, regions, groups, R)."""
        below = self.gone
        rows = []
        for expiry in range(first, last + 1):
            upto = np.maximum(self.upto[self.slot(expiry)], below)
            rows.append(upto - below)
            below = upto
        return np.stack(rows)

    def floor(self, cells: Cells, day: int, expires_after: NDArray[np.integer]) -> Ints:
        """Return the running counts below which pieces expire on *expires_after* or before.

        Parameters
        ----------
        cells : (region, replication), each int array (n_rows,)
            Whose stock.
        day : int
            Today: expiry days up to today are over, so they bound nothing.
        expires_after : int array (n_rows,)
            Last expiry day that is too early.

        Returns
        -------
        int array (n_rows, n_groups)
        """
        region, replication = cells
        gone = self.gone[region, :, replication]
        upto = self.upto[expires_after % self.n_slots, region, :, replication]
        floor = np.where((expires_after > day)[:, None], np.maximum(upto, gone), gone)
        received = self.received[region, :, replication]
        return np.where((expires_after >= self.newest_expiry)[:, None], received, floor)

    def take(self, cells: Cells, pieces: Ints, floor: Ints) -> Ints:
        """Remove the oldest pieces above *floor* and return them as running counts.

        Parameters
        ----------
        cells : (region, replication), each int array (n_rows,)
            Whose stock; no two rows alike.
        pieces, floor : int array (n_rows, n_groups)
            Pieces to take, and the running counts (see `floor`) above which they are.

        Returns
        -------
        int array (n_rows, life_days + 1, n_groups)
            Pieces by ring slot, cumulated from old to new, ready for `merge`.
        """
        region, replication = cells
        upto = self.upto[:, region, :, replication]
        taken = np.minimum(np.maximum(upto - floor[:, None], 0), pieces[:, None])
        self.upto[:, region, :, replication] = upto - taken
        self.received[region, :, replication] -= pieces
        return taken

    def merge(self, arriving: Ints, total: Ints) -> None:
        """Add shipments to all regions, each piece to its own cohort.

        Parameters
        ----------
        arriving : int array (life_days + 1, n_regions, n_groups, R)
            Running counts by ring slot, as `take` returns them.
        total : int array (n_regions, n_groups, R)
            Pieces that arrive.
        """
        np.maximum(self.upto, self.gone, out=self.upto)
        self.upto += arriving
        self.received += total

    def copy(self) -> Stock:
        """Return an independent copy."""
        other = Stock.__new__(Stock)
        other.life_days, other.newest_expiry = self.life_days, self.newest_expiry
        other.margin_days, other.n_slots = self.margin_days, self.n_slots
        other.received, other.gone = self.received.copy(), self.gone.copy()
        other.upto = self.upto.copy()
        return other
