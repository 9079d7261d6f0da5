"""Merging documents: names that clash, ids, problems, and what is not shown."""

from typing import Any

from openapi_spec_validator import OpenAPIV31SpecValidator

from gateway.documentation.merge import merge
from gateway.segments import GATEWAY


def document(**paths: Any) -> dict[str, Any]:
    return {
        "openapi": "3.1.0",
        "info": {"title": "t", "version": "1"},
        "paths": {f"/{name}": item for name, item in paths.items()},
    }


def get(operation_id: str, schema: str | None = None) -> dict[str, Any]:
    content: dict[str, Any] = {}
    if schema:
        reference = {"$ref": f"#/components/schemas/{schema}"}
        content = {"content": {"application/json": {"schema": reference}}}
    return {
        "get": {
            "operationId": operation_id,
            "responses": {"200": {"description": "OK", **content}},
        }
    }


def merged(**documents: dict[str, Any]) -> dict[str, Any]:
    made = merge(documents, unavailable=(), cookie="kepu_session")
    OpenAPIV31SpecValidator(made).validate()
    return made


def test_a_service_path_gets_the_prefix_and_the_gateways_own_has_it() -> None:
    own = document()
    own["paths"] = {"/api/v1/live": get("watch"), "/health/live": get("live")}
    made = merged(**{GATEWAY: own, "venues": document(venues=get("list_venues_venues_get"))})
    assert list(made["paths"]) == ["/api/v1/live", "/api/v1/venues"]
    assert made["paths"]["/api/v1/venues"]["get"]["operationId"] == "list_venues"


def test_a_path_that_the_gateway_does_not_route_to_the_service_is_not_documented() -> None:
    made = merged(venues=document(venues=get("a"), activities=get("b"), editions=get("c")))
    assert list(made["paths"]) == ["/api/v1/venues"]


def test_schemas_of_one_name_are_kept_apart_unless_they_are_the_same() -> None:
    events = document(activities=get("list_activities", "Page"))
    venues = document(venues=get("list_venues", "Page"))
    same = {"type": "object", "title": "Same"}
    events["components"] = {
        "schemas": {
            "Page": {"type": "object"},
            "Same": same,
            "Uses": {"$ref": "#/components/schemas/Page"},
        }
    }
    venues["components"] = {
        "schemas": {
            "Page": {"type": "array"},
            "Same": same,
            "Uses": {"$ref": "#/components/schemas/Page"},
        }
    }
    made = merged(events=events, venues=venues)
    schemas = made["components"]["schemas"]
    assert sorted(schemas) == ["Page", "Problem", "Same", "Uses", "VenuesPage", "VenuesUses"]
    assert (schemas["Page"]["type"], schemas["VenuesPage"]["type"]) == ("object", "array")
    assert schemas["Uses"] == {"$ref": "#/components/schemas/Page"}
    assert schemas["VenuesUses"] == {"$ref": "#/components/schemas/VenuesPage"}
    answer = made["paths"]["/api/v1/venues"]["get"]["responses"]["200"]
    assert answer["content"]["application/json"]["schema"] == {
        "$ref": "#/components/schemas/VenuesPage"
    }


def test_operation_ids_are_unique_over_all_services() -> None:
    made = merged(
        events=document(activities=get("read_all"), posts=get("read_all")),
        venues=document(venues=get("read_all")),
    )
    ids = [item["get"]["operationId"] for item in made["paths"].values()]
    assert sorted(ids) == ["events_read_all", "read_all", "venues_read_all"]


def test_every_operation_says_what_a_problem_looks_like_and_none_has_fastapis_own() -> None:
    item = get("list_venues")
    item["get"]["responses"]["422"] = {
        "description": "Validation Error",
        "content": {
            "application/json": {"schema": {"$ref": "#/components/schemas/HTTPValidationError"}}
        },
    }
    venues = document(venues=item)
    venues["components"] = {
        "schemas": {
            "HTTPValidationError": {"type": "object"},
            "ValidationError": {"type": "object"},
        }
    }
    made = merged(venues=venues)
    problem = {"$ref": "#/components/responses/Problem"}
    responses = made["paths"]["/api/v1/venues"]["get"]["responses"]
    assert responses.pop("304").keys() == {"description"}
    assert {status: responses[status] for status in responses if status != "200"} == dict.fromkeys(
        ("401", "403", "422", "429", "500", "503", "504"), problem
    )
    assert sorted(made["components"]["schemas"]) == ["Problem"]


def test_an_edit_also_tells_of_conflicts_and_of_the_version_it_needs() -> None:
    item = {"patch": get("edit_venue")["get"]}
    item["patch"]["parameters"] = [
        {"name": "if-match", "in": "header", "schema": {"type": "string"}}
    ]
    edit = merged(venues=document(venues=item))["paths"]["/api/v1/venues"]["patch"]
    assert sorted(edit["responses"]) == sorted(
        ["200", "401", "403", "404", "409", "412", "413", "422", "428", "429", "500", "503", "504"]
    )


def test_what_is_read_of_one_thing_may_be_missing_or_not_to_be_had_in_its_state() -> None:
    item = get("read_venue")
    name = {"name": "venue_id", "in": "path", "required": True, "schema": {"type": "string"}}
    item["get"]["parameters"] = [name]
    made = merged(venues=document(**{"venues/{venue_id}": item}))
    read = made["paths"]["/api/v1/venues/{venue_id}"]["get"]
    assert sorted(read["responses"]) == sorted(
        ["200", "304", "401", "403", "404", "409", "422", "429", "500", "503", "504"]
    )


def test_accept_language_is_said_once_and_meant_everywhere() -> None:
    item = get("list_venues")
    item["get"]["parameters"] = [
        {"name": "accept-language", "in": "header", "schema": {"type": "string"}}
    ]
    made = merged(venues=document(venues=item))
    assert list(made["components"]["parameters"]) == ["AcceptLanguage"]
    assert made["paths"]["/api/v1/venues"]["parameters"] == [
        {"$ref": "#/components/parameters/AcceptLanguage"}
    ]
    assert made["paths"]["/api/v1/venues"]["get"]["parameters"] == []


def test_an_operation_without_a_tag_belongs_to_its_first_segment() -> None:
    made = merged(venues=document(venues=get("list_venues")))
    assert made["tags"] == [{"name": "venues"}]
