"""The types of facts that the live stream shows, with the JSON Schema of what is sent of each."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from gateway.live.rules import VISIBLE


class EventTypeOut(BaseModel):
    """One type of fact. `audience`: everybody, its recipient, or holders of a permission."""

    type: str
    description: str
    audience: str
    json_schema: dict[str, Any]


def collect(answers: Mapping[str, Mapping[str, Any]]) -> dict[str, EventTypeOut]:
    """Every type that a row of the visibility table names and a service publishes."""
    published = {type_: schema for schemas in answers.values() for type_, schema in schemas.items()}
    return {
        type_: EventTypeOut(
            type=type_,
            description=published[type_].get("description", ""),
            audience=VISIBLE[type_].name,
            json_schema=_envelope(type_, published[type_]),
        )
        for type_ in sorted(VISIBLE)
        if type_ in published
    }


def _envelope(type_: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """What is sent: never whom it names."""
    data = dict(body)
    definitions = data.pop("$defs", None)
    data["properties"] = {
        name: each for name, each in body.get("properties", {}).items() if name != "recipient"
    }
    if "required" in data:
        data["required"] = [name for name in data["required"] if name != "recipient"]
    schema: dict[str, Any] = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": type_,
        "type": "object",
        "required": ["type", "subject", "division", "time", "data"],
        "properties": {
            "type": {"const": type_},
            "subject": {"type": "string"},
            "division": {"type": "string", "pattern": "^[0-9]{2,12}$"},
            "time": {"type": "string", "format": "date-time"},
            "data": data,
        },
    }
    if definitions:
        schema["$defs"] = definitions
    return schema
