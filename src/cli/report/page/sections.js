// The sections of the page.
function verdict() {
  const T = D.totals,
    read = T.read + (T.added || 0),
    tokens = (D.tokens || []).reduce((a, l) => a + l.tokens, 0);
  const tile = (kind, n, what) => el("div", { class: "tile " + kind }, el("b", {}, n), el("span", {}, what));
  const part = (rows, colour) => {
    const s = el("span", {});
    s.style.width = (100 * rows) / Math.max(read, 1) + "%";
    s.style.background = colour;
    return s;
  };
  const licenses = [...new Set(D.sources.map((s) => s.license || t("unknown")))];
  return section(
    "verdict",
    gates(),
    el(
      "div",
      { class: "tiles" },
      tile("", num(T.read), t("read")),
      tile("kept", num(T.kept), t("keptRows") + " · " + pct(T.kept, read)),
      tile("gone", num(T.dropped), t("droppedRows") + " · " + pct(T.dropped, read)),
      tile("", num(T.unreadable), t("unreadable")),
      T.added ? tile("", num(T.added), t("added")) : null,
      tile("", num(D.kept_chars), t("charsKept")),
      tokens ? tile("", num(tokens), t("tokensKept")) : null,
    ),
    el(
      "div",
      { class: "split", "aria-hidden": "true" },
      part(T.kept, "var(--keep)"),
      part(T.dropped, "var(--drop)"),
      part(T.unreadable, "var(--soft)"),
    ),
    el("p", {}, t("short", num(read), num(T.kept), pct(T.kept, read), num(T.dropped), num(T.unreadable))),
    (D.heavy || []).map((h) =>
      el(
        "p",
        { class: "note" },
        t(
          "heavy",
          [h.stage, h.rule || h.reason, h.source].filter(Boolean).join(" · "),
          pct(h.rows, h.reached),
          num(h.rows),
          num(h.reached),
        ),
      ),
    ),
    soft(
      t("licenses", licenses.join(lang === "zh" ? "、" : ", ")),
      " ",
      t("made", D.recipe.name, D.recipe.fingerprint, D.version),
      " ",
      t("again"),
    ),
  );
}
// What the recipe asks of the build: each gate as a sentence, with what the build has.
function gates() {
  const all = D.gates || [],
    failed = all.filter((g) => !g.passed).length;
  if (!all.length) return null;
  const figure = (g, n) => (g.of ? Number((100 * n).toFixed(3)) + "%" : num(n));
  const sentence = (g) =>
    Object.hasOwn(WORDS, "gate_" + g.gate)
      ? t("gate_" + g.gate, figure(g, g.limit), g.of === "all" ? t("anyReasonAtAll") : g.of)
      : [g.gate, g.of, figure(g, g.limit)].filter(Boolean).join(" ");
  return el(
    "div",
    {},
    el(
      "p",
      {},
      el("strong", {}, failed ? t("someFailed", num(failed), num(all.length)) : t("allPassed", num(all.length))),
    ),
    el(
      "ul",
      { class: "gates" },
      all.map((g) =>
        el(
          "li",
          { class: g.passed ? null : "failed" },
          el("b", {}, (g.passed ? "✓ " : "✗ ") + t(g.passed ? "passed" : "failed")),
          " ",
          sentence(g) + (lang === "zh" ? "：" : ": ") + figure(g, g.value),
        ),
      ),
    ),
  );
}
function funnel() {
  const most = Math.max(1, ...D.stages.map((s) => s.rows_in));
  const cuts = D.cuts || [];
  return section(
    "funnel",
    table(
      [t("stage"), t("rowsIn"), t("gone"), t("share"), ""],
      D.stages.map((s) => {
        const gone = s.rows_in - s.rows_out;
        return [
          s.name,
          num(s.rows_in),
          gone < 0 ? "−" + num(-gone) : num(gone),
          pct(Math.max(gone, 0), s.rows_in),
          bars(bar(Math.min(s.rows_out, s.rows_in), most), bar(Math.max(gone, 0), most, true)),
        ];
      }),
    ),
    cuts.length
      ? [
          el("h3", {}, t("cuts")),
          table(
            [t("stage"), t("source"), t("use"), t("rows"), t("bytes")],
            cuts.map((c) => [c.stage, c.source, c.use, num(c.rows), size(c.bytes)]),
          ),
        ]
      : null,
  );
}
function reasons() {
  const sums = new Map();
  for (const r of D.reasons) {
    const key = JSON.stringify([r.stage, r.reason, r.source, r.use]);
    const s = sums.get(key) || [0, 0];
    sums.set(key, [s[0] + r.rows, s[1] + r.chars]);
  }
  const rows = [...sums].map(([key, s]) => [...JSON.parse(key), ...s]).sort((a, b) => b[4] - a[4]),
    most = rows.length ? rows[0][4] : 1;
  if (!rows.length) return section("reasons", soft(t("nothingWent")));
  const lines = (some) =>
    table(
      [t("stage"), t("reason"), t("source"), t("use"), t("rows"), t("chars"), ""],
      some.map((r) => [r[0], r[1], r[2], r[3], num(r[4]), num(r[5]), bar(r[4], most, true)]),
    );
  return section(
    "reasons",
    lines(rows.slice(0, 25)),
    rows.length > 25
      ? fold(t("of", num(rows.length - 25), num(rows.length)), false, () => lines(rows.slice(25)))
      : null,
  );
}
function mix() {
  const kept = D.totals.kept,
    L = D.lengths,
    all = L.bars.reduce((a, b) => a + b[2], 0),
    longest = Math.max(1, ...L.bars.map((b) => b[2]));
  const share = (s) => {
    const most = s.words.length ? s.words[0][1] : 1;
    return el(
      "div",
      {},
      el("h3", {}, t(s.name)),
      s.words.length
        ? table(
            [t(s.name), t("rows"), t("share"), ""],
            s.words.map(([w, n]) => [w || t("empty"), num(n), pct(n, kept), bar(n, most)]),
          )
        : soft(t("nothingStayed")),
      s.kinds > s.words.length ? soft(t("others", num(s.kinds))) : null,
    );
  };
  const lengths = el(
    "div",
    {},
    el("h3", {}, t("length")),
    all
      ? table(
          [t("length"), t("rows"), t("share"), ""],
          L.bars.map(([from, to, n]) => [
            num(from) + "–" + num(Math.max(to - 1, 0)),
            num(n),
            pct(n, all),
            bar(n, longest),
          ]),
        )
      : soft(t("nothingStayed")),
    L.whole || !all ? null : soft(t("lengthSample", num(all))),
  );
  const tokens = D.tokens || [],
    sum = tokens.reduce((a, l) => a + l.tokens, 0),
    top = Math.max(1, ...tokens.map((l) => l.tokens));
  return section(
    "mix",
    el(
      "div",
      { class: "cards" },
      D.shares.map(share),
      lengths,
      tokens.length
        ? el(
            "div",
            {},
            el("h3", {}, t("tokens")),
            table(
              [t("source"), t("use"), t("tokens"), t("share"), ""],
              tokens.map((l) => [l.source, l.use, num(l.tokens), pct(l.tokens, sum), bar(l.tokens, top)]),
            ),
            soft(
              [
                ...new Set(tokens.map((l) => `${t("tokenizer")} ${l.tokenizer} (sha256 ${l.sha256.slice(0, 12)})`)),
              ].join(", "),
            ),
          )
        : null,
    ),
  );
}
function words() {
  const V = D.words;
  if (!V.kept_rows || !V.dropped_rows || (!V.kept.length && !V.dropped.length))
    return section(
      "words",
      soft(
        t(
          !V.kept_rows
            ? "nothingStayed"
            : V.dropped_rows
              ? "noWords"
              : !D.totals.dropped
                ? "nothingWent"
                : D.dropped_text === 0
                  ? "none"
                  : "noWords",
        ),
      ),
    );
  const list = (title, all, gone) => {
    const most = Math.max(1, ...all.map((w) => w[3]));
    return el(
      "div",
      {},
      el("h3", {}, t(title)),
      all.length
        ? table(
            [t("word"), t("keptRows"), t("droppedRows"), t("strength")],
            all.map(([w, a, b, z]) => [w, num(gone ? b : a), num(gone ? a : b), bar(z, most, gone)]),
          )
        : soft(t("noWords")),
    );
  };
  return section(
    "words",
    soft(t("wordsAbout", num(V.kept_rows), num(V.dropped_rows))),
    el("div", { class: "cards" }, list("wordsKept", V.kept, false), list("wordsDropped", V.dropped, true)),
    V.reasons
      .filter((r) => r.words.length)
      .map((r) =>
        fold(t("wordsReason", r.stage, r.reason, num(r.rows)), false, () =>
          el(
            "ul",
            { class: "chips" },
            r.words.map(([w, n, k]) => el("li", {}, w, " ", el("span", { class: "soft" }, `${num(k)} · ${num(n)}`))),
          ),
        ),
      ),
  );
}
function duplicates() {
  const C = D.duplicates,
    groups = C.sizes.reduce((a, s) => a + s[2], 0),
    most = Math.max(1, ...C.sizes.map((s) => s[2]));
  if (!C.rows) return section("duplicates", soft(t("noDuplicates")));
  const largest = (c) =>
    fold(t("group", c.kept_id, num(c.rows)), false, () =>
      c.pairs.map((p) =>
        c.kept ? el("div", { class: "row" }, facts(p, true), beside(p, c.kept)) : [row(p, true), soft(t("notHere"))],
      ),
    );
  const all = C.largest.map(largest);
  if (all.length) {
    all[0].open = true;
    all[0].fill();
  }
  return section(
    "duplicates",
    el("p", {}, t("dupShort", num(C.rows), num(groups))),
    table(
      [t("groupRows"), t("groups"), t("rows"), ""],
      C.sizes.map(([from, to, n, rows]) => [
        from === to ? num(from) : num(from) + "–" + num(to),
        num(n),
        num(rows),
        bar(n, most),
      ]),
    ),
    el("h3", {}, t("largest")),
    all,
  );
}
function groups(id, kind, title, nothing) {
  const all = D.samples.filter((s) => s.kind === kind && (kind === "reason" || s.rows.length));
  if (!all.length) return section(id, soft(t(nothing)));
  return section(
    id,
    all.map((s, i) => fold(title(s), i === 0, () => (s.rows.length ? s.rows.map((r) => row(r)) : soft(t("none"))))),
  );
}
function sources() {
  const origin = (o) => (o ? [o.url, o.revision].filter(Boolean).join(" @ ") : "–");
  const files = (s) =>
    fold(t("filesOf", s.name, num(s.files.length), num(s.sums.files)), false, () =>
      table(
        [
          t("file"),
          t("bytes"),
          t("format"),
          "sha256",
          t("license"),
          t("keptRows"),
          t("droppedRows"),
          t("unreadable"),
          t("origin"),
        ],
        s.files.map((f) => [
          f.path,
          size(f.bytes),
          f.format,
          f.sha256,
          f.license || (f.origin && f.origin.license) || "?",
          num(f.kept),
          num(f.dropped),
          num(f.unreadable),
          origin(f.origin),
        ]),
      ),
    );
  const exports = D.exports || [];
  return section(
    "sources",
    table(
      [
        t("source"),
        t("license"),
        t("use"),
        t("files"),
        t("bytes"),
        t("read"),
        t("keptRows"),
        t("share"),
        t("droppedRows"),
        t("unreadable"),
      ],
      D.sources.map((s) => [
        s.name + (s.card && s.card !== s.name ? " (" + s.card + ")" : ""),
        s.license || "?",
        s.uses.join(", "),
        num(s.sums.files),
        size(s.sums.bytes),
        num(s.sums.read),
        num(s.sums.kept),
        pct(s.sums.kept, s.sums.read),
        num(s.sums.dropped),
        num(s.sums.unreadable),
      ]),
    ),
    D.sources.map(files),
    exports.length
      ? [
          el("h3", {}, t("exports")),
          table(
            [t("layout"), t("folder")],
            exports.map((e) => [e.to, e.out]),
          ),
        ]
      : null,
  );
}
function cost() {
  const all = Object.entries(D.timings || {})
    .filter(([, v]) => v && typeof v.cpu_seconds === "number")
    .sort((a, b) => (a[0] === "total") - (b[0] === "total") || b[1].cpu_seconds - a[1].cpu_seconds);
  if (!all.length) return section("cost", soft(t("noCost")));
  const read = all.some(([, v]) => typeof v.read_bytes === "number"),
    total = (D.timings.total || {}).wall_seconds,
    bytes = D.sources.reduce((a, s) => a + s.sums.bytes, 0);
  return section(
    "cost",
    table(
      [t("job"), t("cpu"), t("wall"), t("memory"), ...(read ? [t("readBytes")] : [])],
      all.map(([name, v]) => [
        name,
        num(v.cpu_seconds),
        num(v.wall_seconds),
        size(v.peak_memory_bytes || 0),
        ...(read ? [typeof v.read_bytes === "number" ? size(v.read_bytes) : "–"] : []),
      ]),
    ),
    total > 0 ? soft(t("perSecond", size(bytes / total))) : null,
  );
}
const parts = () => [
  verdict(),
  funnel(),
  reasons(),
  signals(),
  mix(),
  words(),
  duplicates(),
  groups(
    "samples",
    "reason",
    (s) => s.stage + " · " + s.reason + " · " + t("of", num(s.rows.length), num(s.total)),
    "nothingWent",
  ),
  groups(
    "limits",
    "limit",
    (s) => s.stage + " · " + s.reason + (typeof s.limit === "number" ? " · " + num(s.limit) : ""),
    "noLimits",
  ),
  groups(
    "kept",
    "kept",
    (s) => s.table.replace("data/", "") + " · " + t("of", num(s.rows.length), num(s.total)),
    "nothingStayed",
  ),
  relations(),
  sources(),
  cost(),
];
