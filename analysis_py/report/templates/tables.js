// Tables: sorted by their headings, within their sections; long ones are searched.
(() => {
  const LONG = 12;
  const UNKNOWN = /^(|–|…|hidden|n\/e|not (estimable|shown).*|a count below \d.*|fewer than \d.*)$/s;
  const NUMBER = /^(?:p )?([<>≤≥=~]?)\s*([+−-]?(?:\d[\d,]*\.?\d*|\.\d+))(?![\d\w]|-\w)/;

  const number = (text) => {
    const found = NUMBER.exec(text);
    if (!found) return NaN;
    const value = Number(found[2].replaceAll(",", "").replace("−", "-"));
    // beyond its limit, however little
    return found[1] === "<" ? value - 1e-9 : found[1] === ">" ? value + 1e-9 : value;
  };
  const words = (cell) => cell.textContent.trim();

  // sections of groups: a line with the indented ones below it
  const read = (body) => {
    const sections = [];
    let above = null;
    for (const row of body.rows) {
      if (row.classList.contains("section")) {
        sections.push({ heading: row, groups: [] });
        continue;
      }
      if (!sections.length) sections.push({ heading: null, groups: [] });
      const groups = sections.at(-1).groups;
      const first = row.cells[0];
      if (first.classList.contains("level") && groups.length) {
        groups.at(-1).below.push(row);
        continue;
      }
      if (words(first)) above = words(first);
      groups.push({ row, below: [], of: words(first) ? null : above });  // `of`: what the empty first cell repeats
    }
    return sections;
  };

  const order = (items, cell, isNumber, sign) => items
    .map((item) => ({ item, text: words(cell(item)) }))
    .map(({ item, text }) => ({ item, text, known: !UNKNOWN.test(text) }))
    .sort((a, b) => {
      if (!a.known || !b.known) return b.known - a.known;  // what is not known is last, up or down
      return sign * (isNumber ? number(a.text) - number(b.text) : a.text.localeCompare(b.text, "en", { numeric: true }));
    })
    .map(({ item }) => item);

  const sort = (body, sections, at, sign) => {
    const cells = sections.flatMap(({ groups }) => groups.flatMap(({ row, below }) => [row, ...below]))
      .map((row) => words(row.cells[at])).filter((text) => !UNKNOWN.test(text));
    const isNumber = cells.every((text) => !Number.isNaN(number(text)));
    for (const { heading, groups } of sections) {
      if (heading) body.append(heading);
      const sorted = sign ? order(groups, ({ row }) => row.cells[at], isNumber, sign) : groups;
      for (const { row, below, of } of sorted) {
        if (of) {
          const first = row.cells[0];
          first.textContent = sign ? of : "";
          first.classList.toggle("repeated", Boolean(sign));
        }
        body.append(row, ...(sign ? order(below, (line) => line.cells[at], isNumber, sign) : below));
      }
    }
  };

  const sortable = (table, sections) => {
    const headings = [...table.querySelectorAll(".names th")];
    headings.forEach((heading, at) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...heading.childNodes);
      heading.append(button);
      button.addEventListener("click", () => {
        const now = heading.getAttribute("aria-sort");
        for (const other of headings) other.removeAttribute("aria-sort");
        const sign = now === "ascending" ? -1 : now === "descending" ? 0 : 1;
        if (sign) heading.setAttribute("aria-sort", sign > 0 ? "ascending" : "descending");
        sort(table.tBodies[0], sections, at, sign);
      });
    });
  };

  const searchable = (table, sections, count) => {
    const label = document.createElement("label");
    label.className = "search";
    const input = document.createElement("input");
    input.type = "search";
    const told = document.createElement("span");
    told.setAttribute("aria-live", "polite");
    label.append("Search ", input);
    const line = document.createElement("div");
    line.className = "search";
    line.append(label, told);
    table.closest(".frame").before(line);
    input.addEventListener("input", () => {
      const asked = input.value.toLowerCase().split(/\s+/).filter(Boolean);
      const holds = (...texts) => asked.every((word) => texts.join(" ").toLowerCase().includes(word));
      let shown = 0;
      for (const { heading, groups } of sections) {
        const section = heading ? words(heading) : "";
        let any = false;
        for (const { row, below, of } of groups) {
          const own = holds(section, of ?? "", words(row));
          let some = own;
          for (const level of below) {
            const kept = own || holds(section, words(row.cells[0]), words(level));
            level.hidden = !kept;
            some ||= kept;
            shown += kept;
          }
          row.hidden = !some;
          shown += some;
          any ||= some;
        }
        if (heading) heading.hidden = !any;
      }
      told.textContent = asked.length ? `${shown} of ${count} lines` : "";
    });
  };

  for (const table of document.querySelectorAll(".block table")) {
    const sections = read(table.tBodies[0]);
    const count = table.tBodies[0].querySelectorAll("tr:not(.section)").length;
    if (count > 1) sortable(table, sections);
    if (count > LONG) searchable(table, sections, count);
  }
})();
