"""The JSON interface as people read it."""

from pathlib import Path

from starlette.testclient import TestClient

from dashboard.app import create_app
from dashboard.reference import rooms
from tests.support.dashboards import Dashboards


def test_every_operation_stands_on_a_page_of_our_own(tmp_path: Path) -> None:
    app = create_app(Dashboards(tmp_path).context("staff"))
    answer = TestClient(app).get("/api/v1/docs", headers={"Accept-Language": "en"})
    assert answer.status_code == 200
    for path, methods in app.openapi()["paths"].items():
        assert path in answer.text
        assert all(f"<strong>{method.upper()}</strong>" in answer.text for method in methods)
    assert "https://" not in answer.text  # nothing comes from elsewhere
    assert "<script>" not in answer.text
    assert "Idempotency-Key" in answer.text


def test_members_within_members_are_told_by_their_path() -> None:
    document = {
        "paths": {
            "/a": {
                "post": {
                    "tags": ["x"],
                    "description": "Does it.",
                    "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/c/A"}}}},
                    "responses": {"200": {"description": "Done"}},
                }
            }
        },
        "components": {
            "schemas": {
                "A": {
                    "required": ["b"],
                    "properties": {
                        "b": {"anyOf": [{"$ref": "#/c/B"}, {"type": "null"}]},
                        "many": {"type": "array", "items": {"$ref": "#/c/A"}},
                    },
                },
                "B": {"properties": {"n": {"type": "integer", "minimum": 1.0, "maximum": 9.0}}},
            }
        },
    }
    ((room, (operation,)),) = rooms(document)
    assert room == "x"
    assert [(f.name, f.kind, f.required) for f in operation.body] == [
        ("b", "any or null", True),
        ("b.n", "integer, from 1, up to 9", False),
        ("many", "list of any", False),
    ]
    assert operation.answers == (("200", "Done", ()),)
