"use strict";
const narrow = matchMedia("screen and (max-width: 45rem)");

// On a phone, panels stand one below the other, and the name of each effect above its interval.
const fitted = (chart, room) => {
  const spec = structuredClone(chart);
  if (spec.facet) {
    spec.columns = 1;
    spec.spec.width = room - 70;
    return spec;
  }
  spec.width = room - 20;
  spec.height = { step: 42 };
  const within = { labelAlign: "left", labelPadding: -2, labelOffset: -14, labelLimit: room - 20, ticks: false };
  spec.layer.forEach((layer) => layer.encoding.y && Object.assign(layer.encoding.y.axis, within));
  return spec;
};

// A chart is drawn when it comes near the screen; for printing, all are drawn. Their colours are the page's
// CSS variables, so they change with the page, as in dark mode or on paper.
const charts = JSON.parse(document.getElementById("charts").textContent);
const draw = (place) => {
  const config = {
    background: "transparent", view: { stroke: "transparent" }, font: "system-ui, sans-serif",
    mark: { color: "var(--mark)" }, rule: { color: "var(--mark)" },
    axis: {
      labelColor: "var(--text)", titleColor: "var(--text)",
      gridColor: "var(--line)", domainColor: "var(--line)", tickColor: "var(--line)",
    },
    legend: {
      labelColor: "var(--text)", titleColor: "var(--text)",
      ...(narrow.matches && { orient: "bottom", columns: 2 }),
    },
    header: { labelColor: "var(--text)" },
  };
  const chart = charts[place.dataset.chart];
  const spec = narrow.matches ? fitted(chart, place.parentElement.clientWidth) : chart;
  return vegaEmbed(place, spec, { actions: false, renderer: "svg", config })
    .then(() => { place.dataset.drawn = "true"; });
};
const places = [...document.querySelectorAll("[data-chart]")];
const near = new IntersectionObserver((entries) => {
  for (const entry of entries) {
    if (entry.isIntersecting) { near.unobserve(entry.target); draw(entry.target); }
  }
}, { rootMargin: "600px" });
places.forEach((place) => near.observe(place));
narrow.addEventListener("change", () => places.filter((place) => place.dataset.drawn).forEach(draw));
addEventListener("beforeprint", () => places.filter((place) => !place.dataset.drawn).forEach(draw));

for (const box of document.querySelectorAll(".filter input")) {
  const filter = () => {
    for (const claim of document.querySelectorAll(`.claim[data-verdict="${CSS.escape(box.value)}"]`)) {
      claim.hidden = !box.checked;
    }
  };
  box.addEventListener("change", filter);
  filter(); // A browser may restore the boxes of an earlier visit.
}

// A link to a claim that the filter hides shows it.
addEventListener("hashchange", () => {
  const claim = document.getElementById(location.hash.slice(1));
  const box = claim?.hidden && document.querySelector(`.filter input[value="${CSS.escape(claim.dataset.verdict)}"]`);
  if (box) { box.click(); claim.scrollIntoView(); }
});

// A table can be sorted by each column whose heading has no link: numbers by value, empty cells last. A row
// with an empty first cell belongs to the row above it, so a table with such rows cannot be sorted.
const number = (cell) => {
  // Only a number at the start of a cell is a value, not a digit within a name.
  const found = cell.replaceAll("\u2212", "-").match(/(?<=^[<>\s]*)[-+]?\d[\d,]*\.?\d*(e[-+]?\d+)?/i);
  return found ? Number(found[0].replaceAll(",", "")) : NaN;
};
const compare = (a, b, sign) => {
  if (!a || !b) return !a - !b;
  const [x, y] = [number(a), number(b)];
  return sign * (Number.isNaN(x) || Number.isNaN(y) ? a.localeCompare(b) : x - y);
};
const isSortable = (table) => [...table.querySelectorAll("tbody tr")].every((row) => row.cells[0].textContent.trim());
// A button must not contain a link.
for (const head of document.querySelectorAll("thead th:not(:empty, :has(a))")) {
  if (!isSortable(head.closest("table"))) continue;
  const button = document.createElement("button");
  button.type = "button";
  button.append(...head.childNodes);
  head.append(button);
  button.addEventListener("click", () => {
    const rising = head.getAttribute("aria-sort") !== "ascending";
    for (const other of head.parentElement.children) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", rising ? "ascending" : "descending");
    const body = head.closest("table").tBodies[0];
    const text = (row) => row.cells[head.cellIndex].textContent.trim();
    body.append(...[...body.rows].sort((a, b) => compare(text(a), text(b), rising ? 1 : -1)));
  });
}
