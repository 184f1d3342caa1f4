// The documents view: files dropped and sent one by one, removed, and the index brought up to date.

import { $, $$, element, html, known, language, say, toast, url, word } from "./dom.js";

const LOOK = 700;
let changed = () => {};
let following = false;

const root = () => $("#documents .documents");
const editable = () => root()?.dataset.editable !== undefined;

// `then` is called once a new index is published.
export async function load(then) {
  if (then) changed = then;
  // What was said of the files that came in stays when the list is drawn anew.
  const uploads = $("#documents .uploads");
  const said = $("#documents .said");
  $("#documents").innerHTML = await html("documents");
  if (uploads?.childElementCount) $("#documents .uploads")?.replaceWith(uploads);
  if (said?.textContent) $("#documents .said")?.replaceWith(said);
  writeDates($("#documents"));
  if (editable()) follow();
}

export function writeDates(within) {
  const date = new Intl.DateTimeFormat(language(), { dateStyle: "medium", timeStyle: "short" });
  for (const time of $$("time[datetime]", within)) {
    time.textContent = date.format(new Date(time.dateTime));
  }
}

// What the server says, null where it says nothing that can be read.
function answer(asked) {
  return asked.then((response) => response.json()).catch(() => null);
}

// --- files come in ------------------------------------------------------------------------------

export function choose() {
  const input = element("input", { type: "file", multiple: true });
  input.addEventListener("change", () => send([...input.files]));
  input.click();
}

export function watchDrops(show) {
  const holds = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");
  let inside = 0;
  const over = (on) => document.body.classList.toggle("dropping", on);
  document.addEventListener("dragenter", (event) => {
    if (!holds(event) || !editable()) return;
    inside += 1;
    over(true);
    show();
  });
  document.addEventListener("dragleave", (event) => {
    if (holds(event) && inside && !--inside) over(false);
  });
  // Without these two a browser leaves the page and opens the file.
  document.addEventListener("dragover", (event) => holds(event) && event.preventDefault());
  document.addEventListener("drop", (event) => {
    if (!holds(event)) return;
    event.preventDefault();
    inside = 0;
    over(false);
    if (editable()) send([...event.dataTransfer.files]);
  });
}

async function send(files) {
  const rows = files.map((file) => [file, row(file)]);
  let any = false;
  for (const [file, line] of rows) any = (await sendOne(file, line)) || any;
  if (any) await load();
}

function row(file) {
  const line = element(
    "li",
    {},
    element("span", { className: "name", dir: "auto", textContent: file.name }),
    element("span", { className: "outcome", textContent: word("uploadWaiting") }),
  );
  $("#documents .uploads").append(line);
  return line;
}

async function sendOne(file, line, replace = false) {
  if (file.size > Number(root().dataset.limit)) {
    ended(line, "refused", word("uploadLarge"));
    return false;
  }
  const bar = element("progress", { max: 1, value: 0, ariaLabel: file.name });
  $(".outcome", line).replaceChildren(bar);
  const said = await put(file, replace, (part) => {
    bar.value = part;
    // All is sent; the server reads it now, for as long as that takes.
    if (part === 1) bar.removeAttribute("value");
  });
  if (said.name) {
    ended(line, "taken", said.name === file.name ? word("uploadDone") : `${word("uploadDone")} — ${said.name}`);
    return true;
  }
  ended(line, "refused", said.reason ?? word("uploadFailed"));
  if (said.key === "refused_exists") {
    const again = element("button", { type: "button", className: "link", textContent: word("replace") });
    again.addEventListener("click", async () => (await sendOne(file, line, true)) && load());
    $(".outcome", line).append(" ", again);
  }
  return false;
}

function ended(line, outcome, sentence) {
  line.dataset.outcome = outcome;
  $(".outcome", line).textContent = sentence;
}

// fetch() does not tell how much was sent; XMLHttpRequest does.
function put(file, replace, progress) {
  return new Promise((done) => {
    const request = new XMLHttpRequest();
    request.open("PUT", url("file", { name: file.name, replace }));
    request.responseType = "json";
    request.upload.addEventListener("progress", (e) => progress(e.total ? e.loaded / e.total : 1));
    request.addEventListener("load", () => done(request.response ?? {}));
    request.addEventListener("error", () => done({}));
    request.send(file);
  });
}

// --- files go -----------------------------------------------------------------------------------

// The first click asks, the second removes; anything else takes the question back.
export async function remove(control) {
  if (control.dataset.sure === undefined) {
    control.dataset.sure = "";
    control.dataset.before = control.ariaLabel;
    control.ariaLabel = `${word("removeSure")} ${control.dataset.name}`;
    control.append(element("span", { textContent: word("removeSure") }));
    control.addEventListener("blur", () => forget(control), { once: true });
    say(control.ariaLabel);
    return;
  }
  const values = { name: control.dataset.name };
  const said = await answer(known(fetch(url("file", values), { method: "DELETE" })));
  toast(said?.name ? word("removed") : (said?.reason ?? word("uploadFailed")));
  await load();
  $("#documents [data-do=reindex]")?.focus();
}

function forget(control) {
  delete control.dataset.sure;
  control.ariaLabel = control.dataset.before;
  $("span", control)?.remove();
}

// --- the index ----------------------------------------------------------------------------------

export async function reindex() {
  $("#documents .said").textContent = "";
  const said = await answer(known(fetch(url("index"), { method: "POST" })));
  if (said?.state) follow(true);
  else toast(said?.reason ?? word("uploadFailed"));
}

// Shows how far the ingest is, whoever started it, until it ends.
async function follow(started = false) {
  if (following) return;
  following = true;
  let seen = started;
  for (;;) {
    const progress = await answer(known(fetch(url("index"))));
    if (progress?.state === "running") seen = true;
    if (progress?.state) draw(progress);
    if (progress?.state && progress.state !== "running") {
      following = false;
      if (seen) await finished(progress);
      return;
    }
    await new Promise((later) => setTimeout(later, LOOK));
  }
}

function draw(progress) {
  const running = progress.state === "running";
  const box = $("#documents .renewal");
  if (!box) return;
  $("[data-do=reindex]", box).hidden = running;
  $(".progress", box).hidden = !running;
  $("progress", box).value = progress.percent;
  const number = new Intl.NumberFormat(language(), { style: "percent" });
  $(".progress p", box).textContent = `${progress.sentence} · ${number.format(progress.percent / 100)}`;
}

async function finished(progress) {
  const box = $("#documents .said");
  box.dataset.state = progress.state;
  const lines = [progress.sentence, ...progress.skipped];
  box.replaceChildren(...lines.map((text) => element("p", { dir: "auto", textContent: text })));
  if (progress.state === "done") {
    $("#documents .uploads").replaceChildren();
    await changed();
  } else await load();
}
