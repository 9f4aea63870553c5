"""Exported lists over real HTTP: the file is its visitor's alone."""

from __future__ import annotations

from pathlib import Path

from tests.ui.security.served import API, Visitor, served, shop_in


def test_an_exported_list_is_read_by_its_visitor_alone(tmp_path: Path) -> None:
    shop = shop_in(tmp_path / "data")
    with served(shop) as url:
        visitor, other = Visitor(url), Visitor(url)
        config = visitor.config()
        kinds = {c["id"]: c for c in config["components"]}
        export = next(
            entry for entry in config["dependencies"] if entry["api_name"].startswith("export")
        )
        values = [kinds[i]["props"].get("value") for i in export["inputs"]]
        values[0] = "chair"
        event = {"action": "export", "value": "csv"}
        answer = visitor.join(export["id"], values, event_data=event)
        assert answer.status_code == 200, answer.text
        outcome = visitor.outcome()
        assert outcome["success"], outcome
        address = outcome["output"]["data"][0]
        assert address.startswith(f"{API}/file=")
        read = visitor.http.get(address)
        assert read.status_code == 200, read.text
        assert b"Armchair" in read.content
        assert f"{url}/inspect?item=a&catalog=demo" in read.text
        assert other.http.get(address).status_code == 404
