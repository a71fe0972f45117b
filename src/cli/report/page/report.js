// The report: all of it at once.
D = JSON.parse(document.getElementById("data").textContent);
function draw() {
  document.documentElement.lang = lang === "zh" ? "zh-Hans" : "en";
  document.getElementById("title").textContent = document.title = t("title", D.build);
  document.getElementById("skip").textContent = t("skip");
  document.getElementById("lang").textContent = t("other");
  document.getElementById("lang").lang = lang === "zh" ? "en" : "zh-Hans";
  const all = parts(),
    links = document.getElementById("links");
  links.setAttribute("aria-label", t("contents"));
  links.replaceChildren(
    el(
      "ul",
      {},
      all.map((p) => el("li", {}, el("a", { href: "#" + p.id }, t("n_" + p.id)))),
    ),
  );
  document.getElementById("page").replaceChildren(...all);
  reach();
}
document.getElementById("lang").addEventListener("click", () => {
  lang = lang === "zh" ? "en" : "zh";
  draw();
});
draw();
