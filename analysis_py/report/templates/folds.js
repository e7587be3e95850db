// Folded parts: a link opens where it leads to, one button opens all, paper gets everything.
(() => {
  const folds = [...document.querySelectorAll("details.part, details.long")];
  const alone = new Set(folds.filter((fold) => fold.open));  // a table that is all of its part
  const toc = document.querySelector(".toc");
  const side = matchMedia("(min-width: 1100px)");

  const reveal = () => {
    const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target) return;
    const own = target.querySelector(":scope > details");
    if (own) own.open = true;
    for (let fold = target.closest("details"); fold; fold = fold.parentElement.closest("details")) fold.open = true;
    target.scrollIntoView();
  };
  addEventListener("hashchange", reveal);
  document.querySelector(".contents ol").addEventListener("click", (event) => {
    const link = event.target.closest("a");
    if (!link) return;
    if (!side.matches) toc.open = false;
    if (link.hash === location.hash) setTimeout(reveal);  // no change of the address, no event
  });

  const place = () => { toc.open = side.matches; };
  side.addEventListener("change", place);
  place();

  const button = document.createElement("button");
  button.type = "button";
  const name = () => { button.textContent = folds.every((fold) => fold.open) ? "Fold all" : "Unfold all"; };
  button.addEventListener("click", () => {
    const open = !folds.every((fold) => fold.open);
    for (const fold of folds) fold.open = open || (alone.has(fold) && fold.classList.contains("long"));
    name();
  });
  for (const fold of folds) fold.addEventListener("toggle", name);
  name();
  document.querySelector(".contents").append(button);

  let closed = [];
  addEventListener("beforeprint", () => {
    closed = [...document.querySelectorAll("main details:not([open], [name])")];
    for (const fold of closed) fold.open = true;
  });
  addEventListener("afterprint", () => {
    for (const fold of closed) fold.open = false;
  });

  // the part that is read is marked in the contents
  const links = new Map([...document.querySelectorAll(".contents ol a")].map((link) => [link.hash.slice(1), link]));
  const seen = new Set();
  const watch = new IntersectionObserver((entries) => {
    for (const entry of entries) entry.isIntersecting ? seen.add(entry.target.id) : seen.delete(entry.target.id);
    const now = [...links.keys()].find((id) => seen.has(id));
    for (const [id, link] of links) id === now ? link.setAttribute("aria-current", "true") : link.removeAttribute("aria-current");
  }, { rootMargin: "-15% 0px -60% 0px" });
  for (const id of links.keys()) watch.observe(document.getElementById(id));

  reveal();
})();
