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
rounded likewise, each with a uniform of its own. A failed test takes the whole bag, red cells and
plasma alike; a discard takes pieces of one product. Separation turns 200 mL into
*units_per_200_ml* of each whole-blood product.

Season: month index x weekday index (off on public holidays) x lunar-offset factor
:math:`\max(0, 1 + a_i (\phi - 1))` with the region's feast amplitude a x holiday factor x closures.

Regional factor: :math:`W = \exp(\sigma x - \sigma^2/2)`, x an AR(1) walk that is
:math:`\sqrt{\rho_c}` common to all regions and :math:`\sqrt{1-\rho_c}` the region's own.

Resources change the mean before luck (`turnout.py`): base x season, times trends, plus *sites* and
visits to *organisations* (unless they are drives), nothing outside a channel's dates; a *trace*
stands in place of all that; a *plan* then scales whole months of its channels, in expectation, to
the planned amount (a month that the run only touches counts by its days). Organisations are visited
by a default calendar: evenly spaced over the year, on working days, outside closures, gaps kept.
The donors of a session above its *places* (per team) are not invited; whole-blood donors above a
laboratory's *processing* capacity of the day are turned away, channels in order (the excess does
not wait for a day). Both cut all groups alike. Where a laboratory is closed, what is due waits in
test and is released on its next working day, its age gone on; what expired meanwhile is discarded.
In an outage that lets through a share s of what is due (those that wait included), each day's due
is worked off apart, and :math:`\lceil (1-s) n \rceil` of it, on counts cumulated over groups, waits
another day.

A plan with *catch_up_from_day* also looks back. From that day of the month on, every morning and in
every replication, turnout of its channels and regions is multiplied by

.. math:: \mathrm{clip}((P - G) / X,\ 1,\ f_{max}),

P the month's plan, G what was given in it so far, X what planned turnout would give from today to
its end: what is missing is spread over the days that are left, and what is too much is kept.
Units are counted at the day's mean size of a gift in the region.

Drives
------
With `resources.drives` visits do not raise means: each is an event. Who comes to visit number k of
organisation o (or of a pool of like ones) is a latent count of its own,

.. math:: N_{okg} \sim \mathrm{Poisson}(G\,b_o\,p_{ig}),\qquad
          \text{donors} = \lfloor f\,W_{it}\,s_{it} N_{ok} + u_{ok} \rfloor,

with b donors expected a visit, W the region's weather of the day, s its shocks and f turnout: no
day is lucky, no season lifts a visit. Several visits of a pool on a day add up and are rounded
once. A day counts visits by (source, replication), which says the same as which drive fills which
team's slot. *session_places* limit each team of a visit.

The default calendar: fixed visits; then, for each organisation, n visits a year (*min_visits*, or
as many as its quota takes) aimed at evenly spaced days, the organisations of a region one after
the other, each on the first working day outside closures that keeps its gap and has teams left;
then pools at an even pace, where what finds no team waits for the next day. Under the collection
policy ``optimized`` what is committed at the branch is held and the rest comes from `Plan.drives`,
*commit_days* ahead; a plan that breaks a gap, a year's visits or the teams or vehicles of a day is
an error that names organisation, day and limit. Regulation is off for channels with drives;
`Plan.throttles` replace it and `Plan.appeals` lift the next day. The usual path of donor pools is
that of the default calendar.

Donors
------
First-time donors come from the population. Repeat donors of a gift form a pool per region, in
segments k by earlier gifts (once, twice, regular = three or more); groups are not told apart. With
usual first-time share :math:`\phi` of a channel, turnout is multiplied by regulation and by

.. math:: \phi L_1 + (1-\phi) L_2 \sum_k w_k (E_k/U_k)^{\varepsilon}

where w are *repeat_shares*, E eligible donors at dawn, U usual ones, and L the lifts of campaigns
(1 + effort x reach x lift, unless cancelled), awareness (1 + share x (factor - 1)) and appeals.
Elasticity :math:`\varepsilon = 1` is a constant hazard per eligible donor.

Who gives moves one segment up and waits *interval_days* in a delay line by day of gift, less a
*reactive_share* removed for good. Who falls due is retained with share :math:`\rho_k` (times dated
factors) or lapses; *recall* wins lapsed donors back. Shares of whole donors are rounded by carrying
the remainder to the next day: nothing is drawn. On a day no more give than are eligible, nor more
than *max_per_year* allows of the hazard; the rest are turned away. That cap holds for the mean
donor (365 / (I + m) gifts a year), since nobody is followed: where it binds all year, 0.8 % of the
gifts at 24 a year are a 25th of somebody, and none that count at the default m.

:math:`\rho_k` is not given but follows: gifts of a segment over entries to it, on average, so that
*first_time_share* and *repeat_shares* are stationary. U is the path of the same recursion under
planned turnout, from :math:`U_k = G_k (1 + m_k)` with G mean gifts a day and m *mean_return_days*
(the first eligible day counts as 0 days of waiting) and a delay line of mean gifts. Real donors
start on it: no first-year boom, and a published profile of turnout is met as it stands. A donor
gives 365 / (I + m) times a year; an appeal's net gain in the long run is 1 / (1 + h I).

An appeal's lift is relative to the channel's turnout and comes from repeat donors alone; each day
of it takes *loss_per_day* off its effect, quiet brings it back (*recovery_days*). Without a pool an
appeal lifts turnout at no later price.

Of first-time platelet donors *from_whole_blood_share* leave the whole-blood pool: eligible ones
first, then those whose last gift was at least *after_whole_blood_days* ago; the usual path knows.

Relatives of patients (*replacement*, with its dates) give *delay_days* after a request:
:math:`\lfloor \kappa\,P_g\,q_{t-d} + u \rfloor` on groups cumulated, q the pieces that the region
requested of the classes named, kappa donors per piece, P the region's shares of groups. Requests
know no policy, so these donors do not either; nothing regulates or calls them, no pool holds them.

Donors on call (*teams*) are persons apart: at the close, where a group's stock is below
*below_units*, up to *donors_per_call* rested members of the group give; their gifts go to test.

Regulation
----------
Centres throttle and boost turnout by stock:
:math:`f = \mathrm{clip}(1 + \gamma (T(t) - C_{t-lag}) / T(t), f_{min}, f_{max})`, where C is
(stock + in test + in transit) over normal-day demand and T the target, a profile over days from
the lunar New Year, times the region's *target_cover_factor* for the product.

With *group_gain* donors of groups that are short are called first: group g turns out
:math:`f_g = \mathrm{clip}(1 + \gamma_g (C - C_g) / T, 0.5, 1.5)`, scaled so that the region's
turnout stays as it is.

Collection policies: ``regulated``; ``pre_collect`` multiplies turnout by 1 + *uplift* on planned
days; ``optimized`` takes drives, throttles and appeals from plans, and with *placed_by* booking
steers apheresis around bookings and cover that a linear program planned before the run on expected
requests and usual turnout (`bloodsim.optimize.booking`), unforeseen shocks left out; ``frozen``
replays the invited donors of another variant, day by day and per replication.

With *placed_by* ``calendar`` the plan of drives is made before the run. A reference variant is
simulated on planning paths: replications from number 1,000,000 on, under a seed of their own, which
no run has. A linear program (`bloodsim.optimize.joint`) on their means and scatter finds weekly
visits and the turnout of sessions; visits go on days (pools at an even pace, the visits of regions
with named organisations, planned months or limited laboratories by whole numbers, so that promises
are kept: `bloodsim.optimize.placing`), the plan is rehearsed on the same paths, and planned again
with the donors, the scatter and the donations it then has (and, with *donor_value*, charged for
what its donors would give after the run). In the run, drives are
committed week by week, the same in every replication; on each day the turnout of all channels that
feed the product is

.. math:: f = \mathrm{clip}(\phi_t (1 + \gamma (T_t - C_t) / T_t),\ f_{min},\ f_{max})

around the plan's factor and cover (stock + in test + in transit), within the limits of regulation;
what f would have to exceed its limit by is asked for by appeals, up to *appeal_max* (default none).
Shocks that are not known yet are not in the paths; each one that becomes known within the run makes
a further edition, from paths that have it, which keeps what is committed by then.

Products made from stock
------------------------
At close, after the requests of the day, a derivation takes n of the oldest pieces of one product
off the shelf (*processed*) and puts m of another in test (*made*), in the same group. With a whole
ratio p / q of pieces and a remainder z,

.. math:: m = \lfloor (z + n p) / q \rfloor,\qquad z' = z + n p - m q,

so that nothing is lost by rounding. n is a share of the free stock (above *keep_days* and the
emergency reserve), or what fills the position of the product made up to a level, on stock + in
test + on the way - backlog. What is made has its whole life from that day, waits its test delay
and keeps the laboratory's working days. Rules take in the order of the file.

Alerts
------
At close, per product, region and RhD-positive group: a level is entered when cover was below
*below_days* at *for_days* closes in a row, and left when cover reaches *exit_above_days*. On the
next day the highest level in force holds back *urgent_cut* and *elective_cut* of the requests (new
and waiting) before matching, and lifts turnout of the channels behind the product by
*turnout_lift*. What is held back stays so at all routine hours of the day, and what is given up on
such a day counts as ``rationed``, a part of the unmet. All levels, cuts and lifts of the bundled
scenarios are judgements.

Shocks
------
A shock multiplies turnout and requests of its regions by :math:`1 + (\phi - 1) s(t)`, where s
rises and falls over *ramp_days*, and may close roads. Forecasts know of it *recognised_after_days*
after its onset; normal-day demand never does. Outages of laboratories act on release (see
Collection). A recall takes units of given days of collection off the shelf, on each of its days at
`order` and `decide`: *recalled*. What is in test or on a road is found when it comes on the shelf.

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
demand (the divisor of cover) is base x month x growth alone. Recorded use leaves out what was never
issued: with an *unmet_share* u the base is *demand_per_day* / (1 - u), donors staying as they are.
A shortage that a study of records finds is therefore a lower bound of what patients went without.

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

A route that needs *approval_days* k puts a plan of day t off until `decide` of t + k. It then is a
commitment, as agreements and fixed shipments are. A commitment ships, per group and in whole lots,

.. math:: \min(\text{promised}, \text{stock with life enough}, \text{stock} - F),

F being *floor_days* of normal-day demand; the rest is *not shipped* and not made up for.
Vehicles carry so many units a day on each route (a route may state its own number of them), all
products that share them alike. A plan beyond that or above the largest shipment is an error; a
commitment is cut to what fits, its groups in proportion (largest remainders, in lots). Rules that
come with bloodsim give each product an equal part of what a vehicle has left.
Commitments leave before planners decide; agreements rest under the policy `none` (plans that were
approved leave all the same). By day t an agreement over u units a day has asked for

.. math:: q \Big\lfloor q^{-1} \sum_{s \le t} u\, p(s)\, w_g \Big\rfloor

pieces of group g, with lots q, season p and the group shares w of the region that sends; the flow
back of a swap is scaled so that within the dates and the run as much is due back as out, by amount
and not by group, to a lot per group; what one side fails to ship changes nothing in what the other
owes. What has come due leaves every *every_days* days and on *to_date*. Roads that
take longer than *max_transit_hours* carry nothing. Of what arrives, *transit_loss_share* is *lost
in transit*: the oldest of each group, rounded on counts cumulated over groups with a uniform drawn
ahead.

    stock    = opening + released + received + returned
               - issued - shipped - outdated - recalled - processed
    transit  = opening + shipped + supplied - received - lost in transit

*accessible_share* s: after `decide`, :math:`H - \lfloor s H \rfloor` of the H pieces on hand are
out of reach for the day. *reserve_units* of a group serve emergencies only and do not travel; they
are the region's oldest or youngest like all others, since no unit is marked.

Plans
-----
``optimized`` (`bloodsim.optimize`) decides from the snapshot alone. By ``exchange``, at every
review a linear program sends units where they are worth more by the price of the way; the worth
follows from forecast, what is in test, their uncertainty, and points per unit-day below levels of
cover (judgements, tuned on the national scenario). Short-lived products are shared proportionally.
By ``horizon``, it sends the first day of a six-week plan on the expected path. Where a solve fails
proportional sharing serves (``fallback_days``). ``sampled`` plans orders and transfers of a small
network on sampled paths of requests (`optimize.sampled`, a two-stage sample-average program);
where its solve fails nothing is sent and the ordering rules serve. With *bound_transfers* the
releases and requests that really came are kept, and a linear program with hindsight bounds the cost
of every policy on the same frozen collection from below. *bound_joint* does so for any collection:
each day may release anything up to its latent donors times the largest turnout that any variant of
the run had (`attainable.py`); at *equal_donations* with as many donations as they took, and what
each of them shipped by agreement (`common_terms.py`). A variant with *foresight* ``perfect`` runs
after the variant whose collection it replays, and plans by exchange on what was requested and
released there; nobody else is told.

Orders
------
A region with a *supply* orders by rule at `order`, per group, on its position

.. math:: P = \text{stock of all ages} + \text{in test} + \text{on the way} - \text{backlog}.

`base_stock`: S - P where positive. `s_S`: S - P where P < s. `s_Q`: Q where P < s. `R_S`: S - P
every R days. The figures of a region are split over the groups by its shares, the whole staying
whole. `Plan.orders` replaces the routine orders of the next `order` where it is not -1.
An emergency order looks at stock less backlog instead, and comes before the routine one.
Children order before their parents. No order is sent to or from a region whose roads are closed.
A supplier outside sends all at once: *supplied*. A parent
ships its oldest units that last the journey; what it lacks is *not shipped*, and asked for again
the next day. Emergency orders of all its children come before routine ones; where A pieces do not
serve orders n_1, n_2, ... in all N, child j gets :math:`\lfloor A n_j / N \rfloor` and the pieces
left go to the largest remainders (*rationing*: `in_order` serves one after the other instead). The
child with the shortest way is sent the oldest. Pieces from outside have *life_on_arrival_days* L
left, counted from the first routine issue after arrival, on day a: they expire on day a + L and
may last be issued the day before. A random L is one draw per region and day, by inversion.

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
policy, other regions or block size; variants that differ only in policy share all draws. Day
totals, their split, young units and cross-matches have streams of their own, so that switching one
on leaves all other luck alone. Where a class is announced, a chunk of requests is drawn one chunk
earlier, from the same streams in the same order. Counts, their gamma mixes and the uniforms have a
stream each, drawn in the order of days from the start of the warm-up, 56 days at a time: a change
of the scenario on one day leaves the luck of all earlier days alone. Poisson counts are inverted
(`poisson.py`) from one number each: with the same luck a higher mean never gives a smaller count.
Forecasts are the true mean times an error path of mean 1 by target day and lead band, the same for
all; neighbouring target days err alike.

A policy that declares *history_days* n sees in `Snapshot.history` what was requested, issued,
collected and given up on each of the last n closed days, those of the warm-up included; without
such a policy nothing is kept.

What the baseline can and cannot be used for
--------------------------------------------
``bloodsim doctor --facts`` shows published figures beside the bundled baseline: what was put in,
what was fitted, what emerges. Only the last kind tests the model, and the tests are few: January to
April's share is put in by the month index, the fall of stock over the feast of 2026 was chosen by
the targets, and the fall over that of 2025, on which nothing was fitted, is outside its range
(about 7 days, 8 to 9 expected). `bloodsim/data/README.md` has the table under three seeds.

It can be used to compare rules on the same luck; to see when in the year, how deep and how long
stocks fall, and what moves that; to ask how far a finding hangs on an assumption (`unmet_share`,
studies ``tight`` and ``wave``, another seed); to try a method before real stock lists arrive.

It cannot be used to say which province is short: supply, demand and habits of most provinces are
assumed, *target_cover_factor* is dealt by a hash, and who sends to whom is a least-distance guess.
Not to forecast a year: it is the supply of 2023 on another calendar. Not for rates of shortage as
such: they rest on an unmet share that nobody knows, on assumed cuts, reserves and spread of weather
(taken literally, recorded supply equals recorded use and nothing is ever missing); and a share of 5
% asks for that much more, of which regulation calls up the most, so that the shortage simulated is
far less than the share assumed. Not for outdates
of red cells: a pooled province forgets no unit on a shelf, they come out thirty times too low and
price no over-collection. Not for very small stocks: Tibet asks for two doses of platelets a day in
eight groups, and gets them by air in ways that are not modelled. Nor for what happens between the
stations of a province, or for patients.

What is not known of the inputs
-------------------------------
A world's numbers are fixed. `bloodsim.sampling` compiles one world per replication with the
numbers of regions drawn within their ranges, where a run asks for it.

What is checked
---------------
On every run, exactly: stock, test, road and cross-match balances per product, region and group,
requests per patient group, donors of every pool and team (eligible + deferred + lapsed + removed =
opening + entered), that every piece has an age within its life, and that nothing is negative. A
violation is an error, not a warning.
"""
