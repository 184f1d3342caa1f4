// The outline as an organisation chart: zoomed, moved with mouse or arrow keys, lit where cited.

import { $, $$, element, word } from "./dom.js";

const STEP = 1.25;
const [LEAST, MOST, READABLE] = [0.25, 2, 0.7];
// Text does not shrink as evenly as boxes: what just fits may not, smaller.
const SLACK = 0.96;
let scale = 1;

export function open() {
  const dialog = element("dialog", { id: "chart", className: "sheet" });
  dialog.setAttribute("aria-labelledby", "chart-title");
  const plane = element("div", { className: "plane" });
  const sections = $$("#outline section");
  const show = (at) => (plane.replaceChildren(drawn(sections[at])), fit(dialog, READABLE));
  dialog.append(header(dialog, sections, show), plane);
  dialog.addEventListener("close", () => dialog.remove());
  dialog.addEventListener("click", (event) => event.target.closest("[data-source]") && dialog.close());
  dialog.addEventListener("keydown", pressed);
  plane.addEventListener("wheel", wheeled, { passive: false });
  moveByHand(plane);
  document.body.append(dialog);
  dialog.showModal();
  // The document that the conversation cites comes first.
  const cited = sections.findIndex((section) => $(".cited", section));
  const first = Math.max(0, cited);
  if ($("select", dialog)) $("select", dialog).value = first;
  if (sections.length) show(first);
}

function header(dialog, sections, show) {
  const title = element("h2", { id: "chart-title", textContent: word("chart") });
  const zoom = element(
    "div",
    { className: "zoom" },
    tool("−", "zoomOut", () => zoomTo(dialog, scale / STEP)),
    element("output", { ariaLabel: word("zoom") }),
    tool("+", "zoomIn", () => zoomTo(dialog, scale * STEP)),
    tool("⤢", "zoomFit", () => fit(dialog)),
  );
  const close = tool("✕", "close", () => dialog.close());
  if (sections.length < 2) return element("header", {}, title, zoom, close);
  const names = sections.map((section, value) => {
    const name = $("h3", section).firstElementChild.textContent;
    return element("option", { value, textContent: name });
  });
  const choice = element("select", { ariaLabel: word("documents") }, ...names);
  choice.addEventListener("change", () => show(choice.value));
  return element("header", {}, title, choice, zoom, close);
}

function tool(sign, label, act) {
  const made = element("button", { type: "button", textContent: sign, title: word(label) });
  made.ariaLabel = word(label);
  made.addEventListener("click", act);
  return made;
}

// --- the tree -----------------------------------------------------------------------------------

function drawn(section) {
  const root = element("ul", { role: "tree", ariaLabel: word("chart") });
  const title = $("h3", section).firstElementChild;
  root.append(branch(title, $(":scope > ul", section), 1));
  const first = $("[role=treeitem].cited", root) ?? $("[role=treeitem]", root);
  first.tabIndex = 0;
  return root;
}

function branch(control, below, level) {
  const node = element("button", { type: "button", role: "treeitem", tabIndex: -1 });
  node.dir = "auto";
  node.textContent = control.textContent;
  node.ariaLevel = level;
  if (control.dataset.source) node.dataset.source = control.dataset.source;
  if (control.classList.contains("cited")) {
    node.classList.add("cited");
    node.title = word("cited");
  }
  const item = element("li", { role: "none" }, node);
  if (!below?.childElementCount) return item;
  node.ariaExpanded = "true";
  const group = element("ul", { role: "group" });
  for (const each of below.children) {
    group.append(branch($("button", each), $(":scope > ul", each), level + 1));
  }
  item.append(group);
  return item;
}

// --- zoom ---------------------------------------------------------------------------------------

function zoomTo(dialog, wanted) {
  const plane = $(".plane", dialog);
  const middle = (plane.scrollLeft + plane.clientWidth / 2) / scale;
  const centre = (plane.scrollTop + plane.clientHeight / 2) / scale;
  scale = Math.min(MOST, Math.max(LEAST, wanted));
  $("[role=tree]", plane).style.zoom = scale;
  $("output", dialog).textContent = `${Math.round(scale * 100)} %`;
  plane.scrollLeft = middle * scale - plane.clientWidth / 2;
  plane.scrollTop = centre * scale - plane.clientHeight / 2;
}

// Shows all of it, or as much as stays readable.
function fit(dialog, least = LEAST) {
  const plane = $(".plane", dialog);
  const tree = $("[role=tree]", plane);
  tree.style.zoom = 1;
  scale = 1;
  const wide = plane.clientWidth / tree.scrollWidth;
  const high = plane.clientHeight / tree.scrollHeight;
  zoomTo(dialog, Math.max(least, Math.min(1, SLACK * wide, SLACK * high)));
  plane.scrollTo(0, 0);
  const start = $("[tabindex='0']", tree);
  start.focus({ preventScroll: true });
  start.scrollIntoView({ block: "center", inline: "center" });
}

function wheeled(event) {
  if (!event.ctrlKey) return;
  event.preventDefault();
  zoomTo(event.currentTarget.closest("dialog"), scale * (event.deltaY < 0 ? STEP : 1 / STEP));
}

function moveByHand(plane) {
  let from = null;
  plane.addEventListener("pointerdown", (event) => {
    if (event.pointerType !== "mouse" || event.target.closest("[role=treeitem]")) return;
    from = [event.clientX + plane.scrollLeft, event.clientY + plane.scrollTop];
    plane.setPointerCapture(event.pointerId);
  });
  plane.addEventListener("pointermove", (event) => {
    if (from) plane.scrollTo(from[0] - event.clientX, from[1] - event.clientY);
  });
  for (const end of ["pointerup", "pointercancel"]) plane.addEventListener(end, () => (from = null));
}

// --- keys ---------------------------------------------------------------------------------------

const STEPS = {
  ArrowLeft: (item) => item.parentElement.closest("li"),
  ArrowRight: (item) => $(":scope > ul > li", item),
  ArrowUp: (item) => item.previousElementSibling ?? beside(item, "previousElementSibling", "last"),
  ArrowDown: (item) => item.nextElementSibling ?? beside(item, "nextElementSibling", "first"),
  Home: (item) => $("li", item.closest("[role=tree]")),
};

// The next one on the same level, below another parent.
function beside(item, side, end) {
  const parent = item.parentElement.closest("li");
  for (let other = parent?.[side]; other; other = other[side]) {
    const group = $(":scope > ul", other);
    if (group) return group[`${end}ElementChild`];
  }
  return null;
}

function pressed(event) {
  const dialog = event.currentTarget;
  if (event.target.closest("select")) return;
  if (event.key === "+" || event.key === "=") return zoomTo(dialog, scale * STEP);
  if (event.key === "-") return zoomTo(dialog, scale / STEP);
  if (event.key === "0") return fit(dialog);
  const node = event.target.closest("[role=treeitem]");
  if (!node || !STEPS[event.key]) return;
  event.preventDefault();
  const other = STEPS[event.key](node.closest("li"));
  if (!other) return;
  const next = $("[role=treeitem]", other);
  node.tabIndex = -1;
  next.tabIndex = 0;
  next.focus({ preventScroll: true });
  next.scrollIntoView({ block: "nearest", inline: "nearest" });
}
