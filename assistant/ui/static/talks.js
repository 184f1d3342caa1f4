// The list of kept conversations: open, rename, delete, take away.

import { $, download, element, language, post, text, toast, word } from "./dom.js";
import * as store from "./store.js";
import * as talk from "./talk.js";

const TYPES = { md: "text/markdown", html: "text/html", json: "application/json" };

function button(label, act, className = "quiet") {
  const made = element("button", { type: "button", className, textContent: label });
  made.addEventListener("click", act);
  return made;
}

export function open() {
  $("#talks")?.remove();
  const dialog = element("dialog", { id: "talks" });
  dialog.setAttribute("aria-labelledby", "talks-title");
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  fill(dialog);
  dialog.showModal();
}

function fill(dialog) {
  const close = button("✕", () => dialog.close(), "quiet close");
  close.ariaLabel = word("close");
  const title = element("h2", { id: "talks-title", textContent: word("conversations") });
  const fresh = button(word("newConversation"), () => (dialog.close(), talk.begin()), "strong");
  const list = element("ul", {}, ...store.conversations().map((each) => row(dialog, each)));
  const none = element("p", { textContent: word("noConversation") });
  dialog.replaceChildren(
    element("header", {}, title, close),
    element("p", { className: "note", textContent: word("keptHere") }),
    store.conversations().length ? list : none,
    fresh,
  );
}

function row(dialog, each) {
  const chosen = () => (dialog.close(), store.choose(each.id), talk.show());
  const name = button(each.title, chosen, "name");
  name.dir = "auto";
  if (each.id === store.current()?.id) name.setAttribute("aria-current", "true");
  const date = new Intl.DateTimeFormat(language(), { dateStyle: "medium", timeStyle: "short" });
  const when = element("small", { textContent: date.format(each.at) });
  const tools = element(
    "div",
    { className: "row" },
    button(word("rename"), () => rename(dialog, each, name)),
    button(word("delete"), () => remove(dialog, each)),
    ...Object.keys(TYPES).map((form) => {
      const label = word({ md: "exportMarkdown", html: "exportHtml", json: "exportJson" }[form]);
      const made = button(label, () => takeAway(each, form));
      made.ariaLabel = `${word("export")} ${label}`;
      return made;
    }),
  );
  return element("li", {}, name, when, tools);
}

function rename(dialog, each, name) {
  const field = element("input", { value: each.title, maxLength: 120 });
  field.ariaLabel = word("newName");
  const done = () => {
    if (field.value.trim()) store.rename(each.id, field.value.trim());
    fill(dialog);
  };
  field.addEventListener("keydown", (event) => {
    if (event.key === "Enter") done();
    if (event.key === "Escape") (event.preventDefault(), fill(dialog));
  });
  field.addEventListener("change", done);
  name.replaceWith(field);
  field.select();
}

function remove(dialog, each) {
  const shown = each.id === store.current()?.id;
  store.remove(each.id);
  if (shown) talk.show();
  fill(dialog);
  $("button", dialog).focus();
}

export async function takeAway(each, form) {
  const made = await text(post("export", { title: each.title, turns: each.turns }, { form }));
  if (made === null) toast(word("exportFailed"));
  else download(`conversation-${each.id}.${form}`, TYPES[form], made);
}
