// The viewer: rows by page, filter and search, one row's life, and limits tried out.
Object.assign(WORDS, {
  title: ["Build {0}", "构建 {0}"],
  n_browse: ["Rows", "浏览"],
  n_try: ["Try limits", "试调阈值"],
  browse: ["Rows", "浏览各行"],
  try: ["Try a limit", "试调阈值"],
  what: ["which rows", "哪些行"],
  anyUse: ["all uses", "全部用途"],
  anySource: ["all sources", "全部来源"],
  anyReason: ["all reasons", "全部原因"],
  noSignal: ["no signal", "不限指标"],
  signal: ["signal", "指标"],
  from: ["from", "从"],
  to: ["to", "至"],
  says: ["says", "正文含"],
  where: ["where (SQL)", "条件（SQL）"],
  listed: ["the first {0} are listed", "只列出前 {0} 行"],
  id: ["id", "编号"],
  look: ["Show", "查看"],
  openId: ["Tell its life", "查看经过"],
  previous: ["Previous", "上一页"],
  next: ["Next", "下一页"],
  more: ["Go on", "继续查找"],
  shownRows: ["rows {0} to {1} of {2}", "第 {0} 至 {1} 行，共 {2} 行"],
  noRows: ["no such rows", "没有这样的行"],
  searched: ["{0} found; {1} of {2} rows looked at", "找到 {0} 行；已查看 {1} / {2} 行"],
  wait: ["reading …", "正在读取……"],
  failedTo: ["That did not work: {0}", "未成功：{0}"],
  lifeOf: ["The life of {0}", "{0} 的经过"],
  life: ["Its life", "它的经过"],
  close: ["Close", "关闭"],
  outcome: ["outcome", "结果"],
  stageWord: ["stage", "阶段"],
  verdictWord: ["verdict", "裁定"],
  measured: ["measured", "测得"],
  rules: ["rules", "规则"],
  passedStage: ["passed", "通过"],
  droppedStage: ["dropped", "去除"],
  not_reached: ["not reached", "未到达"],
  kept_outcome: ["kept", "保留"],
  dropped_outcome: ["dropped", "去除"],
  unreadable_outcome: ["unreadable", "无法读取"],
  rowOf: ["row {0} of {1}", "第 {0} 行，共 {1} 行"],
  place: ["place", "位置"],
  output_place: ["output", "输出"],
  cutBytes: ["cut {0} stretches", "切除 {0} 处"],
  standsFor: ["{0} rows went because this one stayed: {1}", "{0} 行因这一行保留而去除：{1}"],
  untraced: [
    "What each stage measured is in the build's work folder, which is gone or elsewhere (--work).",
    "各阶段的测得值在构建的工作目录中，该目录已删除或在别处（--work）。",
  ],
  tryAbout: [
    "Move the slider: what the stage would drop with that value is known at once; the rows on either side follow when you let go. Nothing is changed: the recipe is yours to edit.",
    "拖动滑块即可看到该值下此阶段会去除多少；松开后列出两侧的行。这里不改动任何东西，配方由你修改。",
  ],
  limitName: ["limit", "阈值"],
  now: ["now {0}: the stage drops {1} of {2} rows", "现为 {0}：此阶段去除 {2} 行中的 {1} 行"],
  then: ["at {0}: {1} rows ({2})", "设为 {0}：{1} 行（{2}）"],
  about_: ["about ", "约 "],
  failsIt: ["Just beyond (would go)", "刚好在外（将去除）"],
  holdsIt: ["Just within (would stay)", "刚好在内（将保留）"],
  noText: ["(text not kept)", "（未保留正文）"],
  setIt: ["corpus build --recipe … --set {0}.{1}={2}", "corpus build --recipe … --set {0}.{1}={2}"],
  rowsHave: ["{0} rows reach the stage and have it", "到达此阶段且有该值的 {0} 行"],
  noTry: ["No stage of this build has a limit that is a number.", "此构建没有数值阈值。"],
  value_: ["value", "值"],
  masked: ["Personal data is masked.", "个人信息已遮蔽。"],
});
const api = async (path, query) => {
  const words = new URLSearchParams(
    Object.entries(query || {}).filter(([, v]) => v !== "" && v !== null && v !== undefined),
  );
  const answer = await fetch("api/" + path + (words.size ? "?" + words : "")),
    json = await answer.json();
  if (!answer.ok) throw new Error(json.error + (json.hint ? " (" + json.hint + ")" : ""));
  return json;
};
const labelled = (name, control) => el("label", { class: "field" }, el("span", {}, t(name)), control);
const options = (list, chosen) =>
  list.map(([value, shown]) => el("option", { value, selected: value === chosen }, shown));
const status = (id) => el("p", { class: "soft", role: "status", id });
const told = (id, text) => {
  document.getElementById(id).textContent = text;
};
let ready = false,
  filter = { kind: "data" },
  pages = [],
  last = null,
  tried = null;

function browse() {
  const tables = D.tables.filter((x) => x.name.startsWith(filter.kind)),
    uses = tables.map((x) => x.name.split("/")[1]).filter(Boolean);
  const numbers = [
    ...new Set(tables.filter((x) => !filter.use || x.name.endsWith(filter.use)).flatMap((x) => x.numbers)),
  ];
  const reasons = [...new Map(D.reasons.map((r) => [r.stage + "\n" + r.reason, r.stage + " · " + r.reason]))];
  const select = (name, list) =>
    el(
      "select",
      {
        change: (e) => {
          filter[name] = e.target.value;
          if (name === "kind") filter = { kind: filter.kind, says: filter.says, where: filter.where };
          if (name === "why") [filter.stage, filter.reason] = e.target.value.split("\n");
          again();
        },
      },
      options(list, filter[name] || ""),
    );
  const input = (name, type) =>
    el("input", {
      type,
      value: filter[name] || "",
      step: "any",
      placeholder: name === "where" ? "chars > 500 and text like '%。%'" : null,
      change: (e) => {
        filter[name] = e.target.value;
        // A condition stands alone: the other fields go, or come back.
        again(name === "where");
      },
    });
  const fields = [
    labelled(
      "what",
      select("kind", [
        ["data", t("keptRows")],
        ["dropped", t("droppedRows")],
        ["unreadable", t("unreadable")],
      ]),
    ),
    uses.length > 1 ? labelled("use", select("use", [["", t("anyUse")], ...uses.map((u) => [u, u])])) : null,
    labelled("where", input("where", "text")),
    filter.where
      ? null
      : labelled("source", select("source", [["", t("anySource")], ...D.sources.map((s) => [s.name, s.name])])),
    filter.kind === "dropped" && !filter.where ? labelled("reason", select("why", [["", t("anyReason")], ...reasons])) : null,
    numbers.length && filter.kind !== "unreadable" && !filter.where
      ? labelled("signal", select("signal", [["", t("noSignal")], ...numbers.map((n) => [n, n])]))
      : null,
    filter.signal && !filter.where ? [labelled("from", input("min", "number")), labelled("to", input("max", "number"))] : null,
    filter.where ? null : labelled("says", input("says", "search")),
  ];
  const form = el(
    "form",
    {
      class: "fields",
      submit: (e) => {
        e.preventDefault();
        again(false);
      },
    },
    fields,
    el("button", {}, t("look")),
  );
  const own = el("input", { type: "text" });
  const ids = el(
    "form",
    {
      class: "fields",
      submit: (e) => {
        e.preventDefault();
        if (own.value) life(own.value);
      },
    },
    labelled("id", own),
    el("button", {}, t("openId")),
  );
  return section(
    "browse",
    form,
    ids,
    status("found"),
    el("div", { id: "rows" }),
    el(
      "p",
      { class: "pager" },
      el(
        "button",
        {
          type: "button",
          id: "previous",
          disabled: true,
          click: () => {
            pages.pop();
            list(pages.pop() || {});
          },
        },
        t("previous"),
      ),
      " ",
      el("button", { type: "button", id: "next", disabled: true, click: () => list(last.next_page) }, t("next")),
    ),
  );
}
// Another filter: the form is drawn again where what it offers changes, and the rows begin at the first.
function again(redraw = true) {
  if (redraw) {
    const old = document.getElementById("browse");
    const at = [...old.querySelectorAll("select, input")].indexOf(document.activeElement);
    old.replaceWith(browse());
    const next = document.querySelectorAll("#browse select, #browse input")[at];
    if (next) next.focus();
  }
  pages = [];
  list({});
}
let turn = 0;
async function list(page) {
  const mine = ++turn,
    { kind, use, where } = filter,
    { source, stage, reason, signal, min, max, says } = where ? {} : filter;
  told("found", t("wait"));
  let answer;
  try {
    answer = await api("rows", {
      kind,
      use,
      source,
      stage,
      reason,
      signal,
      min: signal && min,
      max: signal && max,
      grep: says,
      where,
      ...page,
    });
  } catch (e) {
    if (mine === turn) told("found", t("failedTo", e.message));
    return;
  }
  if (mine !== turn) return;
  pages.push(page);
  const rows = answer.rows,
    listed = answer.listed ?? answer.total,
    next = says ? answer.next : answer.from + rows.length < listed ? { from: answer.from + rows.length } : null;
  last = { next_page: next };
  told(
    "found",
    says
      ? t("searched", num(rows.length), num(answer.looked), num(answer.total))
      : rows.length
        ? t("shownRows", num(answer.from + 1), num(answer.from + rows.length), num(answer.total)) +
          (listed < answer.total ? " · " + t("listed", num(listed)) : "")
        : t("noRows"),
  );
  document.getElementById("rows").replaceChildren(...rows.map(card));
  document.getElementById("previous").disabled = pages.length < 2;
  const button = document.getElementById("next");
  button.disabled = !next;
  button.textContent = says && rows.length === 0 && next ? t("more") : t("next");
  reach();
}
const lifeOf = (id) =>
  el("button", { type: "button", "aria-label": t("life") + " · " + id, click: () => life(id) }, t("life"));
function card(r) {
  const node = row(r, true),
    signals = Object.entries(r.signals || {}).filter(([, v]) => v !== null);
  if (signals.length)
    node.append(
      el(
        "p",
        { class: "facts" },
        signals.map(([name, value]) => el("span", {}, name + " " + num(value))),
      ),
    );
  node.querySelector(".facts").append(lifeOf(r.id));
  return node;
}
async function life(id) {
  const dialog = document.getElementById("life"),
    title = el("h2", { id: "life-title" }, t("lifeOf", id));
  const close = el("button", { type: "button", click: () => dialog.close() }, t("close"));
  const draw = (...body) => dialog.replaceChildren(el("header", {}, title, close), ...body.flat(9).filter(Boolean));
  draw(soft(t("wait")));
  if (!dialog.open) dialog.showModal();
  try {
    draw(lived(await api("life", { id })));
    reach(dialog);
  } catch (e) {
    draw(soft(t("failedTo", e.message)));
  }
}
function lived(L) {
  const lines = [[t("outcome"), word(L.outcome + "_outcome")]];
  if (L.source) lines.push([t("source"), L.source.name + (L.source.license ? " · " + L.source.license : "")]);
  if (L.file)
    lines.push([t("file"), L.file.path + (L.file.row ? " · " + t("rowOf", num(L.file.row), num(L.file.rows)) : "")]);
  for (const p of L.places.slice(0, 5)) lines.push([t("output_place"), p.file + " · " + num(p.row + 1)]);
  const rule = (r) =>
    r.signal +
    " " +
    (r.value === null ? "?" : num(r.value)) +
    " (" +
    [
      r.min !== null ? "≥ " + num(r.min) : null,
      r.max !== null ? "≤ " + num(r.max) : null,
      r.in ? r.in.join(", ") : null,
    ]
      .filter(Boolean)
      .join(", ") +
    ")";
  const clause = (c) =>
    Object.entries(c.values || {})
      .map(([name, value]) => name + " " + (value === null ? "?" : num(value)))
      .join(", ") + (c.holds === false ? " ✗" : c.holds ? " ✓" : "");
  const verdict = (s) =>
    s.verdict === "passed"
      ? t("passedStage")
      : s.verdict === "dropped"
        ? t("droppedStage") +
          " · " +
          L.dropped.reason +
          (L.dropped.value ? " · " + L.dropped.value : "") +
          (L.dropped.limit ? " / " + L.dropped.limit : "")
        : t("not_reached");
  const stages = L.stages.map((s) => [
    s.name + (s.run && s.run !== s.name ? " (" + s.run + ")" : ""),
    verdict(s),
    [
      ...Object.entries(s.signals).map(([name, value]) => name + " " + num(value)),
      s.cuts.length ? t("cutBytes", num(s.cuts.length)) : null,
    ]
      .filter(Boolean)
      .join(" · "),
    [...s.rules.map(rule), ...s.clauses.map(clause)].join(" · "),
  ]);
  const first = L.stands_for.first.map((f) => f.id).join(", ");
  return [
    el(
      "dl",
      { class: "lines" },
      lines.map(([name, value]) => [el("dt", {}, name), el("dd", {}, shown(value))]),
    ),
    L.traced || L.outcome === "unreadable" ? null : soft(t("untraced")),
    L.stages.length ? table([t("stageWord"), t("verdictWord"), t("measured"), t("rules")], stages) : null,
    L.stands_for.rows ? el("p", {}, t("standsFor", num(L.stands_for.rows), first)) : null,
    L.kept ? el("div", { class: "row" }, facts(L.row, true), beside(L.row, L.kept)) : row(L.row, true),
  ];
}

function draw() {
  document.documentElement.lang = lang === "zh" ? "zh-Hans" : "en";
  document.getElementById("title").textContent = document.title = t("title", D.build);
  document.getElementById("skip").textContent = t("skip");
  document.getElementById("lang").textContent = t("other");
  document.getElementById("lang").lang = lang === "zh" ? "en" : "zh-Hans";
  const rest = ready
    ? parts().slice(1)
    : [funnel(), reasons(), el("p", { class: "soft", role: "status", id: "reading" }, t("wait")), sources(), cost()];
  const all = [verdict(), browse(), tryout(), ...rest],
    links = document.getElementById("links");
  if (D.masked) all[0].append(soft(t("masked")));
  links.setAttribute("aria-label", t("contents"));
  links.replaceChildren(
    el(
      "ul",
      {},
      all
        .filter((p) => p.tagName === "SECTION")
        .map((p) => el("li", {}, el("a", { href: "#" + p.id }, t("n_" + p.id)))),
    ),
  );
  document.getElementById("page").replaceChildren(...all);
  reach();
  pages = [];
  list({});
}
// What the whole build tells comes when it has been read: what stands there already stays as it is.
function add() {
  const old = document.getElementById("page"),
    after = parts().slice(1),
    kept = ["verdict", "browse", "try"].map((id) => document.getElementById(id));
  old.replaceChildren(...kept, ...after);
  document.getElementById("links").replaceChildren(
    el(
      "ul",
      {},
      [...old.children].map((p) => el("li", {}, el("a", { href: "#" + p.id }, t("n_" + p.id)))),
    ),
  );
  reach();
}
document.getElementById("lang").addEventListener("click", () => {
  lang = lang === "zh" ? "en" : "zh";
  draw();
});
(async () => {
  document.body.append(el("dialog", { id: "life", "aria-labelledby": "life-title" }));
  try {
    D = await api("head");
    draw();
    const figures = await api("figures");
    Object.assign(D, figures);
    ready = true;
    add();
  } catch (e) {
    const place = document.getElementById("reading") || document.getElementById("page");
    place.textContent = t("failedTo", e.message);
  }
})();
