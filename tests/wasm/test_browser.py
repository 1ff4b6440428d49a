# SPDX-License-Identifier: BSD-3-Clause
"""In Chromium, without a bundler: `load` fetches the module, in a page and in a module worker."""

import http.server
import re
import subprocess
import threading
from functools import partial

import pytest
from netlet import Network, _golden

from helpers.tools import needed

pytestmark = pytest.mark.wasm

PAGE = """<!doctype html><p id="page"></p><p id="worker"></p>
<script type="module">
import { load, Network } from "./node_modules/netlet/netlet.js";
import { selftest } from "./node_modules/netlet/selftest.js";
const show = (id, text) => (document.getElementById(id).textContent = text);
const worker = new Worker("worker.js", { type: "module" });
worker.onmessage = async ({ data }) => {
  await load();
  show("worker", Network.fromBytes(data).fingerprint());
};
await load();
const golden = await (await fetch("node_modules/netlet/golden.txt")).text();
const { passed, together } = await selftest(golden);
show("page", passed + " " + together);
</script>
"""
WORKER = """
import { load, Network } from "./node_modules/netlet/netlet.js";
await load();
const net = new Network([2, 3, 1], { seed: 0 });
net.fitSync([[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 0], { epochs: 10 });
const bytes = net.toBytes();
postMessage(bytes, [bytes.buffer]);
"""


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture
def address(application):
    """Where the application's folder is served."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=application)) as server:
        threading.Thread(target=server.serve_forever).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_a_page_and_a_worker_give_the_golden_values(application, address, tmp_path):
    chromium = needed("chromium", "chromium-browser", "google-chrome")
    (application / "page.html").write_text(PAGE)
    (application / "worker.js").write_text(WORKER)
    options = ["--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path}"]
    # its clock stands still while anything is being done
    command = [chromium, *options, "--virtual-time-budget=60000", "--dump-dom", f"{address}/page.html"]
    found = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    together = _golden.together([(golden.fingerprint, golden.loss) for golden in _golden.read()])
    assert re.search('<p id="page">(.*?)</p>', found)[1] == f"true {together}"
    net = Network([2, 3, 1], seed=0)
    net.fit([[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 0], epochs=10)
    assert re.search('<p id="worker">(.*?)</p>', found)[1] == net.fingerprint()
