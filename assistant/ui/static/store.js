// Conversations, kept in this browser only. What does not fit pushes the oldest one out.

const KEY = "assistant.conversations";
const MOST = 50;

let state = { current: null, list: [] };

export function load() {
  try {
    const kept = JSON.parse(localStorage.getItem(KEY) ?? "null");
    if (kept && Array.isArray(kept.list)) {
      state = { current: kept.current ?? null, list: kept.list.filter(sound) };
    }
  } catch {
    state = { current: null, list: [] };
  }
}

const sound = (talk) =>
  typeof talk?.id === "string" && typeof talk.title === "string" && Array.isArray(talk.turns);

function save() {
  state.list.sort((a, b) => b.at - a.at).splice(MOST);
  for (;;) {
    try {
      localStorage.setItem(KEY, JSON.stringify(state));
      return;
    } catch {
      if (state.list.length < 2) return; // Storage is blocked or tiny: this visit only.
      state.list.pop();
    }
  }
}

export const conversations = () => state.list;
export const find = (id) => state.list.find((talk) => talk.id === id);
export const current = () => find(state.current) ?? null;

export function begin() {
  state.current = null;
  save();
}

export function choose(id) {
  state.current = id;
  save();
}

export function add(record) {
  let talk = current();
  if (!talk) {
    talk = { id: newId(), title: record.question.slice(0, 120), at: 0, turns: [] };
    state.list.push(talk);
    state.current = talk.id;
  }
  talk.turns.push(record);
  talk.at = Date.now();
  save();
}

export function update(turn, values) {
  const record = current()?.turns.find((kept) => kept.id === turn);
  if (record) Object.assign(record, values);
  save();
}

export function rename(id, title) {
  find(id).title = title.slice(0, 120);
  save();
}

export function remove(id) {
  state.list = state.list.filter((talk) => talk.id !== id);
  if (state.current === id) state.current = null;
  save();
}

// crypto.randomUUID is missing where the page is reached over plain HTTP.
function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(8));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
