// The conversation: hands questions to Gradio, keeps finished turns, tries again by itself.

import { $, $$, element, post, say, text, url, word } from "./dom.js";
import { lightCited } from "./panel.js";
import * as store from "./store.js";

const CHECK = 3000;
// A request holds so many turns at most, and characters; the server takes no more.
const [TURNS, CHARACTERS] = [100, 500_000];
let settled = null;
let retrying = null;
let shows = 0;

const box = () => $("#question textarea");

// Called by Gradio when a question is sent; returns what the server is given.
export function asking(question) {
  settle();
  $("#welcome").hidden = true;
  setTimeout(() => fill("", false), 0);
  const past = (store.current()?.turns ?? []).map((turn) => turn.question);
  return [question, past.slice(-12)];
}

export function ask(question, focus = true) {
  fill(question, focus);
  // Gradio takes the text over in its own time; the button sends what it then holds.
  setTimeout(() => $("#send").click(), 30);
}

export function fill(text, focus = true) {
  const area = box();
  Object.getOwnPropertyDescriptor(HTMLTextAreaElement.prototype, "value").set.call(area, text);
  area.dispatchEvent(new Event("input", { bubbles: true }));
  if (focus) area.focus();
}

// Moves the turn that Gradio holds to the earlier ones, before the next takes its place.
function settle() {
  clearTimeout(retrying);
  const turn = $("#live .turn");
  if (turn && turn.dataset.turn !== settled) {
    settled = turn.dataset.turn;
    if (turn.dataset.record) $("#turns").append(turn.cloneNode(true));
    turn.removeAttribute("id");
  }
  $("#live").hidden = true;
}

export function watch() {
  new MutationObserver(grown).observe($("#live"), {
    childList: true,
    subtree: true,
    attributes: true,
    attributeFilter: ["data-state", "data-turn"],
  });
}

function grown() {
  const turn = $("#live .turn");
  if (!turn || turn.dataset.turn === settled) return;
  $("#live").hidden = false;
  const state = turn.dataset.state;
  $("#send").toggleAttribute("data-busy", state === "waiting");
  if (turn.dataset.seen === state) return;
  turn.dataset.seen = state;
  scrollTo(turn);
  if (state === "failed") recover(turn);
  if (turn.dataset.record) keep(turn);
}

function keep(turn) {
  const record = JSON.parse(turn.dataset.record);
  if (store.current()?.turns.some((kept) => kept.id === record.id)) return;
  store.add(record);
  say(`${word("answerReady")} ${$(".answer", turn).textContent}`);
  lightCited();
}

function scrollTo(turn) {
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  turn.scrollIntoView({ block: "start", behavior: calm ? "auto" : "smooth" });
}

// A question that failed for a cause that can pass is asked again once it is gone, but never over
// what the reader writes meanwhile.
function recover(turn) {
  const seconds = $("[data-again]", turn)?.dataset.again;
  if (seconds === undefined) return;
  const check = async () => {
    const ready = await health();
    if (turn.dataset.turn === settled || turn.dataset.state !== "failed") return;
    if (ready && !box().value) ask($("[data-ask]", turn).dataset.ask, false);
    else retrying = setTimeout(check, CHECK);
  };
  retrying = setTimeout(check, Math.max(CHECK, 1000 * seconds));
}

export async function health() {
  try {
    const response = await fetch(url("health"));
    return (await response.json()).ready === true;
  } catch {
    return false;
  }
}

export async function welcome() {
  const response = await fetch(url("welcome"));
  $("#welcome").innerHTML = await response.text();
  if ($("#welcome [data-later]")) setTimeout(welcome, CHECK);
  return response.ok;
}

// Shows the conversation that is kept: after a reload, or chosen from the list.
export async function show() {
  const turns = store.current()?.turns ?? [];
  const mine = (shows += 1);
  settle();
  $("#turns").innerHTML = "";
  $("#welcome").hidden = turns.length > 0;
  const made = [];
  for (const part of slices(turns)) made.push(await text(post("turns", { turns: part })));
  // Another one may have been chosen meanwhile.
  if (mine !== shows) return;
  $("#turns").insertAdjacentHTML("afterbegin", made.join(""));
  if (made.includes(null)) {
    $("#turns").append(element("p", { className: "gone", textContent: word("talkNotShown") }));
  }
  for (const { id, verdict } of turns) if (verdict) mark(id, verdict);
  $$("#turns .turn").at(-1)?.scrollIntoView({ block: "start" });
  lightCited();
}

function slices(turns) {
  const parts = [];
  let size = Infinity;
  for (const turn of turns) {
    const more = JSON.stringify(turn).length;
    if (size + more > CHARACTERS || parts.at(-1).length === TURNS) {
      parts.push([]);
      size = 0;
    }
    parts.at(-1).push(turn);
    size += more;
  }
  return parts;
}

export function mark(id, verdict) {
  for (const control of $$(`#turn-${CSS.escape(id)} [aria-pressed]`)) {
    control.ariaPressed = String(control.dataset.do === verdict);
  }
}

export function begin() {
  store.begin();
  show();
  box().focus();
}
