r"""How blood moves: the simulated world in words and equations.

This package is the only place that imports SimPy. `simulation.py` is the model on one page; what
follows is its description, to be kept true.

Purpose
-------
Daily stock of blood products by region and blood group through a season, under chance, for the
comparison of rules and plans. It is no forecast of a real day.

What there is
-------------
Regions with a blood centre each; products with a shelf life; the eight ABO x RhD groups; channels
(street, group, campus, apheresis) that hold sessions; requests of three urgencies; roads. Stock is
counted in smallest pieces (0.5 U of red cells and plasma, one dose of platelets), always whole.

A block of R replications runs in one SimPy environment: event times are common, quantities are
integer arrays whose last axis is the replication. Replication r has the same numbers whatever R.

Order of a day
--------------
Default hours; phases of one hour follow the order of `clock.DAY_ORDER`.

====  ===============  ==============================================================
00    expire           units whose last permitted day of issue was yesterday leave
06    release          what was collected *test_delay_days* ago enters stock
07    arrive           shipments that travelled at least a day
08    order            replenishment orders, where regions order
08    decide           commitments leave; planners see a snapshot and send or promise
08    arrive_same_day  shipments over roads of lead time 0
08    emergency        emergencies, again at 14 and 20
09    routine          urgent, then elective requests
--    sessions         each channel at its own hours
24    close            laboratory, books, regulation of tomorrow's turnout
====  ===============  ==============================================================

A unit collected on day v with life L may last be issued on day v + L - 1. Blood collected today is
released tomorrow at the earliest.

Collection
----------
The donors invited to a session on day t in region i and channel c are

.. math:: N_g \sim \mathrm{Poisson}(G\,W_{it}\,b_{ic}\,s_c(t)\,p_{ig} / n_c),\qquad
          G \sim \mathrm{Gamma}(k, 1/k)

with base b (donors a normal day), season s, regional factor W, share p of group g and n sessions a
day; k makes variance over mean what the scenario says. This latent turnout is drawn ahead for all
sessions. On the day it is multiplied by the turnout factor and rounded with a uniform drawn ahead:
:math:`\lfloor f N + u \rfloor` on the counts cumulated over groups, so that each group is unbiased.
No-shows, desk deferral, gift sizes (200/300/400 mL), test failures and discards are shares,
rounded likewise. Separation turns 200 mL into *units_per_200_ml* of each whole-blood product.

Season: month index x weekday index (off on public holidays) x lunar-offset factor
:math:`\max(0, 1 + a_i (\phi - 1))` with the region's feast amplitude a x holiday factor x closures.

Regional factor: :math:`W = \exp(\sigma x - \sigma^2/2)`, x an AR(1) walk that is
:math:`\sqrt{\rho_c}` common to all regions and :math:`\sqrt{1-\rho_c}` the region's own.

Regulation
----------
Centres throttle and boost turnout by stock:
:math:`f = \mathrm{clip}(1 + \gamma (T(t) - C_{t-lag}) / T(t), f_{min}, f_{max})`, where C is
(stock + in test + in transit) over normal-day demand and T the target, a profile over days from
the lunar New Year.

Demand
------
Requests per region, product, group and class are gamma-mixed Poisson in whole units, the gamma
shared by groups and classes of a region-day. Emergencies come in equal parts at their moments.
Own group first; then, if the scenario allows, other groups by `blood.donors_for`. A class is served
only from stock above its *reserve_days* of normal-day demand. What is not served waits up to its
patience, the longest waiting first; then it is lost (elective: cancelled).

    requested + opening backlog = issued + lost + cancelled + closing backlog

Stock
-----
`stock.Stock`: three running counts give exact ages at a cost that does not depend on shelf life.
Oldest-first (or youngest-first) issue; transfers keep every unit's age.

Transfers
---------
A plan's shipments are checked on receipt (road, product, lots, sizes, stock with enough life left
on arrival) and leave oldest first. A plan that cannot be carried out is an error, never trimmed.

A route that needs *approval_days* k puts a plan of day t off until `decide` of t + k. It then is a
commitment, as agreements and fixed shipments are. A commitment ships, per group and in whole lots,

.. math:: \min(\text{promised}, \text{stock with life enough}, \text{stock} - F),

F being *floor_days* of normal-day demand; the rest is *not shipped* and not made up for.
Commitments leave before planners decide; agreements rest under the policy `none` (plans that were
approved leave all the same). By day t an agreement over u units a day has asked for

.. math:: q \Big\lfloor q^{-1} \sum_{s \le t} u\, p(s)\, w_g \Big\rfloor

pieces of group g, with lots q, season p and the group shares w of the region that sends; the flow
back of a swap is scaled so that within the dates and the run as much is due back as out. Roads that
take longer than *max_transit_hours* carry nothing. Of what arrives, *transit_loss_share* is *lost
in transit*: the oldest of each group, rounded on counts cumulated over groups with a uniform drawn
ahead.

    stock    = opening + released + received + returned - issued - shipped - outdated
    transit  = opening + shipped + supplied - received - lost in transit

*accessible_share* s: after `decide`, :math:`H - \lfloor s H \rfloor` of the H pieces on hand are
out of reach for the day. *reserve_units* of a group serve emergencies only and do not travel; they
are the region's oldest or youngest like all others, since no unit is marked.

Orders
------
A region with a *supply* orders by rule at `order`, per group, on its position

.. math:: P = \text{stock of all ages} + \text{in test} + \text{on the way} - \text{backlog}.

`base_stock`: S - P where positive. `s_S`: S - P where P < s. `s_Q`: Q where P < s. `R_S`: S - P
every R days. The figures of a region are split over the groups by its shares, the whole staying
whole. An emergency order looks at stock less backlog instead, and comes before the routine one.
Children order before their parents. A supplier outside sends all at once: *supplied*. A parent
ships its oldest units that last the journey, in the order of the file; what it lacks is *not
shipped*, and asked for again the next day. Pieces from outside have *life_on_arrival_days* L left,
counted from the first routine issue after arrival, on day a: they expire on day a + L and may last
be issued the day before. A random L is one draw per region and day, by inversion.

An order of lead 0 lands with the arrivals if those come later in the day, else with same-day
transfers if those do, else at once. Arrivals after `decide` and `order` count for the next day;
with *arrive* at 24 after `close`, after the books are closed. `expire` after the last issue of a
day removes what could be issued today for the last time, so that closing stock is without it.

Start
-----
All variants share one warm-up under *warmup_policy* and branch at *score_start* by copying arrays.
Opening stock is *opening_cover_days* of normal-day demand, spread over as many of the newest days.

Luck
----
Every draw comes from the stream of its (replication, region, purpose) and none depends on stock,
policy, other regions or block size; variants that differ only in policy share all draws.
Forecasts are the true mean times an error path by target day and lead band, the same for all.

What is checked
---------------
On every run, exactly: stock, test, road and request balances per product (and group), and that
nothing is negative. A violation is an error, not a warning.

Not in the model yet
--------------------
Donor pools (the pool factor is 1), alerts that act, appeals, named drives, capacity of vehicles,
products derived from stock, shocks. Alert levels are only counted.
"""
