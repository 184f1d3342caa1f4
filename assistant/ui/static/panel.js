// The panel beside the conversation: a source with its quote highlighted, and the outline.

import * as documents from "./documents.js";
import { $, $$, copy, html, word } from "./dom.js";
import * as quality from "./quality.js";

let opener = null;
let shown = 0;

export function showTab(name) {
  for (const tab of $$("#panel [role=tab]")) {
    const chosen = tab.dataset.tab === name;
    tab.ariaSelected = String(chosen);
    tab.tabIndex = chosen ? 0 : -1;
    $(`#${tab.dataset.tab}`).hidden = !chosen;
  }
  $("#panel").dataset.view = name;
  if (name === "quality") quality.load();
}

export function openPanel() {
  document.body.classList.add("panel-open");
}

export function closePanel() {
  document.body.classList.remove("panel-open");
  light(null);
  history.replaceState(null, "", location.pathname + location.search);
  opener?.isConnected && opener.focus({ preventScroll: true });
}

export async function openSource(place, from = null) {
  const turn = ++shown;
  opener = from && !from.closest("#panel") ? from : opener;
  const values = { unit: place.source };
  for (const key of ["start", "end", "marks"]) if (place[key]) values[key] = place[key];
  const text = await html("source", values);
  if (turn !== shown) return; // Another source was asked for meanwhile.
  const target = $("#source");
  target.innerHTML = text;
  showTab("source");
  openPanel();
  light(values);
  const { unit, ...rest } = values;
  history.replaceState(null, "", `#${new URLSearchParams({ unit, ...rest })}`);
  scrollToQuote(target);
  if (from) $("h2", target)?.focus({ preventScroll: true });
}

function scrollToQuote(target) {
  const quote = $("mark", target) ?? $(".quote", target);
  if (!quote) {
    target.scrollTop = 0;
    return;
  }
  const box = target.getBoundingClientRect();
  const top = quote.getBoundingClientRect().top - box.top + target.scrollTop;
  target.scrollTop = Math.max(0, top - box.height / 3);
}

// Shows which control the open source belongs to.
function light(values) {
  for (const control of $$("#talk [data-source]")) {
    const same =
      values !== null &&
      control.dataset.source === values.unit &&
      (control.dataset.start ?? "") === (values.start ?? "");
    if (same) control.setAttribute("aria-current", "true");
    else control.removeAttribute("aria-current");
  }
}

export async function loadOverview() {
  const [outline] = await Promise.all([html("outline"), documents.load(renewed)]);
  $("#outline").innerHTML = outline;
  lightCited();
}

// A new index is published: the outline, the documents and the welcome follow.
async function renewed() {
  await loadOverview();
  document.dispatchEvent(new CustomEvent("assistant:renewed"));
}

// Units that the conversation cites stand out in the outline.
export function lightCited() {
  const cited = new Set($$("#talk .cite[data-source]").map((control) => control.dataset.source));
  for (const control of $$("#outline [data-source]")) {
    const lit = cited.has(control.dataset.source);
    control.classList.toggle("cited", lit);
    control.title = lit ? word("cited") : "";
  }
}

// The place in the address: #unit=…&start=…&end=…
export function openFromAddress() {
  const place = new URLSearchParams(location.hash.slice(1));
  if (!place.get("unit")) return;
  openSource({
    source: place.get("unit"),
    start: place.get("start"),
    end: place.get("end"),
    marks: place.get("marks"),
  });
}

// "Copy quote with reference": the words, then where they stand.
export function copyQuote() {
  const source = $("#source .source");
  const quote = $$(".quote", source).map((part) => part.textContent);
  const path = [...$$(".crumbs li", source), $("h2", source)].map((e) => e.textContent.trim());
  const text = quote.length ? quote.join(" ") : $(".unit-text", source).innerText.trim();
  copy(`« ${text} »\n— ${path.join(" › ")}, ${$(".where", source).innerText.trim()}\n${location.href}`);
}

export const copyPlace = () => copy(location.href);