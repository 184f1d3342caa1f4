// 👍 at once, 👎 with a reason: sent with the whole answer, so that the cause can be found.

import { $, post, toast, word } from "./dom.js";
import * as store from "./store.js";
import { mark } from "./talk.js";

const record = (turn) => JSON.parse(turn.dataset.record);

export async function good(control) {
  await send(control.closest(".turn"), { verdict: "good" });
}

export function bad(control) {
  const turn = control.closest(".turn");
  const open = $(".doubt", turn);
  if (open) return open.remove();
  const form = $("#doubt").cloneNode(true);
  form.removeAttribute("id");
  form.hidden = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const said = Object.fromEntries(new FormData(form));
    if (await send(turn, { verdict: "bad", ...said })) form.remove();
    $("[data-do=bad]", turn).focus();
  });
  $(".actions", turn).after(form);
  return $("select", form).focus();
}

async function send(turn, said) {
  const done = await post("feedback", { turn: record(turn), ...said }).then(
    (response) => response.ok,
    () => false,
  );
  toast(word(done ? "thanks" : "notKept"));
  if (done) {
    store.update(turn.dataset.turn, { verdict: said.verdict });
    mark(turn.dataset.turn, said.verdict);
  }
  return done;
}
