"""A Messages API in front of a small local model: just enough to drive the agent for real.

The model writes every word. Structured outputs are kept the way such servers do it: the form's
keys are given, and the model fills in each value.
"""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from tests.http_servers import serve_in_thread

#: Tokens of a listing's text that are read; more would only be slow here.
_READS, _WRITES = 900, 40


def _form(schema: dict[str, Any], words: str) -> dict[str, Any]:
    """Return the keys of the role's own form; a real server lets the model choose among them."""
    name = "Verdict" if "You are the evaluator" in words else "Draft"
    form: dict[str, Any] = schema["$defs"][name]["properties"]
    return form


class LocalModel:
    """Serves a GGUF file at ``url``; pictures are left aside, as the model has no eyes."""

    def __init__(self, file: Path) -> None:
        place = {"pretrained_model_name_or_path": str(file.parent), "gguf_file": file.name}
        self._tokenizer = AutoTokenizer.from_pretrained(**place)
        self._model = AutoModelForCausalLM.from_pretrained(**place, dtype=torch.float32).eval()
        self._lock = threading.Lock()
        model = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
                payload = json.dumps(model.answer(asked)).encode()
                self.send_response(200)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(payload)))
                self.end_headers()
                self.wfile.write(payload)

            def log_message(self, *args: object) -> None:
                return

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._http.server_port}"
        serve_in_thread(self._http)

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()

    def answer(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Return one message, in the form that was asked for."""
        blocks = asked["messages"][0]["content"]
        words = "\n".join(block["text"] for block in blocks if block["type"] == "text")
        start = self._tokenizer.apply_chat_template(
            [{"role": "user", "content": words}], tokenize=False, add_generation_prompt=True
        )
        written, form = {}, _form(asked["output_config"]["format"]["schema"], words)
        with self._lock:
            for name, kind in form.items():
                said = self._fill(start + json.dumps(written)[:-1] + f'"{name}": ', kind["type"])
                written[name] = said
        return {
            "id": "msg_local", "type": "message", "role": "assistant", "model": asked["model"],
            "content": [{"type": "text", "text": json.dumps({"answer": written})}],
            "stop_reason": "end_turn", "stop_sequence": None,
            "usage": {"input_tokens": len(words) // 4, "output_tokens": len(str(written)) // 4},
        }  # fmt: skip

    def _fill(self, prompt: str, kind: str) -> Any:
        opening = {"string": '"', "array": '["'}.get(kind, "")
        ids = self._tokenizer(prompt + opening, return_tensors="pt").input_ids[:, -_READS:]
        with torch.inference_mode():
            new = self._model.generate(ids, max_new_tokens=_WRITES, do_sample=False)
        text = self._tokenizer.decode(new[0, ids.shape[1] :], skip_special_tokens=True)
        said = text.split('"')[0].split("\n")[0].strip()
        if kind == "string":
            return said
        if kind == "array":
            return [said] if said else []
        if kind == "boolean":
            return text.strip().lower().startswith("true")
        digits = "".join(
            character for character in text.strip()[:3] if character.isdigit() or character == "."
        )
        return min(5.0, float(digits.strip(".") or 0)) if digits.strip(".") else 0
