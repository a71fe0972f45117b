"""The pages of `corpus report` and `corpus view`, looked at by a browser: every section there and filled, in both
languages, both colour schemes, at 375 and 1,440 pixels; no request leaves the page, nothing is said on the console, no text
of a document runs, and axe-core finds nothing serious.

    python3 tests/browser/check_pages.py CORPUS [--axe axe.min.js] [--chromium PATH] [--shots FOLDER] [--keep FOLDER]

Needs Playwright for Python and Chromium. What is not there is said (`skipped …`), and is no failure."""

import argparse
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

from builds import builds, run

SECTIONS = ["verdict", "funnel", "reasons", "signals", "mix", "words", "duplicates", "samples", "limits", "kept", "relations",
            "sources", "cost"]
CHROMIUM = ["chromium-headless-shell", "chromium", "chromium-browser", "google-chrome"]
SIZES = [(375, 812), (1440, 900)]


class Checks:
    """What was found wrong."""

    def __init__(self):
        self.wrong, self.held = [], 0

    def that(self, holds, what):
        if holds:
            self.held += 1
        else:
            self.wrong.append(what)
            print(f"WRONG {what}", flush=True)


def watched(page):
    """Everything that the page asks for or says."""
    seen = {"requests": [], "said": []}
    page.on("request", lambda request: seen["requests"].append(request.url))
    page.on("console", lambda message: seen["said"].append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: seen["said"].append(f"error: {error}"))
    return seen


def until(page, holds):
    """Waits for what a script says of the page. Asked for step by step: the page's own policy lets no text become a script,
    which is what Playwright's own waiting does."""
    for _ in range(150):
        if page.evaluate(holds):
            return
        page.wait_for_timeout(100)
    raise SystemExit(f"never came: {holds}\n{page.evaluate('document.body.innerText')[:2000]}")


def opened(page):
    """Opens all that is folded."""
    page.evaluate("document.querySelectorAll('details').forEach((d) => { d.open = true; if (d.fill) d.fill(); })")
    page.wait_for_timeout(50)


def axe(page, source, checks, where):
    """What axe-core finds serious, or worse."""
    if source is None:
        return
    page.evaluate(source)
    found = page.evaluate("axe.run(document, { resultTypes: ['violations'] })")
    for violation in found["violations"]:
        nodes = [f"{node['target']}: {node.get('failureSummary', '')}" for node in violation["nodes"][:3]]
        serious = violation["impact"] in ("serious", "critical")
        if serious:
            checks.that(False, f"{where}: axe {violation['id']} ({violation['impact']}, {len(violation['nodes'])} places): {nodes}")
        else:
            print(f"axe  {where}: {violation['id']} ({violation['impact']})")
    checks.that(len(found["passes"]) > 0, f"{where}: axe looked at nothing")


def sections(page, checks, where, full):
    """Every section is there, named, and filled."""
    there = page.evaluate("[...document.querySelectorAll('main section')].map((s) => s.id)")
    checks.that(there == SECTIONS, f"{where}: sections are {there}")
    for name in SECTIONS:
        text = page.evaluate("(id) => document.getElementById(id)?.innerText || ''", name)
        body = text.split("\n", 1)[1] if "\n" in text else ""
        checks.that(len(body.strip()) > (80 if full else 5), f"{where}: section {name} says only {text!r}")
    counts = page.evaluate("""() => Object.fromEntries(['svg', '.row', 'table', 'mark', '.turn', '.pair', '.chips li'].map(
        (of) => [of, document.querySelectorAll(of).length]))""")
    if full:
        checks.that(all(counts.values()), f"{where}: nothing of some kind is drawn: {counts}")


def looks(page, checks, where, address, shot):
    """One language, scheme and size."""
    fits = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    checks.that(fits[0] <= fits[1], f"{where}: the page is {fits[0]} pixels wide, the window {fits[1]}")
    if shot:
        page.screenshot(path=f"{shot}.png", full_page=True)


def keyboard(page, checks, where):
    """Figures, folds and the switch can be used without a pointer."""
    first = page.locator("main svg[role=slider]").first
    if first.count():
        first.focus()
        said = lambda: page.evaluate("document.querySelector('figure .say').textContent")
        before = said()
        page.keyboard.press("ArrowRight")
        checks.that(said() != before, f"{where}: an arrow key says nothing new: {before!r}")
        value = first.get_attribute("aria-valuetext")
        checks.that(value == said(), f"{where}: the figure says {value!r} to a reader of screens")
    fold = page.locator("main summary").last
    fold.focus()
    before = page.evaluate("[...document.querySelectorAll('main details')].pop().open")
    page.keyboard.press("Enter")
    checks.that(page.evaluate("[...document.querySelectorAll('main details')].pop().open") != before, f"{where}: Enter moves no fold")
    title = page.title()
    page.locator("#lang").focus()
    page.keyboard.press("Enter")
    checks.that(page.title() != title, f"{where}: the switch changes no language")
    page.keyboard.press("Tab")
    page.keyboard.press("Shift+Tab")
    ring = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    checks.that(ring != "none", f"{where}: what has the focus is not seen")
    page.locator("#lang").click()


def hostile(page, checks, where):
    """Texts that mean harm are text."""
    checks.that(page.evaluate("window.ran") is None, f"{where}: a text of a document ran")
    text = page.evaluate("document.body.textContent")
    for piece in ["<script>window.ran = true</script><img src=x onerror='window.ran = true'>", "&lt;b&gt; ${window.ran}",
                  "\"quoted\" 'single' `back`", "𠀀𠮷𪚥𫝀 😀", "U+202E", "مرحبا"]:
        checks.that(piece in text, f"{where}: {piece!r} is not shown")
    counts = page.evaluate("[document.images.length, document.scripts.length, document.querySelectorAll('main script, main svg[onload]').length]")
    checks.that(counts == [0, 2, 0], f"{where}: images, scripts, scripts among texts: {counts}")


def report(browser, checks, name, address, options):
    """The page of one build."""
    full = name == "four"
    for scheme in ["light", "dark"]:
        for width, height in SIZES:
            context = browser.new_context(color_scheme=scheme, viewport={"width": width, "height": height}, locale="en-US")
            page = context.new_page()
            seen = watched(page)
            page.goto(address)
            page.wait_for_selector("#cost")
            for lang in ["en", "zh"]:
                where = f"{name} {lang} {scheme} {width}"
                if page.evaluate("lang") != lang:
                    page.locator("#lang").click()
                shot = options.shots and f"{options.shots}/{name}-{lang}-{scheme}-{width}"
                looks(page, checks, where, address, shot)
                opened(page)
                sections(page, checks, where, full)
                looks(page, checks, where + " unfolded", address, None)
                axe(page, options.axe, checks, where)
            if full and name == "four":
                hostile(page, checks, where)
            page.reload()
            keyboard(page, checks, where)
            page.emulate_media(media="print")
            page.evaluate("dispatchEvent(new Event('beforeprint'))")
            folded = page.evaluate("[...document.querySelectorAll('details')].filter((d) => !d.open).length")
            checks.that(folded == 0, f"{where}: {folded} folds stay closed in print")
            others = [url for url in seen["requests"] if url != address]
            checks.that(not others, f"{where}: requests leave the page: {others}")
            checks.that(not seen["said"], f"{where}: the console says {seen['said']}")
            context.close()


class Viewer:
    """A `corpus view` at work."""

    def __init__(self, corpus, build):
        self.process = subprocess.Popen([corpus, "view", str(build), "--format", "json", "--lang", "en"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.address = json.loads(self.process.stdout.readline())["url"]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()


def browsed(page, checks, where):
    """Rows by page, filter and search; a life; a limit tried out."""
    found = lambda: page.locator("#found").inner_text()
    rows = lambda: page.locator("#rows .row").count()
    settled = lambda what: until(page, what)
    settled("document.querySelectorAll('#rows .row').length > 0")
    checks.that(rows() == 20 and "1" in found(), f"{where}: the first page has {rows()} rows: {found()}")
    first = page.locator("#rows .row .id").first.inner_text()
    page.locator("#next").click()
    settled(f"document.querySelector('#rows .id').innerText !== {json.dumps(first)}")
    page.locator("#previous").click()
    settled(f"document.querySelector('#rows .id').innerText === {json.dumps(first)}")
    fields = page.locator("#browse select")
    fields.nth(0).select_option("dropped")
    settled("document.querySelector('#rows .facts .gone')")
    page.locator("#browse select").nth(3).select_option(label="exact_dedup · exact_duplicate")
    settled("document.getElementById('found').innerText.includes('30')")
    page.locator("#browse select").nth(0).select_option("data")
    page.locator("#browse input[type=search]").fill("𠀀𠮷𪚥𫝀")
    page.keyboard.press("Enter")
    settled("document.querySelectorAll('#rows .row').length === 1")
    checks.that("hostile3" in page.locator("#rows").inner_text(), f"{where}: the search found {page.locator('#rows').inner_text()!r}")
    page.locator("#browse input[type=search]").fill("<script>window.ran")
    page.keyboard.press("Enter")
    settled("document.querySelectorAll('#rows .row').length > 3")
    checks.that(page.evaluate("window.ran") is None, f"{where}: a text of a document ran")


def lived(page, checks, where, axe_source):
    """One row's life, by keyboard."""
    page.locator("#browse input[type=text]:not([placeholder])").fill("copy1")
    page.keyboard.press("Enter")
    page.wait_for_selector("#life table")
    text = page.locator("#life").inner_text()
    checks.that("exact_duplicate" in text and "p1" in text and page.locator("#life .pair").count() == 1, f"{where}: the life says {text!r}")
    axe(page, axe_source, checks, where + " life")
    page.keyboard.press("Escape")
    checks.that(not page.evaluate("document.getElementById('life').open"), f"{where}: Escape does not close")


def tried(page, checks, where):
    """A limit moved."""
    page.wait_for_selector("#try input[type=range]")
    until(page, "document.querySelectorAll('#try .row').length > 0")
    say = lambda: page.locator("#try [role=status]").last.inner_text()
    before = say()
    page.locator("#try input[type=range]").focus()
    for _ in range(5):
        page.keyboard.press("ArrowRight")
    checks.that(say() != before, f"{where}: the slider says nothing new: {before}")
    page.locator("#try input[type=number]").fill("100")
    page.keyboard.press("Tab")
    until(page, "[...document.querySelectorAll('#try [role=status]')].pop().innerText.includes('at 100')")
    checks.that("100" in say() and "+" in say(), f"{where}: at 100 it says {say()}")


def view(browser, checks, name, viewer, options):
    """The viewer of one build."""
    if name == "bare":
        page = browser.new_context().new_page()
        seen = watched(page)
        page.goto(viewer.address)
        page.wait_for_selector("#relations")
        until(page, "document.getElementById('found').innerText !== '' && document.querySelectorAll('#try option').length > 0")
        checks.that(not seen["said"], f"view {name}: the console says {seen['said']}")
        return
    for scheme, width, height in [("light", 1440, 900), ("dark", 375, 812)]:
        context = browser.new_context(color_scheme=scheme, viewport={"width": width, "height": height}, locale="en-US")
        page = context.new_page()
        seen = watched(page)
        page.goto(viewer.address)
        page.wait_for_selector("#relations")
        for lang in ["en", "zh"]:
            where = f"view {name} {lang} {scheme} {width}"
            if page.evaluate("lang") != lang:
                page.locator("#lang").click()
                page.wait_for_selector("#try input[type=range]")
            there = page.evaluate("[...document.querySelectorAll('main section')].map((s) => s.id)")
            wanted = ["verdict", "browse", "try"] + SECTIONS[1:]
            checks.that(there == wanted, f"{where}: sections are {there}")
            until(page, "document.querySelectorAll('#rows .row').length > 0 && document.querySelectorAll('#try .row').length > 0")
            looks(page, checks, where, None, options.shots and f"{options.shots}/view-{name}-{lang}-{scheme}-{width}")
            axe(page, options.axe, checks, where)
        page.locator("#lang").click()
        where = f"view {name} en {scheme} {width}"
        browsed(page, checks, where)
        lived(page, checks, where, options.axe)
        tried(page, checks, where)
        others = [url for url in seen["requests"] if not url.startswith(viewer.address)]
        checks.that(not others, f"{where}: requests go elsewhere: {others}")
        checks.that(not seen["said"], f"{where}: the console says {seen['said']}")
        context.close()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("corpus")
    parser.add_argument("--axe")
    parser.add_argument("--chromium")
    parser.add_argument("--shots")
    parser.add_argument("--keep")
    parser.add_argument("--only", help="one build")
    options = parser.parse_args()
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        print("skipped pages: Playwright for Python is not installed (pip install playwright)")
        return
    chromium = options.chromium or next((path for path in map(shutil.which, CHROMIUM) if path), None)
    if chromium is None:
        print("skipped pages: there is no Chromium (apt install chromium-headless-shell)")
        return
    if options.axe is None:
        print("skipped axe-core: no --axe (npm install axe-core, node_modules/axe-core/axe.min.js)")
    else:
        options.axe = pathlib.Path(options.axe).read_text()
    if options.shots:
        pathlib.Path(options.shots).mkdir(parents=True, exist_ok=True)
    folder = pathlib.Path(options.keep or tempfile.mkdtemp())
    checks = Checks()
    corpus = str(pathlib.Path(options.corpus).resolve())
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for name, build in builds(corpus, folder).items():
            if options.only not in (None, name):
                continue
            run(corpus, "report", build, "--lang", "en", "--samples", "100" if name == "four" else "6")
            report(browser, checks, name, (build / "report.html").resolve().as_uri(), options)
            if name in ("four", "bare"):
                with Viewer(corpus, build) as viewer:
                    view(browser, checks, name, viewer, options)
        browser.close()
    if not options.keep:
        shutil.rmtree(folder)
    print(f"{checks.held} checks held, {len(checks.wrong)} did not")
    sys.exit(1 if checks.wrong else 0)


if __name__ == "__main__":
    main()
