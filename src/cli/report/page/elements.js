// Elements: texts become text nodes, so that no text of a row is ever markup.
let D = {};
const SVG = "http" + "://www.w3.org/2000/svg";
function el(name, attributes, ...children) {
  const svg = ["svg", "rect", "line", "text", "g"].includes(name);
  const node = svg ? document.createElementNS(SVG, name) : document.createElement(name);
  for (const [key, value] of Object.entries(attributes || {})) {
    if (typeof value === "function") node.addEventListener(key, value);
    else if (value !== null && value !== undefined && value !== false)
      node.setAttribute(key, value === true ? "" : value);
  }
  for (const child of children.flat(9))
    if (child !== null && child !== undefined && child !== false) node.append(child);
  return node;
}
function table(head, rows, about) {
  const cell = (kind, value, n) =>
    value instanceof Node
      ? el(kind, { class: value.classList.contains("bar") || value.classList.contains("bars") ? "draw" : null }, value)
      : el(kind, n ? { class: "n" } : {}, shown(String(value)));
  const numeric = head.map(
    (_, i) =>
      i > 0 &&
      rows.length > 0 &&
      rows.every((r) => typeof r[i] === "string" && /^[−-]?[\d.,–]+( ?[KMGT]?i?B|%)?$/.test(r[i])),
  );
  const titles = head.map((h, i) =>
    h === ""
      ? el("td", {})
      : (() => {
          const c = cell("th", h, numeric[i]);
          c.setAttribute("scope", "col");
          return c;
        })(),
  );
  return el(
    "div",
    { class: "wide" },
    el(
      "table",
      {},
      about ? el("caption", {}, about) : null,
      el("thead", {}, el("tr", {}, titles)),
      el(
        "tbody",
        {},
        rows.map((r) =>
          el(
            "tr",
            {},
            r.map((v, i) => cell("td", v, numeric[i])),
          ),
        ),
      ),
    ),
  );
}
const bar = (part, most, gone) => {
  const b = el("span", { class: gone ? "bar gone" : "bar", "aria-hidden": "true" });
  b.style.width = (100 * part) / (most || 1) + "%";
  return b;
};
const bars = (...all) => el("span", { class: "bars", "aria-hidden": "true" }, all);
const section = (id, ...body) =>
  el("section", { id, "aria-labelledby": "h-" + id }, el("h2", { id: "h-" + id }, t(id)), ...body);
const soft = (...body) => el("p", { class: "soft" }, ...body);
const fold = (title, open, body) => {
  // What is folded is drawn when it is opened: a page of hundreds of rows is there at once.
  const d = el("details", {}, el("summary", {}, title));
  const fill = () => {
    if (d.childElementCount === 1) {
      d.append(...[body()].flat(9).filter(Boolean));
      reach(d);
    }
  };
  if (open) {
    d.open = true;
    fill();
  }
  d.addEventListener("toggle", () => {
    if (d.open) fill();
  });
  d.fill = fill;
  return d;
};
// Signs that are not seen, or that turn the direction of others, are named.
const HIDDEN =
  /([\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb])/;
function shown(text) {
  if (!HIDDEN.test(text)) return text;
  return text
    .split(HIDDEN)
    .filter((p) => p !== "")
    .map((p) =>
      HIDDEN.test(p)
        ? el("span", { class: "code" }, "U+" + p.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0"))
        : p,
    );
}
// What scrolls sideways can be reached by keyboard.
function reach(root) {
  for (const box of (root || document).querySelectorAll(".wide")) {
    const wide = box.scrollWidth > box.clientWidth + 1;
    if (wide) {
      box.setAttribute("tabindex", "0");
      box.setAttribute("role", "group");
      box.setAttribute("aria-label", (box.closest("section") || document).querySelector("h2, h1").textContent);
    } else for (const name of ["tabindex", "role", "aria-label"]) box.removeAttribute(name);
  }
}
addEventListener("resize", () => reach());
addEventListener("beforeprint", () =>
  document.querySelectorAll("details").forEach((d) => {
    if (d.fill) d.fill();
    d.open = true;
  }),
);
