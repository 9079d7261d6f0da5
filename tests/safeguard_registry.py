"""Safeguards of the register of venues by their exact text."""

from tests.safeguards import listed

REGISTRY = "services/venues/registry"
TABLES = "services/venues/migrations/versions/0004_registry.py"
TESTS = "tests/venues/registry"

REGISTRY_LISTED = (
    listed(
        "registry: the wall around whom to ask",
        TABLES,
        '    *wall("venue_contacts", P.VENUE_EDIT),\n',
        "",
        f"{TESTS}/test_venues.py",
    ),
    listed(
        "registry: the wall around representatives",
        TABLES,
        '    *wall("venue_representatives", P.VENUE_EDIT, relations=("account_id",)),\n',
        "",
        f"{TESTS}/test_venues.py",
    ),
    listed(
        "registry: one appointment of an account at a time",
        TABLES,
        "daterange(from_on, until_on, '[]') WITH &&)",
        "id WITH =)",
        f"{TESTS}/test_venues.py",
    ),
    listed(
        "registry: a representative describes and no more",
        f"{REGISTRY}/actions.py",
        "    if not (editable is Editable.DESCRIPTION and changed <= DESCRIPTIVE):\n",
        "    if editable is not Editable.DESCRIPTION:\n",
        f"{TESTS}/test_venues.py",
    ),
    listed(
        "registry: a venue moves to a division that one keeps",
        f"{REGISTRY}/actions.py",
        "        caller.require(P.VENUE_EDIT, at=given.division_code)\n    require_version",
        "        pass\n    require_version",
        f"{TESTS}/test_venues.py",
    ),
    listed(
        "registry: people stand where the venue stands",
        f"{REGISTRY}/actions.py",
        "    if moved:\n",
        "    if False:\n",
        f"{TESTS}/test_venues.py",
    ),
    listed(
        "registry: an edit of the version that was read",
        f"{REGISTRY}/actions.py",
        "    require_version(row.version, version)\n",
        "",
        f"{TESTS}/test_venues.py",
    ),
    listed(
        "registry: an appointment that ended holds no more",
        f"{REGISTRY}/representatives.py",
        "col(Representative.ended_at).is_(None), ",
        "",
        f"{TESTS}/test_venues.py",
    ),
    listed(
        "registry: an appointment holds from its day on",
        f"{REGISTRY}/representatives.py",
        "col(Representative.from_on) <= day, ",
        "",
        f"{TESTS}/test_venues.py",
    ),
    listed(
        "registry: who keeps a venue sees whom to ask",
        f"{REGISTRY}/people.py",
        """    if not await represents(db, caller, row.id):
        caller.require(P.VENUE_EDIT, at=row.division_code)
    return row
""",
        "    return row\n",
        f"{TESTS}/test_venues.py",
    ),
    listed(
        "registry: opened by who may open",
        f"{REGISTRY}/people.py",
        "    caller.require(P.PERSONAL_OPEN, at=venue.division_code)\n",
        "",
        f"{TESTS}/test_venues.py",
    ),
    listed(
        "registry: the order on the ground, not in degrees",
        f"{REGISTRY}/nearest.py",
        "(max(distance_m) + 1)",
        "(min(distance_m) + 1)",
        f"{TESTS}/test_nearest.py",
    ),
    listed(
        "registry: an honour comes in by who may approve",
        f"{REGISTRY}/sheet.py",
        "        elif not desk.caller.may(needed, at=code):\n",
        "        elif False:\n",
        f"{TESTS}/test_venues_in.py",
    ),
    listed(
        "registry: the open data holds published venues only",
        f"{REGISTRY}/open_data.py",
        "v.state = 'published' AND ",
        "",
        f"{TESTS}/test_venues_in.py",
    ),
    listed(
        "registry: a draft is deleted by who keeps venues there",
        f"{REGISTRY}/deleting.py",
        "    caller.require(P.VENUE_EDIT, at=row.division_code)\n",
        "",
        f"{TESTS}/test_deleting.py",
    ),
    listed(
        "registry: a venue that was public is not deleted",
        f"{REGISTRY}/deleting.py",
        "    if row.state is not VenueState.DRAFT:\n",
        "    if False:\n",
        f"{TESTS}/test_deleting.py",
    ),
    listed(
        "registry: what something depends on is not deleted",
        f"{REGISTRY}/deleting.py",
        "    await _require_free(db, venue_id)\n",
        "",
        f"{TESTS}/test_deleting.py",
    ),
)
