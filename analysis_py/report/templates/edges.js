// What is wider than its place shows at which edge there is more; what sticks to the top leaves room for the banner.
(() => {
  const banner = document.querySelector("body > header");
  const below = () => document.documentElement.style.setProperty("--top", `${banner.offsetHeight}px`);
  if (banner) new ResizeObserver(below).observe(banner);

  for (const wide of document.querySelectorAll(".wide")) {
    const mark = () => {
      const beyond = wide.scrollWidth - wide.clientWidth;
      wide.parentElement.classList.toggle("more-left", wide.scrollLeft > 1);
      wide.parentElement.classList.toggle("more-right", wide.scrollLeft < beyond - 1);
    };
    wide.addEventListener("scroll", mark, { passive: true });
    new ResizeObserver(mark).observe(wide);
    for (const img of wide.querySelectorAll("img")) img.addEventListener("load", mark);
    mark();
  }
})();
