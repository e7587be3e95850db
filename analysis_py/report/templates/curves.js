// Curves: their values where they are pointed at, touched, or reached by the arrow keys.
(() => {
  const shown = (value) => {
    const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
    return value.toFixed(digits);
  };
  // a curve is a step: what holds at x is what was last reached
  const at = ({ x, y, lower, upper }, where) => {
    let last = -1;
    while (last + 1 < x.length && x[last + 1] <= where + 1e-9) last += 1;
    if (last < 0 || y[last] === null) return null;
    const hasInterval = (lower[last] ?? null) !== null && (upper[last] ?? null) !== null;
    return { y: y[last], text: shown(y[last]) + (hasInterval ? ` (${shown(lower[last])} to ${shown(upper[last])})` : "") };
  };
  const make = (kind, className, parent) => {
    const made = document.createElement(kind);
    made.className = className;
    parent.append(made);
    return made;
  };

  const pane = (plot, panel, reading) => {
    const area = make("div", "pane", plot);
    area.style.left = `${100 * panel.left}%`;
    area.style.top = `${100 * panel.top}%`;
    area.style.width = `${100 * (panel.right - panel.left)}%`;
    area.style.height = `${100 * (panel.bottom - panel.top)}%`;
    area.tabIndex = 0;
    area.setAttribute("role", "slider");
    area.setAttribute("aria-label", `Values of the curves, ${panel.label}`);
    area.setAttribute("aria-valuemin", panel.from);
    area.setAttribute("aria-valuemax", panel.to);
    area.setAttribute("aria-valuenow", panel.from);
    area.setAttribute("aria-valuetext", "use the arrow keys");
    const width = panel.to - panel.from;
    const step = width > 10 ? 1 : width / 20;
    let now = panel.from;

    const clear = () => area.replaceChildren();
    const show = (where) => {
      now = Math.min(panel.to, Math.max(panel.from, Math.round(where / step) * step));
      for (const other of plot.querySelectorAll(".pane")) other.replaceChildren();
      make("div", "at", area).style.left = `${100 * (now - panel.from) / width}%`;
      const place = `${panel.label}: ${Number(now.toFixed(2))}`;
      area.setAttribute("aria-valuenow", now);
      area.setAttribute("aria-valuetext", place);
      reading.replaceChildren();
      make("span", "", reading).textContent = place;
      for (const curve of panel.curves) {
        const found = at(curve, now);
        const told = make("span", "", reading);
        told.textContent = `; ${curve.name}: `;
        make("b", "", told).textContent = found ? found.text : "–";
        const [low, high] = [panel.bottomValue, panel.topValue];
        if (!found || found.y < low || found.y > high) continue;
        const dot = make("div", "dot", area);
        dot.style.left = `${100 * (now - panel.from) / width}%`;
        dot.style.top = `${100 * (high - found.y) / (high - low)}%`;
      }
    };
    const point = (event) => {
      const box = area.getBoundingClientRect();
      show(panel.from + width * (event.clientX - box.left) / box.width);
    };
    area.addEventListener("pointermove", point);
    area.addEventListener("pointerdown", point);
    area.addEventListener("blur", clear);
    area.addEventListener("keydown", (event) => {
      const moves = { ArrowLeft: -step, ArrowDown: -step, ArrowRight: step, ArrowUp: step, PageDown: -7 * step, PageUp: 7 * step };
      if (event.key in moves) show(now + moves[event.key]);
      else if (event.key === "Home") show(panel.from);
      else if (event.key === "End") show(panel.to);
      else return;
      event.preventDefault();
    });
  };

  for (const data of document.querySelectorAll("script.curves")) {
    const figure = data.closest("figure");
    const plot = figure.querySelector(".plot");
    const reading = document.createElement("p");
    reading.className = "reading";
    reading.setAttribute("aria-live", "polite");
    reading.textContent = "Point at the curves, or move along them with the arrow keys, to read their values.";
    plot.closest(".frame").after(reading);
    for (const panel of JSON.parse(data.textContent)) pane(plot, panel, reading);
  }
})();
