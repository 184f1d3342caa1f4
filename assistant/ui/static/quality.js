// The quality view: numbers of the last evaluation, readers' words, and the whole report.

import { writeDates } from "./documents.js";
import { $, html, word } from "./dom.js";

export async function load() {
  $("#quality").innerHTML = await html("quality");
  writeDates($("#quality"));
}

// The report is a page of its own, kept apart in a frame that can reach nothing of ours.
export function report() {
  const dialog = document.createElement("dialog");
  dialog.id = "report";
  dialog.className = "sheet";
  const title = document.createElement("h2");
  title.id = "report-title";
  title.textContent = word("qualityTitle");
  dialog.setAttribute("aria-labelledby", title.id);
  const close = document.createElement("button");
  close.type = "button";
  close.className = "close";
  close.textContent = "✕";
  close.ariaLabel = word("close");
  close.addEventListener("click", () => dialog.close());
  const header = document.createElement("header");
  header.append(title, close);
  const frame = document.createElement("iframe");
  frame.sandbox = "allow-scripts";
  frame.title = title.textContent;
  frame.src = "/page/report";
  dialog.append(header, frame);
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}
