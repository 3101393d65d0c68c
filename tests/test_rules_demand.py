"""Rules of requests on worlds without chance: who is served first, from what, and who waits."""

from __future__ import annotations

import pytest
from worlds_exact import ALL_GROUPS, O_POS, by_group, daily, exact_world, play, total

from bloodsim.blood import GROUPS

CLASSES = {
    "emergency": {"share": 0.4},
    "urgent": {"share": 0.3},
    "elective": {"share": 0.3},
}
EMERGENCY, URGENT, ELECTIVE = 0, 1, 2


def unmet(result) -> tuple[float, float, float]:
    """Return emergency lost, urgent lost and elective cancelled."""
    names = ("lost_emergency", "lost_urgent", "cancelled_elective")
    return tuple(total(result, name) for name in names)


@pytest.mark.parametrize(
    ("stock", "lost"), [(13, (0, 0, 0)), (10, (0, 0, 3)), (7, (0, 2, 4)), (5, (1, 3, 4))]
)
def test_emergencies_come_before_urgent_before_elective(monkeypatch, stock, lost):
    """6, 3 and 4 requested: what is missing is missing from the least urgent first."""
    world = exact_world(1, classes=CLASSES)
    wanted = {(0, 0, O_POS, 0): 6, (0, 0, O_POS, 1): 3, (0, 0, O_POS, 2): 4}
    assert unmet(play(monkeypatch, world, {(0, 5): stock}, requests=wanted)) == lost


def test_of_one_hour_emergencies_come_first(monkeypatch):
    """Emergency and routine requests served at 8: the tie is never left to chance."""
    hours = {"emergency": [8], "routine": [8]}
    world = exact_world(1, classes=CLASSES, run__phase_hours=hours)
    wanted = {(0, 0, O_POS, 0): 6, (0, 0, O_POS, 1): 3, (0, 0, O_POS, 2): 4}
    assert unmet(play(monkeypatch, world, {(0, 5): 7}, requests=wanted)) == (0, 2, 4)


@pytest.mark.parametrize(
    ("routine_hour", "lost"), [(7, (9, 0, 0)), (9, (6, 0, 0)), (15, (3, 3, 0)), (21, (1, 5, 0))]
)
@pytest.mark.parametrize("uniform", [0.0, 0.999])
def test_emergencies_come_in_three_equal_parts(monkeypatch, routine_hour, lost, uniform):
    """Nine emergencies at 8, 14 and 20 h share 8 units with five to eight urgent requests."""
    world = exact_world(
        1,
        classes=CLASSES,
        run__phase_hours={"emergency": [8, 14, 20], "routine": [routine_hour]},
    )
    urgent = 8 if routine_hour == 7 else 5
    wanted = {(0, 0, O_POS, 0): 9, (0, 0, O_POS, 1): urgent}
    result = play(monkeypatch, world, {(0, 5): 8}, requests=wanted, uniform=uniform)
    assert unmet(result) == lost


@pytest.mark.parametrize(("number", "issued"), [(EMERGENCY, 12), (URGENT, 7), (ELECTIVE, 2)])
def test_a_class_leaves_its_reserve_alone(monkeypatch, number, issued):
    """Of 12 U, urgent requests leave half a day (5 U), elective ones a day (10 U)."""
    classes = {
        "emergency": {"share": 0.4},
        "urgent": {"share": 0.3, "reserve_days": 0.5},
        "elective": {"share": 0.3, "reserve_days": 1},
    }
    world = exact_world(1, classes=classes)
    result = play(monkeypatch, world, {(0, 5): 12}, requests={(0, 0, O_POS, number): 20})
    assert total(result, "issued") == issued


def test_substitution_leaves_the_reserve_of_the_giving_group_alone(monkeypatch):
    """A+ patients get 3 of 8 O+ units where a day of 5 O+ is reserved."""
    world = exact_world(
        1,
        classes={"urgent": {"share": 1, "reserve_days": 1}},
        demand__red_cells__routine_substitution="universal",
    )
    shares = dict.fromkeys(GROUPS, 0.0) | {"A_pos": 0.5, "O_pos": 0.5}
    world = world.set("regions.north.group_shares", shares)
    result = play(monkeypatch, world, {(0, 5): 8}, requests={(0, 0, 0): 10})
    assert by_group(result, "issued") == {"O_pos": 3}
    assert by_group(result, "unmet") == {"A_pos": 7}


# ----------------------------------------------------------------------------------- who waits


@pytest.mark.parametrize(("name", "fate"), [("urgent", "lost"), ("elective", "cancelled")])
def test_the_longest_waiting_come_first_and_patience_is_exact(monkeypatch, name, fate):
    """Patience 2: of 4 requests of day 0, 3 are met on day 1, the last is lost on day 2.

    The 4 requests of day 1 wait to the close of day 3. At the closes 4, 5, 4 and 0 wait: 13 days.
    """
    classes = {name: {"share": 1, "patience_days": 2}}
    world = exact_world(5, classes=classes)
    wanted = {(0, 0): 4, (1, 0): 4}
    result = play(monkeypatch, world, donors={(0, 0): 3}, requests=wanted)
    assert daily(result, "issued") == [0, 3, 0, 0, 0]
    assert daily(result, fate) == [0, 0, 1, 4, 0]
    assert daily(result, "backlog") == [4, 5, 4, 0, 0]
    assert total(result, "waiting_days") == 13


def test_of_those_who_wait_the_longest_waiting_come_first(monkeypatch):
    """Of 4 requests each of days 0 and 1, day 2 has 5 units: all of day 0 and one of day 1."""
    world = exact_world(5, classes={"urgent": {"share": 1, "patience_days": 2}})
    wanted = {(0, 0): 4, (1, 0): 4}
    result = play(monkeypatch, world, donors={(1, 0): 5}, requests=wanted)
    assert daily(result, "issued") == [0, 0, 5, 0, 0]
    assert daily(result, "lost") == [0, 0, 0, 3, 0]


@pytest.mark.parametrize(("released", "issued"), [(1, 4), (2, 4), (3, 0)])
def test_a_request_may_be_served_up_to_its_last_day_of_patience(monkeypatch, released, issued):
    """Patience 2: requested on day 0, served on day 1 or 2 but no later."""
    world = exact_world(5, classes={"urgent": {"share": 1, "patience_days": 2}})
    donors = {(released - 1, 0): 9}
    result = play(monkeypatch, world, donors=donors, requests={(0, 0): 4})
    assert total(result, "issued") == issued
    assert total(result, "lost") == 4 - issued


def test_without_patience_nobody_waits(monkeypatch):
    """Unmet on day 0 is lost on day 0, though blood comes on day 1."""
    result = play(monkeypatch, exact_world(3), donors={(0, 0): 9}, requests={(0, 0): 4})
    assert daily(result, "lost") == [4, 0, 0]
    assert total(result, "waiting_days") == 0


def test_waiting_requests_of_a_less_urgent_class_stand_behind_new_urgent_ones(monkeypatch):
    """An elective request that waits since day 0 gets what an urgent one of day 1 leaves."""
    classes = {
        "urgent": {"share": 0.5},
        "elective": {"share": 0.5, "patience_days": 3},
    }
    world = exact_world(2, classes=classes)
    wanted = {(0, 0, O_POS, 1): 4, (1, 0, O_POS, 0): 5}
    result = play(monkeypatch, world, donors={(0, 0): 7}, requests=wanted)
    assert total(result, "lost_urgent") == 0
    assert daily(result, "backlog") == [4, 2]


# --------------------------------------------------------------------------------- substitution

ORDER = {
    # patient: donors in order, by hand: same ABO, then the universal group last, own RhD first.
    ("red_cells", "A_pos"): "A_pos A_neg O_pos O_neg",
    ("red_cells", "B_pos"): "B_pos B_neg O_pos O_neg",
    ("red_cells", "O_pos"): "O_pos O_neg",
    ("red_cells", "AB_pos"): "AB_pos AB_neg A_pos B_pos A_neg B_neg O_pos O_neg",
    ("red_cells", "A_neg"): "A_neg O_neg",
    ("red_cells", "O_neg"): "O_neg",
    ("red_cells", "AB_neg"): "AB_neg A_neg B_neg O_neg",
    ("platelets", "A_pos"): "A_pos A_neg AB_pos AB_neg",
    ("platelets", "O_pos"): "O_pos O_neg A_pos B_pos A_neg B_neg AB_pos AB_neg",
    ("platelets", "AB_neg"): "AB_neg AB_pos",
    ("plasma", "B_neg"): "B_neg B_pos AB_neg AB_pos",
}


def substituting(kind: str, rule: str, urgency: str = "routine"):
    world = exact_world(
        1,
        products__red_cells__compatibility=kind,
        classes={"urgent" if urgency == "routine" else "emergency": {"share": 1}},
        demand__red_cells__routine_substitution="none",
        demand__red_cells__emergency_substitution="none",
    )
    world = world.set("regions.north.group_shares", ALL_GROUPS)
    return world.set(f"demand.red_cells.{urgency}_substitution", rule)


ONE_OF_EACH = {(0, 5, group): 1 for group in range(8)}


@pytest.mark.parametrize(("kind", "patient"), list(ORDER))
def test_compatible_groups_are_used_in_order_of_preference(monkeypatch, kind, patient):
    """One unit of each group: n requests of a patient group use the first n groups, no others."""
    donors = ORDER[kind, patient].split()
    world = substituting(kind, "compatible")
    for wanted in {1, 2, len(donors) - 1, 20} - {0}:
        want = {(0, 0, GROUPS.index(patient)): wanted}
        result = play(monkeypatch, world, ONE_OF_EACH, requests=want)
        used = dict.fromkeys(donors[:wanted], 1)
        assert by_group(result, "issued") == used
        assert by_group(result, "substituted") == {g: 1 for g in used if g != patient}
        assert total(result, "lost") == wanted - len(used)


@pytest.mark.parametrize(
    ("kind", "patient", "used"),
    [
        ("red_cells", "A_pos", "A_pos O_pos O_neg"),
        ("red_cells", "AB_pos", "AB_pos O_pos O_neg"),
        ("red_cells", "A_neg", "A_neg O_neg"),
        ("red_cells", "O_pos", "O_pos O_neg"),
        ("platelets", "A_pos", "A_pos AB_pos AB_neg"),
        ("plasma", "O_neg", "O_neg AB_pos AB_neg"),
        ("plasma", "AB_pos", "AB_pos AB_neg"),
    ],
)
@pytest.mark.parametrize("urgency", ["emergency", "routine"])
def test_universal_groups_alone_substitute(monkeypatch, kind, patient, used, urgency):
    """Group O gives red cells, AB gives plasma and platelets, as far as RhD allows."""
    want = {(0, 0, GROUPS.index(patient)): 20}
    result = play(monkeypatch, substituting(kind, "universal", urgency), ONE_OF_EACH, requests=want)
    assert by_group(result, "issued") == dict.fromkeys(sorted(used.split(), key=GROUPS.index), 1)


@pytest.mark.parametrize("urgency", ["emergency", "routine"])
def test_no_substitution_where_none_is_allowed(monkeypatch, urgency):
    """The rule of the other kind of request does not apply."""
    other = {"emergency": "routine", "routine": "emergency"}[urgency]
    world = substituting("red_cells", "none", urgency)
    world = world.set(f"demand.red_cells.{other}_substitution", "compatible")
    result = play(monkeypatch, world, ONE_OF_EACH, requests={(0, 0, 3): 5})
    assert by_group(result, "issued") == {"AB_pos": 1}
    assert by_group(result, "substituted") == {}


def test_the_own_group_is_served_before_others_are(monkeypatch):
    """O+ patients have their O+ before A+ patients get what is left of it."""
    world = substituting("red_cells", "universal")
    wanted = {(0, 0, 0): 5, (0, 0, O_POS): 6}
    result = play(monkeypatch, world, {(0, 5): 8}, requests=wanted)
    assert by_group(result, "issued") == {"O_pos": 8}
    assert by_group(result, "substituted") == {"O_pos": 2}
    assert by_group(result, "unmet") == {"A_pos": 3}
