// Rows: what they say, and why they went.
// Characters of a text that lie in no run of five characters of the other are marked: what differs between two rows alike.
function marked(text, other) {
  const N = 5,
    chars = [...text],
    has = new Set(),
    them = [...other],
    same = new Array(chars.length).fill(false);
  for (let i = 0; i + N <= them.length; i++) has.add(them.slice(i, i + N).join(""));
  for (let i = 0; i + N <= chars.length; i++) if (has.has(chars.slice(i, i + N).join(""))) same.fill(true, i, i + N);
  if (!same.includes(true)) return [[text, 0]];
  const out = [];
  let i = 0;
  while (i < chars.length) {
    let j = i;
    while (j < chars.length && same[j] === same[i]) j++;
    out.push([chars.slice(i, j).join(""), same[i] ? 0 : 1]);
    i = j;
  }
  return out;
}
const whole = (x) => (x.pieces || []).map((p) => p[0]).join("");
const said = (pieces) =>
  el(
    "div",
    { class: "text", dir: "auto" },
    pieces.map(([text, guilty]) => (guilty ? el("mark", {}, shown(text)) : shown(text))),
  );
// A text, or a turn of a dialogue; with another one beside it what differs is marked.
function text(x, other, plain) {
  const pieces = other ? marked(whole(x), whole(other)) : x.pieces || [];
  if (!x.role) return [plain ? null : el("p", { class: "label" }, word(x.field)), said(pieces)];
  const head = [word(x.role), x.by, x.guilty ? t("guilty") : null].filter(Boolean).join(" · ");
  return el(
    "div",
    {
      class:
        "turn " +
        (["user", "assistant", "system", "tool"].includes(x.role) ? x.role : "") +
        (x.guilty ? " guilty" : ""),
    },
    el("p", { class: "label" }, head),
    x.thought ? el("div", { class: "thought" }, el("p", { class: "label" }, t("thought")), said(x.thought)) : null,
    said(pieces),
    x.calls ? el("div", { class: "calls" }, el("p", { class: "label" }, t("calls")), said(x.calls)) : null,
  );
}
function texts(row, other) {
  const of = (field) => row.texts.filter((x) => x.field === field),
    twin = (x) => (other ? other.texts.find((y) => y.field === x.field && y.turn === x.turn) || { pieces: [] } : null);
  const side = (field, beside, note) =>
    el(
      "div",
      { class: "side-by " + field },
      el("p", { class: "label" }, [word(field), note].filter((x) => x !== undefined && x !== "").join(" · ")),
      of(field).map((x, i) =>
        text(x, beside && of(beside)[i] && of(field).length === of(beside).length ? of(beside)[i] : null, true),
      ),
    );
  const out = [],
    done = new Set();
  for (const x of row.texts) {
    if (done.has(x.field)) continue;
    if (!other && x.field === "input" && of("output").length) {
      out.push(el("div", { class: "pair" }, side("input"), side("output")));
      done.add("input").add("output");
    } else if (!other && x.field === "chosen" && of("rejected").length) {
      out.push(
        el(
          "div",
          { class: "pair" },
          side("chosen", "rejected", row.chosen_score),
          side("rejected", "chosen", row.rejected_score),
        ),
      );
      done.add("chosen").add("rejected");
    } else if (x.field === "label") {
      out.push(el("p", { class: "label" }, t("label") + (lang === "zh" ? "：" : ": ") + whole(x)));
      done.add("label");
    } else {
      const all = of(x.field);
      if (all[0].role && x.field !== "messages") out.push(el("p", { class: "label" }, word(x.field)));
      out.push(all.map((y) => text(y, twin(y), x.field === "text")));
      done.add(x.field);
    }
  }
  if (row.more_turns) out.push(soft(t("moreTurns", num(row.more_turns))));
  return out;
}
function facts(r, why) {
  const value = (v) => (typeof v === "number" ? num(v) : /^-?[\d.]+(e-?\d+)?$/.test(v) ? num(Number(v)) : v);
  const all = [
    ["id", r.id],
    ["", r.source],
    ["", r.use],
    ["", r.language],
    ["", r.task],
    r.side ? [r.side === "kept" ? "stays" : "gone", t(r.side === "kept" ? "keptRows" : "droppedRows")] : null,
    why && r.reason ? ["gone", r.stage + " · " + r.reason] : null,
    r.value !== undefined && r.value !== "" ? ["", t("value") + " " + value(r.value)] : null,
    r.limit !== undefined && r.limit !== "" ? ["", t("limitWord") + " " + value(r.limit)] : null,
    r.similarity !== undefined ? ["", t("similarity") + " " + num(r.similarity)] : null,
    r.kept_id ? ["", t("instead") + " " + r.kept_id] : null,
  ];
  return el(
    "p",
    { class: "facts" },
    all.filter((x) => x && x[1]).map(([kind, x]) => el("span", { class: kind || null }, shown(String(x)))),
  );
}
function row(r, why) {
  if (!r.kept) return el("div", { class: "row" }, facts(r, why), r.texts.length ? texts(r) : soft(t("none")));
  return el("div", { class: "row" }, facts(r, why), beside(r, r.kept));
}
const beside = (gone, kept) =>
  el(
    "div",
    { class: "pair" },
    el(
      "div",
      { class: "side-by rejected" },
      el("p", { class: "label" }, t("gonePair") + " · " + gone.id),
      gone.texts.length ? texts(gone, kept) : soft(t("none")),
    ),
    el(
      "div",
      { class: "side-by chosen" },
      el("p", { class: "label" }, t("instead") + " · " + kept.id),
      texts(kept, gone.texts.length ? gone : null),
    ),
  );
