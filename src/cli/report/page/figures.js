// Histograms of signals, with their limits.
// The values at the quarters of a figure, below it: text of the page, which stays readable where the figure is narrow.
function axis(values, last) {
  const marks = values.map((v) => el("span", {}, num(v)));
  return el("div", { class: "axis-values", "aria-hidden": "true" }, marks, el("span", { class: "last" }, num(last)));
}
function histogram(s) {
  const W = 960,
    top = 8,
    base = 138,
    n = s.bars.length,
    w = W / Math.max(n, 1);
  const height = (b) => b.slice(2).reduce((a, v) => a + v, 0),
    most = Math.max(1, ...s.bars.map(height));
  const svg = el("svg", {
    viewBox: `0 0 ${W} ${base + 1}`,
    preserveAspectRatio: "none",
    "aria-label": s.name,
    ...(n
      ? {
          role: "slider",
          tabindex: "0",
          "aria-valuemin": 0,
          "aria-valuemax": Math.max(n - 1, 1),
          "aria-valuenow": Math.floor(n / 2),
          "aria-valuetext": t("moveOver"),
        }
      : { role: "img" }),
  });
  const place = (l) => {
    const i = s.bars.findIndex((b) => b[0] === l.limit);
    return i < 0 ? W - 1 : Math.max(i * w, 1);
  };
  for (const l of s.limits) {
    const x = place(l);
    svg.append(
      el(
        "rect",
        l.side === "min"
          ? { class: "side", x: 0, width: x, y: top, height: base - top }
          : { class: "side", x, width: W - x, y: top, height: base - top },
      ),
    );
  }
  s.bars.forEach((b, i) => {
    let y = base;
    b.slice(2).forEach((v, k) => {
      if (!(v > 0)) return;
      const h = Math.max((v / most) * (base - top - 4), 1.5);
      y -= h;
      svg.append(el("rect", { class: k ? "d" : "k", x: i * w + 0.75, y, width: Math.max(w - 1.5, 1), height: h }));
    });
  });
  svg.append(el("line", { class: "axis", x1: 0, x2: W, y1: base + 0.5, y2: base + 0.5 }));
  for (const l of s.limits) {
    const x = place(l);
    svg.append(el("line", { class: "limit", x1: x, x2: x, y1: 2, y2: base }));
  }
  const over = el("rect", { class: "over", y: top, width: w, height: base - top, visibility: "hidden" }),
    say = el("p", { class: "soft say" }, t(s.limits.length ? "moveOver" : "moveFree"));
  svg.append(over);
  let at = -1;
  const show = (i) => {
    if (n === 0) return;
    at = Math.min(Math.max(i, 0), n - 1);
    over.setAttribute("x", at * w);
    over.setAttribute("visibility", "visible");
    say.textContent = costs(s, at, height).join(lang === "zh" ? "；" : " · ");
    svg.setAttribute("aria-valuenow", at);
    svg.setAttribute("aria-valuetext", say.textContent);
  };
  svg.addEventListener("pointermove", (e) => {
    const box = svg.getBoundingClientRect();
    show(Math.floor(((e.clientX - box.left) / box.width) * n));
  });
  svg.addEventListener("pointerdown", (e) => {
    const box = svg.getBoundingClientRect();
    show(Math.floor(((e.clientX - box.left) / box.width) * n));
  });
  svg.addEventListener("keydown", (e) => {
    const to = { ArrowLeft: at - 1, ArrowDown: at - 1, ArrowRight: at + 1, ArrowUp: at + 1, Home: 0, End: n - 1 }[
      e.key
    ];
    if (to !== undefined) {
      e.preventDefault();
      show(to);
    }
  });
  svg.addEventListener("focus", () => {
    if (at < 0) show(Math.floor(n / 2));
  });
  return el(
    "figure",
    {},
    el(
      "figcaption",
      {},
      el("strong", {}, s.name),
      s.limits.map((l) => el("span", {}, " · " + t("limit", l.stage, l.side, num(l.limit), num(l.rows)))),
    ),
    svg,
    n
      ? axis(
          [0, 1, 2, 3].map((q) => s.bars[Math.floor((q * n) / 4)][0]),
          s.bars[n - 1][1],
        )
      : null,
    n ? say : null,
    s.rows ? soft(t("quantiles", s.quantiles.map(num).join(lang === "zh" ? "、" : ", "))) : null,
  );
}
// What lies in a bar, and what each limit would drop or keep if it stood there.
function costs(s, at, height) {
  const b = s.bars[at],
    parts = [t("at", num(b[0]), num(b[1]), num(b[2]), num(height(b) - b[2]))];
  if (!s.limits.length) {
    const below = s.bars.slice(0, at).reduce((a, c) => a + c[2], 0);
    parts.push(t("below", num(below), pct(below, s.rows), num(b[0])));
  }
  s.limits.forEach((l, k) => {
    const min = l.side === "min",
      strict = min ? b[0] > l.limit : b[1] < l.limit,
      value = min ? b[0] : b[1];
    if (value === l.limit) return;
    const [low, high] = [Math.min(value, l.limit), Math.max(value, l.limit)];
    const rows = s.bars.reduce(
      (a, c, i) => a + (c[0] >= low && c[1] <= high ? (strict ? (l.kept ? l.kept[i] : c[2]) : c[3 + k]) : 0),
      0,
    );
    const name = l.stage + " " + s.name + "." + l.side;
    parts.push(
      strict ? t("more", name, num(value), num(rows), pct(rows, s.rows)) : t("fewer", name, num(value), num(rows)),
    );
  });
  return parts;
}
function signals() {
  if (!D.signals.length) return section("signals", soft(t("noSignals")));
  const limited = D.signals.filter((s) => s.limits.length),
    free = D.signals.filter((s) => !s.limits.length);
  const rest =
    (free.length > 4 && limited.length) || free.length > 8
      ? fold(
          t("other_signals", num(free.length)) + (lang === "zh" ? "：" : ": ") + free.map((s) => s.name).join(", "),
          false,
          () => free.map(histogram),
        )
      : free.map(histogram);
  return section("signals", soft(t("about")), limited.map(histogram), rest);
}
function relations() {
  const R = D.relations,
    names = R.names;
  if (names.length < 2) return section("relations", soft(t("onlyOne")));
  const r = (a, b) => (a === b ? 1 : a > b ? R.matrix[a][b] : R.matrix[b][a]);
  const cell = (a, b) => {
    const v = r(a, b),
      c = el("td", {}, v === null ? "–" : a === b ? "" : String(v).replace("-", "−"));
    if (v !== null && a !== b)
      c.style.background = `color-mix(in srgb, var(${v < 0 ? "--drop" : "--keep"}) ${Math.round(Math.abs(v) * 38)}%, var(--card))`;
    return c;
  };
  const matrix = el(
    "div",
    { class: "wide" },
    el(
      "table",
      { class: "matrix" },
      el(
        "thead",
        {},
        el(
          "tr",
          {},
          el("td", {}),
          names.map((name, i) => el("th", { scope: "col", title: name }, String(i + 1))),
        ),
      ),
      el(
        "tbody",
        {},
        names.map((name, a) =>
          el(
            "tr",
            {},
            el("th", { scope: "row" }, a + 1 + " " + name),
            names.map((_, b) => cell(a, b)),
          ),
        ),
      ),
    ),
  );
  const pairs = [];
  names.forEach((_, a) => {
    for (let b = 0; b < a; b++) if (r(a, b) !== null) pairs.push([a, b, r(a, b)]);
  });
  pairs.sort((x, y) => Math.abs(y[2]) - Math.abs(x[2]));
  const close = pairs
    .slice(0, 6)
    .map(([a, b, v]) => `${names[b]} – ${names[a]} (${String(v).replace("-", "−")})`)
    .join(lang === "zh" ? "；" : "; ");
  const middle = (q) => (q ? `${num(q[0])} – ${num(q[1])} – ${num(q[2])}` : "–");
  const sources = table(
    [t("source"), t("rows"), ...names],
    R.sources.map((s) => [s.source, num(s.rows), ...s.signals.map(middle)]),
    t("bySource"),
  );
  return section(
    "relations",
    soft(t("relationsAbout", num(R.rows)), R.left_out ? " " + t("leftOut", num(R.left_out)) : ""),
    matrix,
    close ? el("p", {}, t("strongest", close)) : null,
    sources,
  );
}
