# SPDX-License-Identifier: BSD-3-Clause
"""The page that trains in the browser, opened from the disk: it does what netlet does in Python, to the bit."""

import base64
import importlib.util
import json
import re
import runpy
import socket
import subprocess
import sys
from pathlib import Path

import netlet
import numpy as np
import pytest
from netlet import Adam, Network, _golden

ROOT = Path(__file__).parents[2]
SAME, DIFFERENT = "The same bits", "Different bits"


@pytest.fixture(scope="module")
def file(site):
    """The page, as the site has it."""
    path = site / "try.html"
    if 'id="wasm"' not in path.read_text(encoding="utf-8"):
        pytest.skip("the site was built without netlet.wasm: pip install cmake ninja ziglang")
    return path


@pytest.fixture
def visit(browser, file):
    """Opens the page in a tab of its own; whatever it says or asks the network for is a complaint."""
    contexts = []

    def visit(path=file, script="", **options):
        contexts.append(browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **options}))
        contexts[-1].add_init_script(script)
        page = watched(contexts[-1].new_page())
        page.goto(path.as_uri())
        return page

    yield visit
    for context in contexts:
        assert [complaint for page in context.pages for complaint in page.complaints] == []
        context.close()


def watched(page):
    page.complaints = []
    page.on("console", lambda message: page.complaints.append(message.text))
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    page.on("request", lambda request: other(page, request.url))
    return page


def other(page, url):
    if not (url.startswith(("blob:", "data:")) or url == page.url or page.url == "about:blank"):
        page.complaints.append(f"asked for {url}")


def ready(page):
    page.wait_for_selector("html[data-ready]")
    return page


def says(page, selector, text):
    """Waits until an element has this text (the page allows no `wait_for_function`, which evaluates strings)."""
    page.wait_for_selector(f"{selector}:text-is({json.dumps(text, ensure_ascii=False)})", timeout=60_000)


def shown(page, section):
    """The browser's fingerprint in a section, and what the page says of it."""
    page.wait_for_selector(f"{section} .bits .mark", timeout=120_000)
    python, here = page.locator(f"{section} .bits .fingerprint").all_text_contents()
    return python, here, page.inner_text(f"{section} .bits .verdict")


def xor(epochs=10_000):
    x = [[0, 0], [0, 1], [1, 0], [1, 1]]
    net = Network([2, 3, 1], seed=0)
    if epochs:
        net.fit(x, [[0], [1], [1], [0]], epochs=epochs, learning_rate=0.1)
    return net, net.forward(x)


@pytest.fixture(scope="module")
def digits():
    """The network, and the digits held out from it."""
    from sklearn.datasets import load_digits

    images, labels = load_digits(return_X_y=True)
    held_out = np.arange(len(labels)) % 4 == 0
    net = Network([64, 100, 10], activation="relu", loss="cross_entropy", reduction="mean", init="he_uniform", seed=0)
    net.fit(images[~held_out] / 16, labels[~held_out], epochs=50, batch_size=32, optimizer=Adam(0.003))
    return net, images[held_out] / 16, labels[held_out]


def test_xor_is_python_s(visit):
    page = ready(visit())
    page.click("#xor [data-train]")
    python, here, verdict = shown(page, "#xor")
    net, outputs = xor()
    assert python == here == net.fingerprint()
    assert re.fullmatch(rf"{SAME} as in Python, after 10,000 epochs in \d+(\.\d+)? m?s\.", verdict)
    cells = page.locator("#xor tbody tr:last-child td").all_text_contents()
    assert cells == [f"{value:.4f}" for value in outputs[:, 0]]
    assert "in 10,000 epochs" in page.locator("#xor svg").get_attribute("aria-label")
    for place, is_orange in [((0.3, 0.2), True), ((0.8, 0.2), False), ((0.3, 0.65), False), ((0.85, 0.7), True)]:
        red, _, blue, _ = page.locator("[data-surface]").evaluate(PIXEL, place)
        assert (red > blue) == is_orange, place


PIXEL = """(canvas, [x, y]) => {
    const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext("2d", {willReadFrequently: true})
    copy.drawImage(canvas, 0, 0)
    return [...copy.getImageData(canvas.width * x, canvas.height * y, 1, 1).data]
}"""


def test_xor_at_an_earlier_epoch(visit):
    page = ready(visit())
    assert page.is_disabled("#xor [data-stage]")
    page.click("#xor [data-train]")
    shown(page, "#xor")
    assert page.input_value("#xor [data-stage]") == page.get_attribute("#xor [data-stage]", "max") == "100"
    page.focus("#xor [data-stage]")
    for key, epochs in [("Home", 0), ("End", 10_000), ("Home", 0), ("PageUp", 1000), ("ArrowRight", 1100)]:
        page.keyboard.press(key)
        after = f"After {epochs:,} epochs" if epochs else "Before training"
        says(page, "#xor [data-after]", after)
        cells = page.locator("#xor tbody tr:last-child td").all_text_contents()
        assert cells == [f"{value:.4f}" for value in xor(epochs)[1][:, 0]], epochs
    assert page.locator("#xor svg line.mark").count() == 1


def test_a_network_that_is_saved_opens_in_python(visit, tmp_path):
    page = ready(visit())
    page.click("#xor [data-train]")
    shown(page, "#xor")
    with page.expect_download() as download:
        page.click("#xor [data-save]")
    assert download.value.suggested_filename == "xor.netlet"
    download.value.save_as(tmp_path / "xor.netlet")
    assert Network.load(tmp_path / "xor.netlet") == xor()[0]


def test_it_says_when_bits_differ(visit, file, tmp_path):
    right, wrong = xor()[0].fingerprint(), "0" * 64
    text = file.read_text(encoding="utf-8")
    assert text.count(right) == 1
    other = tmp_path / "other.html"
    other.write_text(text.replace(right, wrong), encoding="utf-8")
    page = ready(visit(other))
    page.click("#xor [data-train]")
    python, here, verdict = shown(page, "#xor")
    assert (python, here) == (wrong, right)
    assert verdict.startswith(f"{DIFFERENT} from Python")
    assert SAME not in verdict
    assert page.locator("#xor .bits .other").all_text_contents() == [right[i : i + 8] for i in range(0, 64, 8)]


def test_nothing_can_be_sent(browser, file):
    """The page forbids it to itself: who listens hears nothing."""
    ways = {
        "fetch": "fetch(A).then(() => 'sent', () => 'refused')",
        "image": "new Promise(done => Object.assign(new Image(), {onerror: () => done('refused'), src: A}))",
        "socket": "new Promise(done => new WebSocket(A.replace('http', 'ws')).onerror = () => done('refused'))",
    }
    page = browser.new_page()
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        address = f"http://127.0.0.1:{server.getsockname()[1]}/"
        page.goto(file.as_uri())
        ready(page)
        for name, way in ways.items():
            forever = "new Promise(done => setTimeout(done, 5000, 'sent'))"  # as nobody answers
            assert page.evaluate(f"A => Promise.race([{way}, {forever}])", address) == "refused", name
        with pytest.raises(BlockingIOError):
            server.accept()
    page.close()


# the digits, which take some seconds: trained once, then read


@pytest.fixture(scope="module")
def trained(browser, file):
    context = browser.new_context(viewport={"width": 1280, "height": 900}, has_touch=True)
    page = watched(context.new_page())
    page.goto(file.as_uri())
    ready(page).click("#digits [data-train]")
    shown(page, "#digits")
    yield page
    assert page.complaints == []
    context.close()


def test_digits_are_python_s_and_readme_s(trained, digits):
    net, x, y = digits
    python, here, verdict = shown(trained, "#digits")
    assert python == here == net.fingerprint()
    assert here in (ROOT / "README.md").read_text(encoding="utf-8")
    read = net.predict(x)
    assert verdict.startswith(SAME)
    assert f"{(read == y).sum()} of 450 digits kept back are read right" in verdict
    assert trained.inner_text("[data-accuracy] span") == f"{100 * (read == y).mean():.1f} %"
    found = trained.locator(".misread figcaption").all_text_contents()
    assert found == [f"{right}, read as {wrong}" for right, wrong in zip(y[read != y], read[read != y])]
    assert trained.locator("#digits svg path").count() == 2


STROKES = {  # as a hand draws them, in a square of 100 x 100
    0: ["50,15 33,25 27,50 33,75 50,85 67,75 73,50 66,25 50,15"],
    1: ["38,30 52,15 52,85"],
    2: ["30,30 36,19 50,15 65,21 69,35 60,50 30,85 72,85"],
    3: ["30,20 50,15 66,30 48,47 68,60 66,78 48,85 28,78"],
    4: ["55,15 28,60 75,60", "60,40 60,87"],
    5: ["68,15 36,15 33,45 55,42 70,55 68,75 50,85 31,76"],
    6: ["60,15 42,35 33,60 38,80 50,85 66,78 67,60 50,50 36,60"],
    7: ["30,17 70,17 45,86", "38,50 66,50"],
    8: ["62,22 50,15 36,22 37,38 62,58 66,75 50,85 33,75 38,58 62,40 63,24"],
    9: ["68,30 55,16 38,20 31,34 38,50 55,51 68,36 66,60 58,86"],
}


def strokes_of(digit):
    return [[[int(n) / 100 for n in point.split(",")] for point in stroke.split()] for stroke in STROKES[digit]]


def by_mouse(page, strokes, left, top, side):
    for (x, y), *rest in strokes:
        page.mouse.move(left + side * x, top + side * y)
        page.mouse.down()
        for x, y in rest:
            page.mouse.move(left + side * x, top + side * y, steps=2)
        page.mouse.up()


def by_finger(page, strokes, left, top, side):
    session = page.context.new_cdp_session(page)

    def touch(kind, *points):
        places = [{"x": left + side * x, "y": top + side * y} for x, y in points]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": places})

    for first, *rest in strokes:
        touch("touchStart", first)
        for point in rest:
            touch("touchMove", point)
        touch("touchEnd")


def drawn(page, draw, strokes, left=0.0, top=0.0, side=1.0):
    """Clears the pad and draws in a square of it."""
    page.click("[data-clear]")
    says(page, "#draw .verdict", "Nothing drawn yet.")
    pad = page.locator("[data-pad]")
    pad.scroll_into_view_if_needed()
    box = pad.bounding_box()
    draw(page, strokes, box["x"] + left * box["width"], box["y"] + top * box["height"], side * box["width"])
    return reading(page)


def reading(page):
    page.wait_for_selector("#draw .verdict strong")
    return int(page.inner_text("#draw .verdict strong"))


def pixels(page):
    label = page.get_attribute("[data-pixels]", "aria-label")
    rows = [row.split() for row in label.partition(": ")[2].split(", ")]
    assert [len(row) for row in rows] == [8] * 8
    return np.array(rows, float).ravel()


def test_drawn_digits_are_read(trained, digits):
    net, _, _ = digits
    for digit in STROKES:
        assert drawn(trained, by_mouse, strokes_of(digit)) == digit
        shares = [f"{100 * share:.1f} %" for share in net.predict_proba([pixels(trained) / 16])[0]]
        assert trained.locator("#draw .value").all_text_contents() == shares


def test_a_small_digit_in_a_corner_is_read(trained):
    large, small = [], []
    for digit in (2, 3, 5, 9):
        assert drawn(trained, by_mouse, strokes_of(digit)) == digit
        large.append(pixels(trained))
        assert drawn(trained, by_mouse, strokes_of(digit), left=0.55, top=0.05, side=0.4) == digit
        small.append(pixels(trained))
    assert np.abs(np.array(large) - small).mean() < 1


def test_a_finger_draws(trained):
    assert [drawn(trained, by_finger, strokes_of(digit)) for digit in (2, 7)] == [2, 7]


IMAGES = {
    0: ["..###...", ".#...#..", ".#...#..", ".#...#..", ".#...#..", ".#...#..", ".#...#..", "..###..."],
    1: ["...#....", "...#....", "...#....", "...#....", "...#....", "...#....", "...#....", "...#...."],
    4: ["....#...", "...#....", "..#.....", ".#...#..", ".######.", ".....#..", ".....#..", ".....#.."],
    7: [".######.", "......#.", ".....#..", ".....#..", "....#...", "....#...", "...#....", "...#...."],
}


def test_the_keyboard_draws(trained):
    trained.click("[data-clear]")
    grid = trained.locator("#draw [role=grid]")
    assert grid.locator("[tabindex='0']").count() == 1
    for digit, rows in IMAGES.items():
        trained.focus("[data-clear]")
        trained.keyboard.press("Shift+Tab")
        trained.keyboard.press("Delete")
        for _ in range(7):
            trained.keyboard.press("ArrowUp")
        for row, cells in enumerate(rows):
            trained.keyboard.press("Home")
            for cell in cells:
                if cell == "#":
                    trained.keyboard.press("Space")
                trained.keyboard.press("ArrowRight")
            if row < 7:
                trained.keyboard.press("ArrowDown")
        labels = grid.locator("[role=gridcell]").evaluate_all("cells => cells.map(cell => cell.ariaLabel)")
        states = {"#": "set", ".": "empty"}
        assert labels == [f"row {i // 8 + 1}, column {i % 8 + 1}: {states[rows[i // 8][i % 8]]}" for i in range(64)]
        says(trained, "#draw .verdict strong", str(digit))
    trained.keyboard.press("Delete")
    says(trained, "#draw .verdict", "Nothing drawn yet.")
    assert pixels(trained).max() == 0


def test_the_keyboard_s_lines_are_as_the_pen_s(trained):
    """A line of points has the pixels of the same line drawn by a mouse."""
    assert drawn(trained, by_mouse, [[[0.4375, 0.0625], [0.4375, 0.9375]]]) == 1
    line = pixels(trained)
    trained.click("[data-clear]")
    trained.focus("[data-cells] [role=gridcell] >> nth=3")
    for _ in range(8):
        trained.keyboard.press("Space")
        trained.keyboard.press("ArrowDown")
    # the eighth press of ArrowDown stays in the last row
    says(trained, "#draw .verdict strong", "1")
    assert np.abs(pixels(trained) - line).max() <= 1


def test_drawing_trains_the_network_first(visit, digits):
    page = ready(visit(reduced_motion="reduce"))
    page.focus("#draw [role=gridcell] >> nth=20")
    page.evaluate(WORDS)
    page.keyboard.press("Space")
    page.wait_for_selector("#draw .verdict strong", timeout=120_000)
    said = page.evaluate("words")
    assert set(said) >= {f"Learning first: epoch {n} of 50" for n in (1, 16, 50)}
    assert shown(page, "#digits")[1] == digits[0].fingerprint()


WORDS = """() => {
    window.words = []
    const verdict = document.querySelector("#draw [data-verdict]")
    const note = () => words.push(verdict.textContent)
    new MutationObserver(note).observe(verdict, {childList: true, subtree: true, characterData: true})
}"""


@pytest.mark.parametrize("width", [320, 390, 1280])
def test_nothing_below_moves_while_the_networks_learn(visit, width):
    page = ready(visit(viewport={"width": width, "height": 900}))
    top = "document.querySelector('#draw').getBoundingClientRect().top + scrollY"
    before = page.evaluate(top)
    page.evaluate(
        """() => {
            window.tops = []
            const note = () => tops.push(document.querySelector("#draw").getBoundingClientRect().top + scrollY)
            new MutationObserver(note).observe(document.body, {childList: true, subtree: true, characterData: true})
        }"""
    )
    for section in ("#xor", "#digits"):
        page.click(f"{section} [data-train]")
        shown(page, section)
    assert page.locator(".misread figure").count() == 9
    tops = page.evaluate("tops")
    assert len(tops) > 10
    assert set(tops) == {before}


def test_training_can_be_stopped(visit, digits):
    page = ready(visit())
    page.click("#digits [data-train]")
    page.wait_for_selector("#digits .bits .none:text('epoch')")
    button = page.get_by_role("button", name="Stop training the digits")
    assert button.inner_text() == "Stop"
    button.click()
    page.wait_for_selector("#digits .bits .verdict:text('Stopped')")
    assert page.locator("#digits .bits .mark").count() == 0
    assert page.is_disabled("#digits [data-save]")
    page.get_by_role("button", name="Train the digits again").click()
    assert shown(page, "#digits")[1] == digits[0].fingerprint()
    assert page.is_enabled("#digits [data-save]")


# files


def flowers():
    rng = np.random.default_rng(0)
    x = rng.normal([5, 0.02], [2, 0.01], (90, 2))
    net = Network([2, 5, 3], activation="tanh", loss="cross_entropy", reduction="mean", seed=3)
    labels = np.array(["álamo", "ash", "<oak>"])[(x[:, 0] > 4).astype(int) + (x[:, 1] > 0.02)]
    net.fit(x, labels, epochs=30, batch_size=10, optimizer=Adam(0.02), standardize="inputs")
    net.feature_names = ["height (m)", "growth"]
    return net


def test_a_file_from_python_is_opened(visit, tmp_path):
    net = flowers()
    net.save(tmp_path / "trees.netlet")
    page = ready(visit())
    page.set_input_files("[data-file]", tmp_path / "trees.netlet")
    page.wait_for_selector("#open [data-opened]")
    assert page.inner_text("[data-name]") == "trees.netlet"
    assert page.inner_text("[data-summary]").strip() == net.summary().strip()
    assert page.text_content("#open [data-facts] .fingerprint") == net.fingerprint()
    assert page.locator("#open form label span").all_text_contents() == ["height (m)", "growth"]
    assert page.locator("#open .name").all_text_contents() == net.classes.tolist()
    for height, growth in [("4.5", "0.03"), ("2", "-0.01"), ("1e1", "0,025")]:
        page.fill("#open form input >> nth=0", height)
        page.fill("#open form input >> nth=1", growth)
        shares = net.predict_proba([[float(height), float(growth.replace(",", "."))]])[0]
        best = net.classes[shares.argmax()]
        says(page, "#open [data-verdict]", f"Largest: {best}, {100 * shares.max():.1f} %.")
        assert page.locator("#open .value").all_text_contents() == [f"{100 * share:.1f} %" for share in shares]
    assert not paste(page, "1,5")  # one number, which the browser enters
    assert paste(page, " 7,5 0,01\n")
    assert paste(page, " 7.5;0.01\n")
    shares = net.predict_proba([[7.5, 0.01]])[0]
    says(page, "#open [data-verdict]", f"Largest: {net.classes[shares.argmax()]}, {100 * shares.max():.1f} %.")
    assert page.locator("#open .value").all_text_contents() == [f"{100 * share:.1f} %" for share in shares]
    for wrong in ("much", "0x10", "1,000.5", "Infinity"):
        page.fill("#open form input >> nth=1", wrong)
        says(page, "#open [data-verdict]", f"growth: expected a number, got “{wrong}”.")
        assert page.locator("#open .value").all_text_contents() == ["\N{EN DASH}"] * 3
        invalid = page.locator("#open form input").evaluate_all("all => all.map(one => one.ariaInvalid)")
        assert invalid == ["false", "true"]


def paste(page, text):
    """Pastes into the first field; whether the page took it for more than that field's."""
    return page.evaluate(
        """text => {
            const clipboardData = new DataTransfer()
            clipboardData.setData("text", text)
            const paste = new ClipboardEvent("paste", {clipboardData, bubbles: true, cancelable: true})
            return !document.querySelector("#open form input").dispatchEvent(paste)
        }""",
        text,
    )


def test_squared_errors_give_no_percentages(visit, tmp_path):
    net, outputs = xor()
    net.save(tmp_path / "xor.netlet")
    page = ready(visit())
    page.set_input_files("[data-file]", tmp_path / "xor.netlet")
    says(page, "#open .value", f"{float(f'{outputs[0, 0]:.6g}'):g}")
    net = Network([2, 3, 1], loss="binary_cross_entropy", seed=0)
    net.save(tmp_path / "share.netlet")
    page.set_input_files("[data-file]", tmp_path / "share.netlet")
    says(page, "#open .value", f"{100 * net.forward([[0, 0]])[0, 0]:.1f} %")


@pytest.mark.parametrize("width", [390, 1280])
def test_an_image_s_inputs_are_a_square(visit, digits, tmp_path, width):
    net, x, _ = digits
    net.save(tmp_path / "digits.netlet")
    page = ready(visit(viewport={"width": width, "height": 900}))
    page.set_input_files("[data-file]", tmp_path / "digits.netlet")
    says(page, "#open [data-verdict]", "All inputs are 0. Change one to see the outputs.")
    boxes = [box.bounding_box() for box in page.locator("#open form input").all()]
    assert len({box["x"] for box in boxes}) == len({box["y"] for box in boxes}) == 8
    outputs_above = page.locator("#open h4", has_text="Outputs").bounding_box()["y"] < boxes[0]["y"] - 100
    assert outputs_above == (width == 390)
    assert paste(page, ",".join(map(str, x[0])))
    says(page, "#open .best .name", f"{net.predict(x[:1])[0]}" if net.classes is not None else "class 0")


def test_many_inputs_are_a_line(visit, tmp_path):
    net = Network([70, 4, 2], activation="tanh", loss="gaussian_nll", seed=1)
    net.save(tmp_path / "wide.netlet")
    page = ready(visit())
    page.set_input_files("[data-file]", tmp_path / "wide.netlet")
    page.wait_for_selector("#open textarea")
    assert page.locator("#open .name").all_text_contents() == ["mean 1", "log variance 1"]
    row = np.arange(70) / 70
    page.fill("#open textarea", ",".join(map(repr, row.tolist())))
    mean, log_variance = net.forward([row])[0]
    wanted = [f"{float(f'{value:.6g}'):g}" for value in (mean, log_variance)]
    says(page, "#open li:first-child .value", wanted[0])
    assert page.locator("#open .value").all_text_contents() == wanted
    page.fill("#open textarea", "1, 2")
    says(page, "#open [data-verdict]", "Expected 70 numbers, got 2.")


def test_of_many_outputs_some_are_shown(visit, tmp_path):
    net = Network([2, 1000], activation="tanh", seed=1)
    net.save(tmp_path / "many.netlet")
    page = ready(visit())
    page.set_input_files("[data-file]", tmp_path / "many.netlet")
    page.wait_for_selector("#open [data-opened]")
    page.fill("#open form input >> nth=0", "0.5")
    expected = f"{float(f'{net.forward([[0.5, 0]])[0, 99]:.6g}'):g}"
    says(page, "#open li:last-child .value", expected)
    assert page.locator("#open .value").count() == 100
    assert page.inner_text("#open [data-more]") == "and 900 more outputs"


def test_damaged_files_are_refused_in_words(visit, tmp_path):
    flowers().save(tmp_path / "good.netlet")
    good = (tmp_path / "good.netlet").read_bytes()
    middle = len(good) // 2
    bad = {
        "empty": b"",
        "short": good[:-9],
        "flipped": good[:middle] + bytes([good[middle] ^ 1]) + good[middle + 1 :],
        "picture": base64.b64decode(
            "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4nGNgYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
        ),
    }
    page = ready(visit())
    for name, data in bad.items():
        page.set_input_files("[data-file]", {"name": f"{name}.netlet", "mimeType": "", "buffer": data})
        page.wait_for_selector(f"#open [data-problem]:text('{name}.netlet')")
        said = page.inner_text("#open [data-problem]")
        what = "The file is damaged" if name in ("short", "flipped") else "It is not a netlet network"
        assert said.split("\n")[0] == f"{name}.netlet cannot be opened. {what}."
        page.click("#open [data-problem] summary")
        said = page.inner_text("#open [data-problem]")
        assert re.search(r"Details\s+[A-Z].{10,}\.$", said), said
        assert not re.search("undefined|wasm|memory access", said), said
        assert page.is_hidden("#open [data-opened]")
    page.set_input_files("[data-file]", tmp_path / "good.netlet")
    page.wait_for_selector("#open [data-opened]")
    assert page.is_hidden("#open [data-problem]")


def test_a_file_can_be_dropped(visit, tmp_path):
    flowers().save(tmp_path / "trees.netlet")
    data = base64.b64encode((tmp_path / "trees.netlet").read_bytes()).decode()
    page = ready(visit())
    page.evaluate(
        """data => {
            const transfer = new DataTransfer()
            transfer.items.add(new File([Uint8Array.from(atob(data), c => c.charCodeAt(0))], "dropped.netlet"))
            const options = {dataTransfer: transfer, bubbles: true, cancelable: true}
            const kept = ["dragover", "drop"].map(
                (name) => !document.querySelector("footer").dispatchEvent(new DragEvent(name, options)))
            if (String(kept) !== "true,true") throw new Error("the browser leaves the page")
        }""",
        data,
    )
    page.wait_for_selector("#open [data-opened]")
    assert page.inner_text("[data-name]") == "dropped.netlet"


# the golden networks


def test_golden_networks(visit):
    page = ready(visit(permissions=["clipboard-read", "clipboard-write"]))
    page.click("#golden [data-run]")
    python, here, verdict = shown(page, "#golden")
    cases = _golden.read()
    assert python == here == _golden.together([(case.fingerprint, case.loss) for case in cases])
    assert verdict.startswith(f"{SAME} as in Python, for all together: {len(cases)} of {len(cases)} networks the same")
    assert page.locator("#golden tbody th").all_text_contents() == [case.name for case in cases]
    assert page.locator("#golden tbody code").all_text_contents() == [case.fingerprint for case in cases]
    assert page.locator("#golden tbody .mark").all_text_contents() == ["same"] * len(cases)
    page.click("#golden [data-copy]")
    says(page, "[data-copied]", "Copied.")
    command = [sys.executable, "-m", "netlet", "selftest", "--fingerprints"]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    copied = page.evaluate("navigator.clipboard.readText()")
    assert printed.startswith(copied)
    assert copied.count("\n") == len(cases)


def test_a_golden_network_that_differs(visit, file, tmp_path):
    case = _golden.read()[3]
    text = file.read_text(encoding="utf-8")
    expected = json.dumps([case.name, case.fingerprint])
    assert text.count(expected) == 1
    other = tmp_path / "other.html"
    other.write_text(text.replace(expected, json.dumps([case.name, "f" * 64])), encoding="utf-8")
    page = ready(visit(other))
    page.click("#golden [data-run]")
    _, _, verdict = shown(page, "#golden")
    assert "31 of 32 networks the same" in verdict
    assert verdict.startswith(DIFFERENT)
    assert page.locator("#golden tbody tr", has_text="different").locator("th").all_text_contents() == [case.name]


# all kinds of readers


@pytest.mark.parametrize("width", [320, 390, 768])
def test_narrow_screens_do_not_scroll_sideways(visit, tmp_path, width):
    flowers().save(tmp_path / "trees.netlet")
    page = ready(visit(viewport={"width": width, "height": 800}))
    page.click("#xor [data-train]")
    page.click("#golden [data-run]")
    page.set_input_files("[data-file]", tmp_path / "trees.netlet")
    page.wait_for_selector("#open [data-opened]")
    shown(page, "#xor")
    shown(page, "#golden")
    for details in page.locator("summary").all():
        details.click()
    assert page.evaluate("document.documentElement.scrollWidth") == width
    small = page.locator("button:visible, .drop label, #open form input").evaluate_all(
        "all => all.filter(one => one.getBoundingClientRect().height < 32).map(one => one.textContent || one.name)"
    )
    assert small == []


def test_the_keyboard_suffices(visit):
    page = ready(visit())
    stops = []
    for _ in range(40):
        page.keyboard.press("Tab")
        stop = page.evaluate(
            """() => {
                const at = document.activeElement
                if (at === document.body) return null
                const style = getComputedStyle(at.matches("input[type=file]") ? at.nextElementSibling : at)
                const name = at.ariaLabel || at.textContent.trim() || at.id
                return [at.closest("section")?.id ?? "", name, style.outlineStyle !== "none"]
            }"""
        )
        if stop is None:
            break
        stops.append(stop)
        if stop[:2] == ["xor", "Train XOR"]:
            page.keyboard.press("Enter")
            assert shown(page, "#xor")[2].startswith(SAME)
            assert page.evaluate("document.activeElement.textContent") == "Train XOR again"
    assert all(visible for *_, visible in stops), stops
    order = list(dict.fromkeys(section for section, *_ in stops if section))
    assert order == ["xor", "digits", "draw", "open", "golden"]
    assert ["xor", "Save as xor.netlet", True] in stops
    assert ["draw", "Clear", True] in stops


def test_screen_readers_get_names(visit):
    page = ready(visit())
    levels = page.locator("h1, h2, h3, h4").evaluate_all(
        "all => all.filter(h => h.offsetParent).map(h => +h.tagName[1])"
    )
    assert levels == [1, 2, 2, 3, 2, 2, 2]
    nameless = page.locator("main :is(canvas, svg, button, input, [role=grid], [role=gridcell])").evaluate_all(
        """all => all.filter(one => !(one.ariaLabel || one.textContent.trim() || one.labels?.length
            || one.getAttribute("aria-labelledby"))).map(one => one.outerHTML)"""
    )
    assert nameless == []
    buttons = page.locator("main button").evaluate_all("all => all.map(one => one.ariaLabel || one.textContent)")
    assert len(set(buttons)) == len(buttons)
    slider = page.get_by_role("slider", name="Epochs", exact=True)
    assert slider.get_attribute("aria-valuetext") == "Before training"
    assert all(nav.inner_text() for nav in page.locator("nav").all())
    assert page.locator("[role=status]").count() >= 5
    assert page.locator("[role=alert]").count() == 2


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_follows_the_reader_s_colours(visit, scheme):
    page = ready(visit(color_scheme=scheme))
    brightness = (
        "Math.max(...getComputedStyle(document.body).backgroundColor.match(/[\\d.]+/g).slice(0, 3).map(Number))"
    )
    modes = []
    for _ in range(3):
        modes.append((page.get_attribute("#theme", "aria-label"), page.evaluate(brightness) > 200))
        page.click("#theme")
    is_light = scheme == "light"
    assert modes == [("Colours: as the system", is_light), ("Colours: light", True), ("Colours: dark", False)]


def test_text_stands_out_from_its_ground(visit):
    """At least 4.5 : 1, as WCAG 2 asks."""
    for scheme in ("light", "dark"):
        page = ready(visit(color_scheme=scheme))
        names = ["paper", "surface", "ink", "muted", "primary", "on-primary", "good", "bad", "bad-surface"]
        value = "name => getComputedStyle(document.documentElement).getPropertyValue('--' + name)"
        colours = {name: luminance(page.evaluate(value, name)) for name in names}
        pairs = [(front, "paper") for front in ("ink", "muted", "primary", "good", "bad")]
        for front, back in [*pairs, ("ink", "surface"), ("on-primary", "primary"), ("ink", "bad-surface")]:
            light, dark = sorted((colours[front], colours[back]), reverse=True)
            assert (light + 0.05) / (dark + 0.05) >= 4.5, (scheme, front, back)


def luminance(colour):
    parts = [int(colour.strip()[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return np.dot(linear, [0.2126, 0.7152, 0.0722])


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("WebAssembly.validate = () => false", "without its 128-bit vectors"),
        ("delete window.WebAssembly", "no WebAssembly"),
        ("delete window.DecompressionStream", "too old"),
    ],
)
def test_browsers_that_lack_something_are_told(visit, script, said):
    page = visit(script=script)
    page.wait_for_selector("#problem:visible")
    assert said in page.inner_text("#problem")
    assert page.locator("main button:enabled").count() == 0


def test_without_a_compiler_the_page_says_so(visit, monkeypatch, tmp_path):
    page_maker = runpy.run_path(str(ROOT / "wasm" / "page" / "assemble.py"))
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(page_maker["NoCompilerError"], match=r"pip install \. scikit-learn ziglang") as error:
        page_maker["page"]()
    path = tmp_path / "absent.html"
    path.write_text(page_maker["absent"](str(error.value), "index.html"), encoding="utf-8")
    page = visit(path)
    assert "was built without netlet.wasm" in page.inner_text("main")
    assert "pip install . scikit-learn ziglang" in page.inner_text("main")
    assert page.get_attribute("nav a", "href") == "index.html"


def test_the_command_makes_the_same_page(file, tmp_path):
    command = [sys.executable, ROOT / "wasm" / "page" / "assemble.py", tmp_path / "page.html", "--home", "index.html"]
    subprocess.run(command, check=True, capture_output=True)
    assert (tmp_path / "page.html").read_bytes() == file.read_bytes()
    assert netlet.__version__ in file.read_text(encoding="utf-8")
