const by = id => document.getElementById(id);

// The long table: sorted by a column's head, filtered by words, verdict, scale and data.
const table = by("lines"), body = table.tBodies[0];
const value = (row, column) => { const cell = row.cells[column]; return cell.className === "number" ? Number(cell.textContent) : cell.textContent; };
const compare = (a, b) => typeof a === "number" ? (Number.isNaN(a) - Number.isNaN(b)) || a - b : a.localeCompare(b, undefined, {numeric: true});
[...table.tHead.rows[0].cells].forEach((head, column) => head.querySelector("button").addEventListener("click", () => {
  const direction = head.getAttribute("aria-sort") === "ascending" ? "descending" : "ascending";
  for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
  head.setAttribute("aria-sort", direction);
  const sign = direction === "ascending" ? 1 : -1;
  body.append(...[...body.rows].sort((a, b) => sign * compare(value(a, column), value(b, column))));
}));
const words = by("words"), verdict = by("verdict"), count = by("count"), scale = by("choose-scale"), task = by("choose-task");
const chosen = element => (!scale.value || element.dataset.scale === scale.value) && (!task.value || !element.dataset.task || element.dataset.task === task.value);
const filter = () => {
  const wanted = words.value.toLowerCase().split(/\s+/).filter(Boolean);
  let shown = 0;
  for (const row of body.rows) {
    const text = row.textContent.toLowerCase();
    row.hidden = !(chosen(row) && wanted.every(word => text.includes(word)) && (!verdict.value || row.dataset.verdict === verdict.value));
    shown += !row.hidden;
  }
  count.textContent = `${shown} of ${body.rows.length} lines`;
};
words.addEventListener("input", filter);
verdict.addEventListener("change", filter);

// Scale and data choose columns, and what is shown of each study below.
const matrix = document.querySelector(".matrix");
const choose = () => {
  for (const element of document.querySelectorAll(".matrix [data-scale], #claims [data-scale], #studies [data-scale], #figures [data-scale]")) element.hidden = !chosen(element);
  for (const row of matrix.querySelectorAll("tbody tr")) {
    const cells = [...row.querySelectorAll("td")];
    row.hidden = cells.length > 0 && !cells.some(cell => !cell.hidden && cell.querySelector("a"));
  }
  filter();
};
scale.addEventListener("change", choose);
task.addEventListener("change", choose);
by("choose").hidden = false;
if (scale.options.length > 2) scale.selectedIndex = 1;
choose();

// A cell opens what lies below in the page; without a script its link leads there.
const opened = by("opened");
const reveal = id => {
  const target = by(id);
  for (let above = target; above; above = above.parentElement) if (above.tagName === "DETAILS") above.open = true;
  target.scrollIntoView();
};
const open = id => {
  const copy = by(id).cloneNode(true);
  copy.removeAttribute("id");
  opened.lastElementChild.replaceChildren(copy);
  if (!opened.open) opened.showModal();
  opened.scrollTop = 0;
};
document.addEventListener("click", event => {
  const link = event.target.closest("a[href^='#']");
  if (!link || link.classList.contains("skip")) return;
  event.preventDefault();
  const id = link.getAttribute("href").slice(1);
  if (link.classList.contains("opens") || (opened.open && id.startsWith("cell-"))) return open(id);
  if (opened.open) opened.close();
  history.replaceState(null, "", `#${id}`);
  reveal(id);
});
if (location.hash && by(location.hash.slice(1))) reveal(location.hash.slice(1));
