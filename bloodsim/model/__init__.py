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
08    decide           planners see a snapshot; their shipments leave at once
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
rounded likewise, each with a uniform of its own. A failed test takes the whole bag, red cells and
plasma alike; a discard takes pieces of one product. Separation turns 200 mL into
*units_per_200_ml* of each whole-blood product.

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

With *group_gain* donors of groups that are short are called first: group g turns out
:math:`f_g = \mathrm{clip}(1 + \gamma_g (C - C_g) / T, 0.5, 1.5)`, scaled so that the region's
turnout stays as it is.

Collection policies: ``regulated``; ``pre_collect`` multiplies turnout by 1 + *uplift* on planned
days; ``frozen`` replays the invited donors of another variant, day by day and per replication.

Alerts
------
At close, per product, region and RhD-positive group: a level is entered when cover was below
*below_days* at *for_days* closes in a row, and left when cover reaches *exit_above_days*. On the
next day the highest level in force holds back *urgent_cut* and *elective_cut* of the requests (new
and waiting) before matching, and lifts turnout of the channels behind the product by
*turnout_lift*. What is given up on a day it was held back counts as ``rationed``, a part of the
unmet. All levels, cuts and lifts of the bundled scenarios are judgements.

Shocks
------
A shock multiplies turnout and requests of its regions by :math:`1 + (\phi - 1) s(t)`, where s
rises and falls over *ramp_days*, and may close roads. Forecasts know of it *recognised_after_days*
after its onset; normal-day demand never does.

Demand
------
Unless a scenario says otherwise, requests per region, product, group and class are gamma-mixed
Poisson in whole units, the gamma shared by groups and classes of a region-day. Emergencies come in
equal parts at their moments. Own group first; then, if the scenario allows, other groups by
`blood.donors_for`. A class is served only from stock above its *reserve_days* of normal-day demand.
What is not served waits up to its patience of p days, the longest waiting before the new: who asks
on day t is served at the moments of days t to t + p or lost (elective: cancelled) at the close of
day t + p; each close that finds a unit waiting adds one of *waiting_days*.

    requested + opening backlog = issued - crossmatched + lost + cancelled + closing backlog

The mean of a region-day is base x season x growth x dated measures x regional factor. Normal-day
demand (the divisor of cover) is base x month x growth alone.

Other counts: zero-inflated negative binomial, empirical, rounded gamma or constant *day totals* X
of the whole region, with parameters by product or by region. A day's mean m scales a distribution
of mean m0: the negative binomial keeps r and takes success probability r / (r + (m/m0) r(1-p)/p),
a listed or gamma value is multiplied by m / m0 and rounded. Totals are split over classes and
groups by a multinomial draw of their shares. A dated trace stands in place of X on its dates and is
split likewise; a part of a unit (a 0.5 U piece) is one more request. Forecasts know means and
measures, never the trace.

Young units: of a class's requests a binomial share asks for units younger than W days. They are a
stream of their own, served right before the rest of its class, oldest first among units with
expiry > t - W + L, and they wait and substitute by the rules of the class. The class's requests in
all are the same numbers with and without.

Cross-match: after a class of *extra_share* e is served n units at a moment,
:math:`\lfloor e\,n + u \rfloor` more leave for hospitals, as far as stock above the reserve goes,
next in order of age; they cause no shortage. After *return_days* they are back on the shelf at the
hour of arrivals with the age they then have; those whose life is over are outdated. `issued` is
gross, `crossmatched` the part beyond need, `returned` what came back:

    opening at hospitals + crossmatched = returned + closing at hospitals

While away they count neither as stock nor in the cover that regulation steers on. Age at issue is
that of all units issued, gross.

Announced requests: a class known k days ahead is in the snapshot exactly for days t to t + k, and
a forecast is then what is booked plus mean x error path for the rest.

Stock
-----
`stock.Stock`: three running counts give exact ages at a cost that does not depend on shelf life.
Oldest-first (or youngest-first) issue; transfers keep every unit's age.

Transfers
---------
A plan's shipments are checked on receipt (road, product, lots, sizes, stock with enough life left
on arrival) and leave oldest first. A plan that cannot be carried out is an error, never trimmed.

Start
-----
All variants share one warm-up under *warmup_policy* and branch at *score_start* by copying arrays.
Opening stock is *opening_cover_days* of normal-day demand, spread over as many of the newest days.

Luck
----
Every draw comes from the stream of its (replication, region, purpose) and none depends on stock,
policy, other regions or block size; variants that differ only in policy share all draws. Day
totals, their split, young units and cross-matches have streams of their own, so that switching one
on leaves all other luck alone. Where a class is announced, a chunk of requests is drawn one chunk
earlier, from the same streams in the same order. Counts, their gamma mixes and the uniforms have a
stream each, drawn in the order of days from the start of the warm-up, 56 days at a time: a change
of the scenario on one day leaves the luck of all earlier days alone.
Forecasts are the true mean times an error path of mean 1 by target day and lead band, the same for
all; neighbouring target days err alike.

What is checked
---------------
On every run, exactly: stock, test, road and cross-match balances per product, region and group,
requests per patient group, that every piece has an age within its life, and that nothing is
negative. A violation is an error, not a warning.

Not in the model yet
--------------------
Donor pools (the pool factor is 1), named drives, approvals and agreements, hospital ordering.
"""
