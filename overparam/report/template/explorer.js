// The interactive figure: the effects of a claim and of one beside it, by width, with their bounds and the margin.
const data = JSON.parse(by("data").textContent), explorer = by("explorer");
const pick = Object.fromEntries(["study", "claim", "beside", "alpha"].map(name => [name, by(`explore-${name}`)]));
const says = explorer.querySelector("output"), drawn = explorer.querySelector(".drawn");
const SIZE = {width: 700, height: 360, left: 84, right: 72, top: 16, bottom: 58};
const signed = number => number === null ? "–" : (number < 0 ? "−" : "+") + Math.abs(number).toFixed(4);
const fill = (select, options, preferred) => {
  const before = preferred ?? select.value;
  select.replaceChildren(...options.map(([value, text]) => new Option(text, value)));
  if (options.some(([value]) => value === before)) select.value = before;
};
const svg = (name, attributes, text) => {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  if (text !== undefined) element.textContent = text;
  return element;
};
const study = () => data.studies.find(each => each.id === pick.study.value);
const parts = alpha => { const [above, below = 1] = alpha.split("/").map(Number); return above / below; };
const told = (claim, cell) => `${claim} at α = ${cell.place}: ${signed(cell.effect)} [${signed(cell.lower)}, ${signed(cell.upper)}], δ = ${cell.margin}, ${cell.verdict}${cell.fit === "whatever the fit" ? "" : ` (${cell.fit})`}`;

const offerClaims = () => {
  const names = Object.keys(study().cells);
  fill(pick.claim, names.map(name => [name, name]));
  offerBeside();
};
const offerBeside = () => {
  const figure = data.claims[pick.claim.value].figure;
  const names = Object.keys(study().cells).filter(name => name !== pick.claim.value && data.claims[name].figure === figure);
  fill(pick.beside, [["", "nothing"], ...names.map(name => [name, name])], names.find(name => name.endsWith("-equal-fit")) ?? names[0]);
  offerAlphas();
};
const curves = () => [pick.claim.value, pick.beside.value].filter(Boolean).map(name => [name, study().cells[name]]);
const offerAlphas = () => {
  const alphas = [...new Map(curves().flatMap(([, cells]) => cells.map(cell => [cell.alpha, cell.place])))];
  alphas.sort(([a], [b]) => parts(b) - parts(a));
  fill(pick.alpha, [["", "every"], ...alphas]);
  draw();
};

const draw = () => {
  const shown = curves(), alphas = [...pick.alpha.options].slice(1).map(option => option.value);
  const every = shown.flatMap(([, cells]) => cells), margins = every.map(cell => cell.margin);
  const values = every.flatMap(cell => [cell.effect, cell.lower ?? cell.effect, cell.upper ?? cell.effect]).concat(margins, 0);
  let [low, high] = [Math.min(...values), Math.max(...values)];
  const step = [1, 2, 5, 10].map(k => k * 10 ** Math.floor(Math.log10((high - low || 1) / 5))).find(s => (high - low) / s <= 6);
  low = Math.floor(low / step) * step; high = Math.ceil(high / step) * step;
  const {width, height, left, right, top, bottom} = SIZE;
  const x = k => left + (width - left - right) * (alphas.length > 1 ? .06 + .88 * k / (alphas.length - 1) : .5);
  const y = v => top + (height - top - bottom) * (high - v) / (high - low);
  const picture = svg("svg", {viewBox: `0 0 ${width} ${height}`, role: "group", "aria-label": `${shown.map(([name]) => name).join(" beside ")}, ${study().title}, ${study().scale}`});
  for (let tick = low; tick <= high + step / 2; tick += step) {
    picture.append(svg("line", {class: "axis", x1: left, x2: width - right, y1: y(tick), y2: y(tick)}),
      svg("text", {x: left - 8, y: y(tick) + 5, "text-anchor": "end"}, Number(tick.toFixed(6)).toString().replace("-", "−")));
  }
  alphas.forEach((alpha, k) => picture.append(svg("text", {x: x(k), y: height - bottom + 24, "text-anchor": "middle"}, alpha)));
  picture.append(svg("text", {x: (left + width - right) / 2, y: height - 8, "text-anchor": "middle"}, "width factor α"));
  for (const margin of new Set(margins)) picture.append(svg("line", {class: "margin", x1: left, x2: width - right, y1: y(margin), y2: y(margin)}),
    svg("text", {x: width - right + 6, y: y(margin) + 5}, `δ = ${margin}`));
  shown.forEach(([name, cells], c) => {
    const at = cell => x(alphas.indexOf(cell.alpha)) + 12 * c;
    picture.append(svg("polyline", {class: `curve c${c}`, points: cells.map(cell => `${at(cell)},${y(cell.effect)}`).join(" ")}));
    for (const cell of cells) {
      const dim = pick.alpha.value && pick.alpha.value !== cell.alpha ? " dim" : "";
      if (cell.lower !== null && cell.upper !== null) picture.append(svg("line", {class: `c${c}${dim}`, "stroke-width": 2, x1: at(cell), x2: at(cell), y1: y(cell.lower), y2: y(cell.upper)}));
      const decided = cell.verdict === "not established" ? "open" : "decided";
      const point = c ? svg("rect", {x: at(cell) - 6, y: y(cell.effect) - 6, width: 12, height: 12}) : svg("circle", {cx: at(cell), cy: y(cell.effect), r: 7});
      for (const [key, v] of Object.entries({class: `point c${c} ${decided}${dim}`, tabindex: 0, role: "img", "aria-label": told(name, cell)})) point.setAttribute(key, v);
      point.append(svg("title", {}, told(name, cell)));
      for (const event of ["focus", "pointerenter", "click"]) point.addEventListener(event, () => { says.textContent = told(name, cell); });
      picture.append(point);
    }
  });
  drawn.replaceChildren(picture);
  const wanted = shown.flatMap(([name, cells]) => cells.filter(cell => cell.alpha === pick.alpha.value).map(cell => told(name, cell)));
  const marks = shown.map(([name], c) => `${c ? "■" : "●"} ${name}: ${data.claims[name].inequality}`);
  says.textContent = (wanted.length ? wanted : [...marks, "Hollow marks are not established. Point at a mark, or reach it by the Tab key, for its numbers."]).join("\n");
};

if (data.studies.length) {
  fill(pick.study, data.studies.map(each => [each.id, `${each.title}, ${each.scale}`]));
  pick.study.addEventListener("change", offerClaims);
  pick.claim.addEventListener("change", offerBeside);
  pick.beside.addEventListener("change", offerAlphas);
  pick.alpha.addEventListener("change", draw);
  for (const element of explorer.querySelectorAll(":scope > [hidden]")) element.hidden = false;
  explorer.querySelector(".static").hidden = true;
  offerClaims();
}
