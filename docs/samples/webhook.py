# Receives the calls of a webhook, and believes only those that are signed with its secret.
import hashlib
import hmac
import json
import os
import time
from http.server import BaseHTTPRequestHandler, HTTPServer


def genuine(body, header, secret):
    parts = [part.split("=", 1) for part in header.split(",")]
    sent_at = next(value for name, value in parts if name == "t")
    own = hmac.new(secret.encode(), sent_at.encode() + b"." + body, hashlib.sha256).hexdigest()
    signed = any(hmac.compare_digest(own, value) for name, value in parts if name == "v1")
    return signed and abs(time.time() - int(sent_at)) < 300  # older than five minutes: somebody plays it again


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        good = genuine(body, self.headers["Mcof-Signature"], os.environ["MCOF_SECRET"])  # whsec_...
        if good:
            event = json.loads(body)  # id, type, crisis, revision, at: note the id, the same one may come again
            print(event["type"], event["crisis"], flush=True)
        self.send_response(204 if good else 400)
        self.end_headers()


HTTPServer(("127.0.0.1", int(os.environ.get("PORT", "9000"))), Receiver).serve_forever()
