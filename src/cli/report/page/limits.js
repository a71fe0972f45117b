// Limits: what other values would drop is known for many of them, and asked for exactly when the slider rests.
function tryout() {
  const body = el("div", { id: "limit" });
  const section_ = section("try", soft(t("tryAbout")), status("trying"), body);
  (async () => {
    await null; // until the section stands in the page
    if (!tried) {
      told("trying", t("wait"));
      try {
        tried = await api("limits");
      } catch (e) {
        told("trying", t("failedTo", e.message));
        return;
      }
    }
    if (!document.getElementById("trying")) return;
    told("trying", "");
    const all = tried.stages.flatMap((stage) => stage.limits.map((limit) => ({ stage, limit })));
    if (!all.length) {
      body.append(soft(t("noTry")));
      return;
    }
    const shown = el("div", {});
    body.append(
      el(
        "div",
        { class: "fields" },
        labelled(
          "limitName",
          el(
            "select",
            { change: (e) => shown.replaceChildren(slider(all[e.target.value])) },
            options(
              all.map(({ stage, limit }, i) => [String(i), stage.name + " · " + limit.key + " = " + num(limit.limit)]),
              "0",
            ),
          ),
        ),
      ),
      shown,
    );
    shown.append(slider(all[0]));
  })();
  return section_;
}
function slider({ stage, limit }) {
  const points = limit.neighbours,
    here = Math.max(
      points.findIndex((p) => p.limit === limit.limit),
      0,
    ),
    drops = points[here].drops;
  const say = el("p", { role: "status" }),
    near = el("div", { class: "pair" }),
    figure = distribution(limit);
  const range = el("input", {
    type: "range",
    min: 0,
    max: points.length - 1,
    value: here,
    "aria-label": stage.name + " " + limit.key,
  });
  const exact = el("input", { type: "number", step: "any", value: limit.limit });
  const line = (value, rows, exactly) =>
    t("now", num(limit.limit), num(drops), num(stage.reached)) +
    " · " +
    (exactly ? "" : t("about_")) +
    t("then", num(value), num(rows), (rows >= drops ? "+" : "−") + num(Math.abs(rows - drops)));
  let mine = 0;
  const rest = async (value) => {
    const asked = ++mine;
    try {
      const found = (await api("limit", { stage: stage.name, key: limit.key, value })).stages[0].limits[0];
      if (asked !== mine || !found) return;
      say.textContent = line(value, found.neighbours.find((n) => n.limit === value).drops, true);
      const side = (title, rows) =>
        el(
          "div",
          {},
          el("h3", {}, t(title)),
          rows.map((r) =>
            el(
              "div",
              { class: "row" },
              el(
                "p",
                { class: "facts" },
                el("span", { class: "id" }, r.id),
                el("span", {}, t("value_") + " " + num(r.value)),
                lifeOf(r.id),
              ),
              el("div", { class: "text", dir: "auto" }, shown(r.text || t("noText"))),
            ),
          ),
        );
      near.replaceChildren(side("failsIt", found.failing), side("holdsIt", found.holding));
    } catch (e) {
      if (asked === mine) say.textContent = t("failedTo", e.message);
    }
  };
  const command = el("p", { class: "soft" });
  const at = (value, rows) => {
    say.textContent = line(value, rows, true);
    command.textContent = t("setIt", stage.name, limit.key, value);
    figure.move(value);
  };
  range.addEventListener("input", () => {
    const p = points[range.value];
    exact.value = p.limit;
    at(p.limit, p.drops);
  });
  range.addEventListener("change", () => rest(points[range.value].limit));
  exact.addEventListener("change", () => {
    const value = Number(exact.value);
    if (exact.value === "" || !Number.isFinite(value)) return;
    let i = points.findIndex((p) => p.limit >= value);
    if (i < 0) i = points.length - 1;
    range.value = i;
    say.textContent = line(value, points[i].drops, points[i].limit === value);
    command.textContent = t("setIt", stage.name, limit.key, value);
    figure.move(value);
    rest(value);
  });
  at(limit.limit, drops);
  rest(limit.limit);
  return el("div", {}, figure, el("div", { class: "fields" }, range, labelled("value_", exact)), say, command, near);
}
function distribution(limit) {
  const W = 960,
    base = 100,
    n = limit.bins.length,
    w = W / Math.max(n, 1),
    most = Math.max(1, ...limit.bins.map((b) => b.rows));
  const svg = el("svg", {
    viewBox: `0 0 ${W} ${base + 1}`,
    preserveAspectRatio: "none",
    role: "img",
    "aria-label": limit.signal,
  });
  const side = el("rect", { class: "side", y: 4, height: base - 4 }),
    mark = el("line", { class: "limit", y1: 0, y2: base });
  svg.append(side);
  limit.bins.forEach((b, i) => {
    const h = Math.max((b.rows / most) * (base - 8), b.rows ? 1.5 : 0);
    svg.append(el("rect", { class: "k", x: i * w + 1, y: base - h, width: w - 2, height: h }));
  });
  svg.append(mark);
  const node = el(
    "figure",
    {},
    el("figcaption", {}, el("strong", {}, limit.signal), " · " + t("rowsHave", num(limit.rows))),
    svg,
    axis(
      [0, 1, 2, 3].map((q) => limit.bins[Math.floor((q * n) / 4)].from),
      limit.bins[n - 1].to,
    ),
  );
  node.move = (value) => {
    let i = limit.bins.findIndex((b) => value < b.to),
      x = W;
    if (i >= 0) {
      const b = limit.bins[i];
      x = (i + Math.min(Math.max((value - b.from) / (b.to - b.from || 1), 0), 1)) * w;
    }
    mark.setAttribute("x1", x);
    mark.setAttribute("x2", x);
    side.setAttribute("x", limit.side === "min" ? 0 : x);
    side.setAttribute("width", limit.side === "min" ? x : W - x);
  };
  return node;
}
