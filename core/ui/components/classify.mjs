// Choosing a reason by typing, the value, and concluding, with the keyboard alone or the mouse.
// Needs elements.mjs.

const views = new WeakMap();
const MOST_SHOWN = 60;

export default function ({ data, parentElement, setTriggerValue }) {
  let view = views.get(parentElement);
  if (!view) {
    view = build(parentElement, data);
    views.set(parentElement, view);
  }
  view.data = data;
  view.busy = false;
  view.send = (classified) => {
    if (view.busy) return;
    view.busy = true; // until the server has answered
    draw(view);
    setTriggerValue("done", { classified, reason_id: view.chosen, value: view.value.value });
  };
  draw(view);
}

/** The reasons that a query means, the best first: all its words are in the reason's or its category's. */
export function rank(reasons, query, frequent = []) {
  const words = plain(query).split(/\s+/).filter(Boolean);
  const found = [];
  reasons.forEach((reason, order) => {
    const description = plain(reason.text);
    const everything = `${description} ${plain(reason.category_label)}`;
    if (!words.every((word) => everything.includes(word))) return;
    const often = frequent.indexOf(reason.id);
    const match = words.reduce((sum, word) => sum + nearness(description, word), 0);
    found.push({ reason, key: [match, often < 0 ? frequent.length : often, order] });
  });
  const compare = (a, b) => a.key.map((k, i) => k - b.key[i]).find((d) => d !== 0) ?? 0;
  return found.sort(compare).map((one) => one.reason);
}

function nearness(description, word) {
  if (description.startsWith(word)) return 0;
  if (description.includes(` ${word}`)) return 1;
  return description.includes(word) ? 2 : 3;
}

function plain(words) {
  return words.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
}

function build(parent, data) {
  const view = { data, chosen: data.chosen, active: null, busy: false, send: () => {} };
  const root = make("div", "classify");
  view.search = make("input", "search");
  Object.assign(view.search, { type: "text", id: "search", autocomplete: "off", spellcheck: false, maxLength: 120 });
  attributes(view.search, { role: "combobox", "aria-expanded": "true", "aria-controls": "reasons", "aria-autocomplete": "list" });
  view.list = make("div", "reasons");
  attributes(view.list, { role: "listbox", id: "reasons" });
  view.said = make("div", "said");
  view.said.setAttribute("aria-live", "polite");
  view.value = make("input", "value");
  Object.assign(view.value, { type: "text", id: "value", inputMode: "decimal", autocomplete: "off", maxLength: 24, value: data.value });
  view.valueLabel = make("label", "value-label");
  view.valueLabel.htmlFor = "value";
  view.valueRow = make("div", "value-row");
  view.valueRow.append(view.valueLabel, view.value);
  view.refusal = make("div", "refusal");
  view.refusal.setAttribute("role", "alert");
  view.done = button("primary", () => view.send(true));
  view.only = button("secondary", () => view.send(false));
  const buttons = make("div", "buttons");
  buttons.append(view.done, view.only);
  root.append(view.search, view.list, view.said, view.valueRow, view.refusal, buttons);
  parent.appendChild(root);

  view.search.addEventListener("input", () => {
    view.active = undefined; // the best match
    draw(view);
    view.list.scrollTop = 0;
  });
  view.search.addEventListener("keydown", (event) => typed(view, event));
  view.value.addEventListener("keydown", (event) => {
    if (event.key === "Enter") {
      event.preventDefault();
      view.send(true);
    }
  });
  root.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && view.chosen) {
      event.preventDefault();
      event.stopPropagation();
      view.send(true);
    }
  });
  view.list.addEventListener("click", (event) => {
    const option = event.target.closest("[role=option]");
    if (option) choose(view, option.dataset.id);
  });
  requestAnimationFrame(() => setTimeout(() => (data.chosen ? view.value : view.search).focus(), 60));
  return view;
}

function typed(view, event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const options = [...view.list.querySelectorAll("[role=option]")];
  const at = options.findIndex((option) => option.id === view.active);
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    event.preventDefault();
    const to = options[Math.max(0, Math.min(options.length - 1, at + (event.key === "ArrowDown" ? 1 : -1)))];
    view.active = to ? to.id : null;
    mark(view);
  } else if (event.key === "Enter") {
    event.preventDefault();
    if (at >= 0) choose(view, options[at].dataset.id);
    else if (view.chosen && !view.search.value) view.send(true);
  }
}

function choose(view, id) {
  view.chosen = id;
  view.active = null;
  view.search.value = "";
  draw(view);
  const reason = chosen(view);
  (reason && reason.value !== "none" ? view.value : view.done).focus();
}

function chosen(view) {
  return view.data.reasons.find((reason) => reason.id === view.chosen);
}

function draw(view) {
  const { data } = view;
  const query = view.search.value.trim();
  const reason = chosen(view);
  view.search.placeholder = data.texts.search;
  attributes(view.search, { "aria-label": data.texts.search });
  view.list.setAttribute("aria-label", data.texts.reasons);
  view.list.classList.toggle("found", Boolean(query));
  view.list.replaceChildren(...(query ? found(view, query) : everything(view)));
  const options = view.list.querySelectorAll("[role=option]");
  if (query && view.active === undefined) view.active = options[0]?.id ?? null;
  if (!query && view.active === undefined) view.active = null;
  view.said.textContent = reason ? `${data.texts.chosen}: ${reason.text} · ${reason.category_label}` : "";
  view.valueRow.hidden = !reason || reason.value === "none";
  view.valueLabel.textContent = reason?.value === "required" ? data.texts.value_required : data.texts.value_optional;
  view.value.placeholder = data.texts.example;
  view.value.required = reason?.value === "required";
  view.refusal.textContent = data.refusal ?? "";
  view.refusal.hidden = !data.refusal;
  view.done.textContent = data.editing ? data.texts.save : data.texts.classify;
  view.done.disabled = !reason || view.busy;
  view.only.textContent = data.texts.only;
  view.only.hidden = data.editing;
  view.only.disabled = view.busy;
  mark(view);
}

function found(view, query) {
  const matches = rank(view.data.reasons, query, view.data.frequent);
  if (!matches.length) return [words("nothing", view.data.texts.nothing)];
  const rows = matches.slice(0, MOST_SHOWN).map((reason) => option(reason, "m", true));
  if (matches.length > MOST_SHOWN) rows.push(words("nothing", view.data.texts.more));
  return rows;
}

function everything(view) {
  const { data } = view;
  const groups = [];
  const often = data.frequent.map((id) => data.reasons.find((r) => r.id === id)).filter(Boolean);
  if (often.length) groups.push(group("often", "frequent", data.texts.frequent, often.map((r) => option(r, "f", true))));
  const columns = make("div", "columns");
  columns.setAttribute("role", "presentation");
  for (const category of data.categories) {
    const own = data.reasons.filter((reason) => reason.category === category.id);
    const rows = own.length ? own.map((reason) => option(reason, "o", false)) : [words("nothing", data.texts.none)];
    columns.append(group("category", category.id, category.label, rows));
  }
  groups.push(columns);
  return groups;
}

function group(kind, id, label, rows) {
  const box = make("div", `group ${kind}`);
  attributes(box, { role: "group", "aria-label": label });
  const head = words(`label ${id}`, label);
  head.setAttribute("aria-hidden", "true");
  const inner = make("div", "options");
  inner.setAttribute("role", "presentation");
  inner.append(...rows);
  box.append(head, inner);
  return box;
}

function option(reason, prefix, withCategory) {
  const row = make("div", "option");
  const label = [reason.text, reason.category_label, reason.value_label].join(", ");
  attributes(row, { role: "option", id: `${prefix}-${reason.id}`, "aria-label": label });
  row.dataset.id = reason.id;
  row.append(words(withCategory ? `mark ${reason.category}` : "mark", ""), words("text", reason.text));
  if (withCategory) row.append(words("of", reason.category_label));
  if (reason.value !== "none") row.append(words("carries", "$"));
  return row;
}

/** Show which option is active and which is chosen. */
function mark(view) {
  for (const row of view.list.querySelectorAll("[role=option]")) {
    const isChosen = row.dataset.id === view.chosen;
    row.classList.toggle("active", row.id === view.active);
    row.classList.toggle("chosen", isChosen);
    row.setAttribute("aria-selected", String(isChosen));
    if (row.id === view.active) row.scrollIntoView({ block: "nearest" });
  }
  if (view.active) view.search.setAttribute("aria-activedescendant", view.active);
  else view.search.removeAttribute("aria-activedescendant");
}

function button(kind, press) {
  const made = make("button", kind);
  made.type = "button";
  made.addEventListener("click", press);
  return made;
}

function attributes(element, named) {
  for (const [name, value] of Object.entries(named)) element.setAttribute(name, value);
}
