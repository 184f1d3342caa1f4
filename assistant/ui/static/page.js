// Starts the page once Gradio has drawn it, and sends every click and key to its place.

import { $, $$, copy, known, language, toast, url, word } from "./dom.js";
import * as chart from "./chart.js";
import * as documents from "./documents.js";
import * as panel from "./panel.js";
import * as quality from "./quality.js";
import * as store from "./store.js";
import * as talk from "./talk.js";
import * as talks from "./talks.js";
import * as verdict from "./verdict.js";

window.assistantPage = { asking: talk.asking };

const ACTIONS = {
  plan: () => (panel.showTab("outline"), panel.openPanel()),
  close: panel.closePanel,
  skip: () => $("#question textarea").focus(),
  theme: switchTheme,
  conversations: talks.open,
  "new-conversation": talk.begin,
  "choose-files": documents.choose,
  "remove-document": documents.remove,
  reindex: documents.reindex,
  report: quality.report,
  chart: chart.open,
  logout: () => fetch("/page/logout", { method: "POST" }).then(() => location.reload()),
  good: verdict.good,
  bad: verdict.bad,
  copy: (control) =>
    control.closest("#panel") ? panel.copyQuote() : copyAnswer(control.closest(".turn")),
  link: (control) =>
    control.closest("#panel") ? panel.copyPlace() : copyQuestion(control.closest(".turn")),
};

function switchTheme() {
  const root = document.documentElement;
  root.dataset.theme = root.dataset.theme === "dark" ? "light" : "dark";
  try {
    localStorage.setItem("assistant.theme", root.dataset.theme);
  } catch {
    // Storage is blocked: the choice lasts as long as the page.
  }
}

function copyAnswer(turn) {
  const record = JSON.parse(turn.dataset.record);
  const sources = record.citations.map(
    (c) => `[${c.number}] ${c.document} › ${c.path.join(" › ")} (${c.start}–${c.end})`,
  );
  copy([record.question, "", record.answer, "", ...sources].join("\n").trim());
}

function copyQuestion(turn) {
  const { question } = JSON.parse(turn.dataset.record);
  copy(`${location.origin}${location.pathname}?${new URLSearchParams({ q: question })}`);
}

function clicked(event) {
  const control = event.target.closest("[data-source],[data-ask],[data-edit],[data-do],[data-tab]");
  if (!control) return;
  const { source, ask, edit, tab } = control.dataset;
  if (source) panel.openSource(control.dataset, control);
  else if (ask !== undefined) talk.ask(ask);
  else if (edit) talk.fill(edit);
  else if (tab) panel.showTab(tab);
  else if (ACTIONS[control.dataset.do]) {
    event.preventDefault();
    ACTIONS[control.dataset.do](control);
  }
}

function pressed(event) {
  // Escape closes what lies on top, and that only.
  if (event.key === "Escape" && !$("dialog[open]") && document.body.classList.contains("panel-open")) panel.closePanel();
  const tab = event.target.closest?.("[role=tab]");
  if (tab && (event.key === "ArrowLeft" || event.key === "ArrowRight")) {
    const all = $$("#panel [role=tab]");
    const step = event.key === "ArrowRight" ? 1 : all.length - 1;
    const other = all[(all.indexOf(tab) + step) % all.length];
    panel.showTab(other.dataset.tab);
    other.focus();
  }
}

// Hovering or focusing [n] shows its quote without opening the source.
function hint(event) {
  const control = event.target.closest?.(".cite[data-quote]");
  $(".hint")?.remove();
  const away = ["pointerout", "focusout", "click"].includes(event.type);
  if (!control || away || event.pointerType === "touch") return;
  if (event.type === "focusin" && !control.matches(":focus-visible")) return;
  const shown = document.createElement("div");
  shown.className = "hint";
  shown.role = "tooltip";
  shown.dir = "auto";
  shown.textContent = `« ${control.dataset.quote} »`;
  document.body.append(shown);
  const at = control.getBoundingClientRect();
  const left = Math.min(at.left, innerWidth - shown.offsetWidth - 12);
  const above = at.top - shown.offsetHeight - 8;
  shown.style.left = `${Math.max(12, left)}px`;
  shown.style.top = `${above > 8 ? above : at.bottom + 8}px`;
}

// Gradio writes the browser's language into the page; the page speaks its own.
function keepLanguage() {
  const root = document.documentElement;
  const keep = () => root.lang !== language() && (root.lang = language());
  new MutationObserver(keep).observe(root, { attributeFilter: ["lang"] });
  keep();
}

let missed = 0;
async function heartbeat() {
  const alive = await known(fetch(url("health"), { cache: "no-store" })).then(
    (response) => response.ok,
    () => false,
  );
  const banner = $("#banner");
  missed = alive ? 0 : missed + 1;
  if (missed > 1) {
    banner.textContent = word("offline");
    banner.hidden = false;
  } else if (alive && !banner.hidden) {
    banner.hidden = true;
    toast(word("online"));
  }
  setTimeout(heartbeat, alive ? 15000 : 2000);
}

async function start() {
  keepLanguage();
  document.addEventListener("click", clicked);
  document.addEventListener("keydown", pressed);
  for (const name of ["pointerover", "pointerout", "focusin", "focusout", "click"]) {
    document.addEventListener(name, hint);
  }
  documents.watchDrops(() => (panel.showTab("documents"), panel.openPanel()));
  document.addEventListener("assistant:renewed", talk.welcome);
  talk.watch();
  store.load();
  const asked = new URLSearchParams(location.search).get("q");
  if (asked) {
    store.begin();
    history.replaceState(null, "", location.pathname + location.hash);
  }
  const ready = open();
  await talk.show();
  if (asked) talk.ask(asked);
  setTimeout(heartbeat, 15000);
  await ready;
  document.body.dataset.ready = "true";
}

// Shows what the index holds; tries again until there is one.
async function open() {
  for (let first = true; !(await talk.welcome()); first = false) {
    // Without an index the documents can already be brought.
    if (first) documents.load(() => {});
    await new Promise((later) => setTimeout(later, 3000));
  }
  await panel.loadOverview();
  panel.openFromAddress();
}

// Gradio draws the page in its own time.
function whenDrawn(then) {
  const drawn = () => $("#live") && $("#panel") && $("#question textarea") && $("#send");
  if (drawn()) return then();
  const observer = new MutationObserver(() => {
    if (drawn()) {
      observer.disconnect();
      then();
    }
  });
  observer.observe(document.documentElement, { childList: true, subtree: true });
}

whenDrawn(start);
