"""Points and credit codes: what is converted, refused, or only remarked."""

import pytest

from services.venues.registry.coordinates import distance_m, to_gcj02, to_wgs84
from services.venues.registry.hosts import check_digit_fits, uscc_fault
from services.venues.registry.places import far_from_home, known_places, point_errors
from services.venues.registry.rules import Admission, Datum, admission_errors

XINING = (101.778, 36.617)
TANGGULA = (92.06, 33.6)
"""雁石坪, in the exclave of 格尔木市: 350 km from its centre, beyond 治多县."""


# googollee/eviltransform, the test vectors that ports in ten languages share.
@pytest.mark.parametrize(
    ("wgs", "gcj"),
    [
        ((121.5272106, 31.1774276), (121.531541859215, 31.17530398364597)),
        ((113.912316, 22.543847), (113.9171764808363, 22.540796131694766)),
        ((116.377817, 39.911954), (116.38404722455657, 39.91334545536069)),
    ],
)
def test_gcj02_agrees_with_the_published_vectors_both_ways(
    wgs: tuple[float, float], gcj: tuple[float, float]
) -> None:
    assert to_gcj02(wgs) == pytest.approx(gcj, abs=1e-9)
    assert to_wgs84(gcj, Datum.GCJ02) == pytest.approx(wgs, abs=1e-7)
    assert 300 < distance_m(wgs, gcj) < 700


def test_bd09_agrees_with_the_published_vector() -> None:
    # wandergis/coordtransform: bd09togcj02(116.404, 39.915).
    there = to_gcj02(to_wgs84((116.404, 39.915), Datum.BD09))
    assert there == pytest.approx((116.39762729119315, 39.90865673957631), abs=1e-7)


def test_exchanged_degrees_are_recognised_and_the_right_ones_proposed() -> None:
    (error,) = point_errors(36.617, 101.778)
    assert (error.pointer, error.rule) == ("/longitude", "point-swapped")
    assert dict(error.values) == {"longitude": "101.778", "latitude": "36.617"}


@pytest.mark.parametrize(
    ("point", "rules"),
    [
        (XINING, []),
        (TANGGULA, []),
        ((103.83, 36.06), ["point-outside-province"]),  # 兰州
        ((91.11, 29.65), ["point-outside-province"]),  # 拉萨
        ((1.0, 2.0), ["point-not-in-china"]),
        ((101.778, None), ["both-coordinates"]),
        ((None, None), []),
    ],
)
def test_a_point_outside_the_province_is_refused_and_its_exclave_is_not(
    point: tuple[float | None, float | None], rules: list[str]
) -> None:
    assert [error.rule for error in point_errors(*point)] == rules


@pytest.mark.parametrize(
    ("point", "codes", "rules"),
    [
        (TANGGULA, ("632801",), []),
        (TANGGULA, ("632801101",), []),
        (TANGGULA, ("6328",), []),
        (TANGGULA, ("630102",), ["point-far-from-county"]),
        (XINING, ("632801",), ["point-far-from-county"]),
        (XINING, ("632801", "630102"), []),
        (XINING, ("63",), []),
        ((None, None), ("632801",), []),
    ],
)
def test_a_point_far_from_every_county_of_the_venue_is_remarked(
    point: tuple[float | None, float | None], codes: tuple[str, ...], rules: list[str]
) -> None:
    assert [error.rule for error in far_from_home(*point, codes)] == rules


def test_another_province_knows_no_counties_and_refuses_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("KEPU_REGISTER", "another province")
    assert known_places() == ()
    assert point_errors(121.47, 31.23) == []
    assert far_from_home(121.47, 31.23, ("632801",)) == []


@pytest.mark.parametrize(
    ("code", "fault", "fits"),
    [
        ("91110000600037341L", None, True),
        ("91350100M000100Y43", None, True),
        ("91350211M0000XUF46", None, False),  # issued like this
        ("N1630102MF0000000X", None, False),  # a rural collective: stdnum would refuse the N
        ("9135021", "uscc-length", False),
        ("91350211M0000XUF4I", "uscc-alphabet", False),
        ("9135O211M0000XUF46", "uscc-alphabet", False),
    ],
)
def test_a_credit_code_is_refused_for_its_shape_and_never_for_its_check_digit(
    code: str, fault: str | None, fits: bool
) -> None:
    assert uscc_fault(code) == fault
    if fault is None:
        assert check_digit_fits(code) is fits


@pytest.mark.parametrize(
    ("funded", "admission", "all_year", "rules"),
    [
        (True, Admission.PAID, False, ["law-46-youth", "law-46-all-year"]),
        (True, Admission.DISCOUNT_FOR_YOUTH, True, []),
        (True, None, None, []),
        (False, Admission.PAID, False, []),
    ],
)
def test_what_the_law_asks_of_publicly_funded_venues_is_remarked(
    funded: bool, admission: Admission | None, all_year: bool | None, rules: list[str]
) -> None:
    assert [error.rule for error in admission_errors(funded, admission, all_year)] == rules
