"""The eight blood groups, who can receive what from whom, and how common each group is."""

from collections.abc import Mapping
from functools import cache
from typing import Literal, get_args

__all__ = [
    "D_POSITIVE",
    "GROUPS",
    "ProductKind",
    "can_receive",
    "donors_for",
    "group_shares",
    "label",
]

ProductKind = Literal["red_cells", "plasma", "platelets"]

GROUPS = ("A_pos", "B_pos", "O_pos", "AB_pos", "A_neg", "B_neg", "O_neg", "AB_neg")
"""Identifiers of the eight ABO x RhD groups, in the order of every group axis."""

D_POSITIVE = GROUPS[:4]
"""The four RhD-positive groups."""

_ABO = ("A", "B", "O", "AB")
_ANTIGENS = {"A": {"A"}, "B": {"B"}, "O": set(), "AB": {"A", "B"}}
_SHARE_TOLERANCE = 0.01


def label(group: str) -> str:
    """The group as people write it, for charts and tables only.

    Examples
    --------
    >>> label("A_pos"), label("O_neg")
    ('A+', 'O−')
    """
    abo, rhd = _split(group)
    return abo + ("+" if rhd == "pos" else "−")


def can_receive(kind: ProductKind, patient: str, donor: str) -> bool:
    """Whether a patient of one group can be given a product from a donor of another.

    Red cells carry the donor's A, B and D antigens, which a patient must have too (27 of the 64
    pairs). Plasma carries the donor's antibodies, so the ABO rule is reversed and RhD does not
    matter (36 pairs). Platelets are suspended in plasma and follow the plasma rule; in practice
    identical ABO is preferred, which is why `donors_for` puts it first.

    Parameters
    ----------
    kind : {"red_cells", "plasma", "platelets"}
        Kind of product.
    patient, donor : str
        One of `GROUPS`.

    Returns
    -------
    bool
        True where the product is compatible. A compatible product is a substitute that a policy
        may use; in China red cells are issued ABO-identical as a rule.

    References
    ----------
    .. [1] British Society for Haematology, Guidelines for pre-transfusion compatibility
       procedures in blood transfusion laboratories, Transfus Med 2013;23:3.
    .. [2] WS/T 623-2018, transfusion of whole blood and components (China): ABO-identical issue,
       platelets ABO-identical preferred. Recalled, not read.
    """
    patient_abo, patient_rhd = _split(patient)
    donor_abo, donor_rhd = _split(donor)
    if kind == "red_cells":
        d_fits = patient_rhd == "pos" or donor_rhd == "neg"
        return d_fits and _ANTIGENS[donor_abo] <= _ANTIGENS[patient_abo]
    if kind in get_args(ProductKind):
        return _ANTIGENS[patient_abo] <= _ANTIGENS[donor_abo]
    raise ValueError(f"unknown kind of product {kind!r}; expected one of {get_args(ProductKind)}")


@cache
def donors_for(kind: ProductKind, patient: str) -> tuple[str, ...]:
    """Groups whose product a patient can receive, best match first.

    Parameters
    ----------
    kind : {"red_cells", "plasma", "platelets"}
        Kind of product.
    patient : str
        One of `GROUPS`.

    Returns
    -------
    tuple of str
        The identical group first, then the same ABO with the other RhD, then the others with the
        patient's RhD before the other one; within these, the donor that spares the scarcest
        universal group (O for red cells, AB for plasma and platelets) comes earlier.

    Examples
    --------
    >>> donors_for("red_cells", "A_neg")
    ('A_neg', 'O_neg')
    """
    patient_abo, patient_rhd = _split(patient)
    universal = "O" if kind == "red_cells" else "AB"

    def distance(donor: str) -> tuple[bool, bool, bool, int]:
        abo, rhd = _split(donor)
        return (abo != patient_abo, abo == universal, rhd != patient_rhd, GROUPS.index(donor))

    return tuple(sorted((d for d in GROUPS if can_receive(kind, patient, d)), key=distance))


def group_shares(abo: Mapping[str, float], rhd_neg_share: float) -> dict[str, float]:
    """Share of each of the eight groups in a population (-).

    ABO and RhD are inherited independently (genes on chromosomes 9 and 1), so the share of
    "A negative" is the share of A times the share of RhD-negative.

    Parameters
    ----------
    abo : mapping of "A", "B", "O", "AB" to float
        Shares (-), or percentages divided by 100; they must sum to 1 within 0.01 and are scaled
        to sum to 1 exactly.
    rhd_neg_share : float
        Share of RhD-negative people (-), 0 to 1.

    Returns
    -------
    dict
        Share of every group in `GROUPS`, in that order.

    References
    ----------
    .. [1] Sun et al. 2022, Heliyon: China A 28.72 %, B 28.17 %, O 34.20 %, AB 8.91 %;
       https://www.ai-bt.com/si.php?db=pubmed&id=36119853
    """
    if set(abo) != set(_ABO):
        raise ValueError(f"expected shares of {_ABO}, got {tuple(abo)}")
    total = sum(abo.values())
    if abs(total - 1) > _SHARE_TOLERANCE or min(abo.values()) < 0:
        raise ValueError(f"ABO shares must be 0 or more and sum to 1, got {dict(abo)}")
    if not 0 <= rhd_neg_share <= 1:
        raise ValueError(f"rhd_neg_share must be between 0 and 1, got {rhd_neg_share}")
    rhd = {"pos": 1 - rhd_neg_share, "neg": rhd_neg_share}
    return {g: abo[_split(g)[0]] / total * rhd[_split(g)[1]] for g in GROUPS}


def _split(group: str) -> tuple[str, str]:
    """ABO and RhD part of a group identifier."""
    if group not in GROUPS:
        raise ValueError(f"unknown blood group {group!r}; expected one of {', '.join(GROUPS)}")
    abo, rhd = group.split("_")
    return abo, rhd
