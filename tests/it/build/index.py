"""An index on 127.0.0.1 with a project `good`, and ways to be out of order: index.py FILE-FOR-THE-PORT FOLDER.

/whole/simple, /unwilling/simple (503), /denied/simple (401), /half/simple (files end before their end),
/other/simple (files are not what their digests say)
"""
import hashlib
import http.server
import os
import sys

PORT, FOLDER = sys.argv[1:]
SDIST = open(os.path.join(FOLDER, "good-1.0.tar.gz"), "rb").read()


class Index(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        mode, rest = self.path.lstrip("/").split("/", 1)
        if mode == "unwilling":
            return self.answer(503, b"")
        if mode == "denied":
            return self.answer(401, b"")
        if rest == "simple/good/":
            digest = hashlib.sha256(SDIST).hexdigest()
            page = '<a href="/%s/files/good-1.0.tar.gz#sha256=%s">good-1.0.tar.gz</a>' % (mode, digest)
            return self.answer(200, page.encode(), "text/html")
        if rest == "files/good-1.0.tar.gz":
            body = SDIST[:-100] if mode == "half" else SDIST[:-4] + b"????" if mode == "other" else SDIST
            return self.answer(200, body, length=len(SDIST))
        self.answer(404, b"")

    def answer(self, status, body, kind="application/octet-stream", length=None):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(length or len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *words):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Index)
with open(PORT + ".new", "w") as file:
    file.write(str(server.server_port))
os.rename(PORT + ".new", PORT)
server.serve_forever()
