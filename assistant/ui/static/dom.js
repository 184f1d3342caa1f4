// Small helpers: the page's own elements, requests to its own server, words for the reader.

export const $ = (selector, root = document) => root.querySelector(selector);
export const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];

export const language = () => document.documentElement.dataset.language;
export const word = (key) => $("#panel")?.dataset[key] ?? "";

export function element(tag, values = {}, ...children) {
  const made = Object.assign(document.createElement(tag), values);
  made.append(...children);
  return made;
}

export function url(path, values = {}) {
  const query = new URLSearchParams({ lang: language(), ...values });
  return `/page/${path}?${query}`;
}

// The HTML comes from our own server, where all text in it was escaped.
export async function html(path, values) {
  return (await known(fetch(url(path, values)))).text();
}

export function post(path, body, values) {
  const headers = { "Content-Type": "application/json" };
  return known(fetch(url(path, values), { method: "POST", headers, body: JSON.stringify(body) }));
}

// The text of a response, null where it is a refusal or none comes.
export function text(asked) {
  return asked.then((response) => (response.ok ? response.text() : null)).catch(() => null);
}

// A login that ended: the page that comes instead asks for it.
export async function known(asked) {
  const response = await asked;
  if (response.status === 401) location.reload();
  return response;
}

let fading;
export function say(text) {
  const told = $("#told");
  told.textContent = "";
  requestAnimationFrame(() => (told.textContent = text));
}

export function toast(text) {
  say(text);
  $(".toast")?.remove();
  const shown = document.createElement("div");
  shown.className = "toast";
  shown.ariaHidden = "true";
  shown.textContent = text;
  document.body.append(shown);
  clearTimeout(fading);
  fading = setTimeout(() => shown.remove(), 2600);
}

export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    toast(word("copied"));
  } catch {
    toast(copyBySelection(text) ? word("copied") : word("copyFailed"));
  }
}

// Pages reached over plain HTTP have no clipboard; the old way still works there.
function copyBySelection(text) {
  const area = document.createElement("textarea");
  area.value = text;
  area.style.cssText = "position:fixed;opacity:0";
  document.body.append(area);
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  return done;
}

export function download(name, type, text) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}
