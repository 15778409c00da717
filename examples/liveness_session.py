"""Liveness session in a browser: a page that records a video, and a small server that keeps the token.

Usage: ``python examples/liveness_session.py data/credentials.json [PORT]``, then open the address it prints.

The browser receives neither the token nor the result: this server, in the role of your application, decides. Browsers allow
camera access only over HTTPS and on localhost.
"""

import json
import re
import sys
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Liveness</title>
<style>
  body { font: 1.1rem sans-serif; max-width: 40rem; margin: 2rem auto; text-align: center }
  video { width: 100%; background: #222; transform: scaleX(-1) } /* the preview is mirrored, the recording is not */
  button { font: inherit; padding: .5rem 1.5rem }
</style>
<h1>Liveness check</h1>
<video id="camera" autoplay playsinline muted></video>
<p id="say" role="status">Press start, look into the camera and follow the prompts.</p>
<button id="start">Start</button>
<script>
const WORDS = {1: "Turn your head to your left and back", 2: "Turn your head to your right and back", 3: "Nod",
               4: "Open and close your mouth", 5: "Blink"};
const say = text => document.getElementById("say").textContent = text;
const pause = ms => new Promise(done => setTimeout(done, ms));
const start = document.getElementById("start");
start.onclick = async () => {
  start.disabled = true;
  try {
    const stream = await navigator.mediaDevices.getUserMedia({video: {width: 640, height: 480, facingMode: "user"}});
    document.getElementById("camera").srcObject = stream;
    const session = await (await fetch("/session", {method: "POST"})).json();
    const recorder = new MediaRecorder(stream, {videoBitsPerSecond: 2_000_000});
    const parts = [];
    recorder.ondataavailable = event => parts.push(event.data);
    const stopped = new Promise(done => recorder.onstop = done);
    say("Look into the camera"); await pause(1500);
    recorder.start(); await pause(1000);
    for (const action of session.actions) { say(WORDS[action]); await pause(2500); }
    say("Thank you"); await pause(500);
    recorder.stop(); await stopped;
    stream.getTracks().forEach(track => track.stop());
    say("Checking …");
    const video = new Blob(parts, {type: recorder.mimeType});
    const answer = await (await fetch("/session/" + session.session_id, {method: "POST", body: video})).json();
    say(answer.welcome ? "Welcome." : "Not accepted. " + (answer.reason || "Please try again."));
  } catch (error) { say("Camera or server not available: " + error.message); }
  start.disabled = false;
};
</script></html>
"""


class Application:
    """The part of an application that calls OpenFRS."""

    def __init__(self, credentials: dict[str, str]) -> None:
        self._endpoint = credentials["endpoint"]
        self._sessions = f"{self._endpoint}/x/v1/{credentials['project_id']}/liveness-sessions"
        self._token = self._sign_in(credentials)

    def begin(self) -> dict[str, Any]:
        """Create a session with two actions."""
        return self._call("POST", self._sessions, json.dumps({"count": 2}).encode(), "application/json")

    def finish(self, session_id: str, video: bytes) -> dict[str, Any]:
        """Upload a session's video and return only whether the person is accepted."""
        boundary = "openfrs-video-boundary"
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="video_file"; filename="video"\r\n\r\n'
        body = head.encode() + video + f"\r\n--{boundary}--\r\n".encode()
        receipt = self._call(
            "POST", f"{self._sessions}/{session_id}/video", body, f"multipart/form-data; boundary={boundary}"
        )
        if "error_code" in receipt:
            return {"welcome": False, "reason": receipt["error_msg"]}
        return {"welcome": self._call("GET", f"{self._sessions}/{session_id}/result").get("alive") is True}

    def _call(self, method: str, url: str, body: bytes | None = None, kind: str = "application/json") -> dict[str, Any]:
        headers = {"X-Auth-Token": self._token, "Content-Type": kind}
        request = urllib.request.Request(url, body, headers, method=method)  # noqa: S310  # the operator's configured address
        try:
            with urllib.request.urlopen(request, timeout=120) as response:  # noqa: S310
                result: dict[str, Any] = json.load(response)
        except urllib.error.HTTPError as error:
            result = json.load(error)
        return result

    def _sign_in(self, credentials: dict[str, str]) -> str:
        user = {
            "name": credentials["user"],
            "password": credentials["password"],
            "domain": {"name": credentials["domain"]},
        }
        identity = {"methods": ["password"], "password": {"user": user}}
        auth = {"identity": identity, "scope": {"project": {"id": credentials["project_id"]}}}
        body = json.dumps({"auth": auth}).encode()
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(f"{self._endpoint}/v3/auth/tokens", body, headers)  # noqa: S310
        with urllib.request.urlopen(request, timeout=30) as response:  # noqa: S310
            return str(response.headers["X-Subject-Token"])


def serve(application: Application, port: int) -> ThreadingHTTPServer:
    """Return the page's server, bound to loopback."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._respond(PAGE.encode(), "text/html; charset=utf-8")

        def do_POST(self) -> None:
            body = self.rfile.read(min(int(self.headers.get("Content-Length") or 0), 8 * 1024 * 1024))
            if self.path == "/session":
                self._respond(json.dumps(application.begin()).encode(), "application/json")
            elif session := re.fullmatch(r"/session/([0-9a-f]{32})", self.path):
                self._respond(json.dumps(application.finish(session[1], body)).encode(), "application/json")
            else:
                self.send_error(404)

        def _respond(self, body: bytes, kind: str) -> None:
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the base class names it so
            pass

    return ThreadingHTTPServer(("127.0.0.1", port), Handler)


if __name__ == "__main__":
    credentials = json.loads(Path(sys.argv[1]).read_text("utf-8"))
    server = serve(Application(credentials), int(sys.argv[2]) if len(sys.argv) > 2 else 8000)
    print(f"Open http://127.0.0.1:{server.server_port}")
    server.serve_forever()
