"""Blood groups: compatibility and shares."""

import pytest

from bloodsim.blood import D_POSITIVE, GROUPS, can_receive, donors_for, group_shares, label


def pairs(kind):
    return {(p, d) for p in GROUPS for d in GROUPS if can_receive(kind, p, d)}


@pytest.mark.parametrize(("kind", "count"), [("red_cells", 27), ("plasma", 36), ("platelets", 36)])
def test_number_of_compatible_pairs_is_the_textbook_one(kind, count):
    assert len(pairs(kind)) == count


@pytest.mark.parametrize("kind", ["red_cells", "plasma", "platelets"])
def test_everyone_can_receive_their_own_group(kind):
    assert all(can_receive(kind, group, group) for group in GROUPS)


def test_o_negative_red_cells_and_ab_plasma_suit_everyone():
    assert all(can_receive("red_cells", patient, "O_neg") for patient in GROUPS)
    assert all(can_receive("plasma", patient, "AB_neg") for patient in GROUPS)
    assert {d for d in GROUPS if can_receive("red_cells", "O_neg", d)} == {"O_neg"}
    assert {d for d in GROUPS if can_receive("plasma", "AB_pos", d)} == {"AB_pos", "AB_neg"}


def test_red_cells_and_plasma_are_mirror_images_within_rhd_positive():
    for patient in D_POSITIVE:
        for donor in D_POSITIVE:
            mirrored = can_receive("plasma", donor, patient)
            assert can_receive("red_cells", patient, donor) == mirrored


def test_rhd_matters_for_red_cells_only():
    assert not can_receive("red_cells", "A_neg", "A_pos")
    assert can_receive("red_cells", "A_pos", "A_neg")
    assert can_receive("plasma", "A_neg", "A_pos")


@pytest.mark.parametrize("kind", ["red_cells", "plasma", "platelets"])
@pytest.mark.parametrize("patient", GROUPS)
def test_donors_start_with_the_identical_group_and_are_all_compatible(kind, patient):
    donors = donors_for(kind, patient)
    assert donors[0] == patient
    assert len(set(donors)) == len(donors)
    assert {(patient, donor) for donor in donors} == {p for p in pairs(kind) if p[0] == patient}


def test_universal_donors_come_last_among_the_other_abo_groups():
    assert donors_for("red_cells", "AB_pos") == (
        "AB_pos", "AB_neg", "A_pos", "B_pos", "A_neg", "B_neg", "O_pos", "O_neg",
    )  # fmt: skip
    assert donors_for("plasma", "O_pos")[-2:] == ("AB_pos", "AB_neg")


def test_unknown_groups_and_kinds_are_named_in_the_error():
    with pytest.raises(ValueError, match="'A\\+'"):
        can_receive("red_cells", "A+", "A_pos")
    with pytest.raises(ValueError, match="'serum'"):
        can_receive("serum", "A_pos", "A_pos")


def test_labels_use_a_true_minus_sign():
    assert [label(group) for group in ("AB_pos", "O_neg")] == ["AB+", "O\u2212"]


def test_group_shares_multiply_abo_and_rhd():
    shares = group_shares({"A": 0.3, "B": 0.3, "O": 0.3, "AB": 0.1}, 0.02)
    assert list(shares) == list(GROUPS)
    assert sum(shares.values()) == pytest.approx(1, abs=1e-12)
    assert shares["A_neg"] == pytest.approx(0.006)
    assert shares["AB_pos"] == pytest.approx(0.098)


def test_group_shares_scale_rounded_percentages_and_refuse_wrong_ones():
    shares = group_shares({"A": 0.2872, "B": 0.2817, "O": 0.3420, "AB": 0.0892}, 0.004)
    assert sum(shares.values()) == pytest.approx(1, abs=1e-12)
    with pytest.raises(ValueError, match="sum to 1"):
        group_shares({"A": 28.72, "B": 28.17, "O": 34.2, "AB": 8.91}, 0.004)
    with pytest.raises(ValueError, match="rhd_neg_share"):
        group_shares({"A": 0.3, "B": 0.3, "O": 0.3, "AB": 0.1}, 2.0)
    with pytest.raises(ValueError, match="expected shares"):
        group_shares({"A": 0.5, "B": 0.5}, 0.01)
