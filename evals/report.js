"use strict";
const form = document.querySelector(".filters");
const rows = [...document.querySelectorAll("details.row")];
function apply() {
  const wanted = Object.fromEntries(new FormData(form));
  const words = wanted.words.trim().toLowerCase();
  let shown = 0;
  for (const row of rows) {
    const fits = ["half", "kind", "language", "what"].every(
      (key) => !wanted[key] || row.dataset[key] === wanted[key],
    );
    row.hidden = !fits || (words !== "" && !row.textContent.toLowerCase().includes(words));
    shown += row.hidden ? 0 : 1;
  }
  form.querySelector("output").textContent = `${shown} of ${rows.length} shown`;
}
form.addEventListener("input", apply);
form.addEventListener("submit", (event) => event.preventDefault());
apply();
