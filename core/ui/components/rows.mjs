// The rows of the list of conversations. Needs elements.mjs.

const views = new WeakMap();

export default function ({ data, parentElement, setTriggerValue }) {
  let view = views.get(parentElement);
  if (!view) {
    view = build(parentElement);
    views.set(parentElement, view);
  }
  view.open = (id) => setTriggerValue("open", id);
  draw(view, data);
}

function build(parent) {
  const list = make("ul", "rows");
  const view = { list, open: () => {} };
  list.addEventListener("click", (event) => {
    const row = event.target.closest("button");
    if (row) view.open(row.dataset.id);
  });
  list.addEventListener("keydown", (event) => {
    const rows = [...list.querySelectorAll("button")];
    const at = rows.indexOf(event.target.closest("button"));
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: rows.length - 1 }[event.key];
    if (at < 0 || to === undefined || !rows[to]) return;
    event.preventDefault();
    rows[to].focus();
  });
  parent.appendChild(list);
  return view;
}

function draw(view, data) {
  const focused = view.list.getRootNode().activeElement?.dataset?.id;
  view.list.setAttribute("aria-label", data.label);
  view.list.replaceChildren(...data.rows.map(item));
  view.list.querySelector(`button[data-id="${CSS.escape(focused ?? "")}"]`)?.focus({ preventScroll: true });
}

function item(row) {
  const button = make("button", row.opened ? "row opened" : "row");
  button.type = "button";
  button.dataset.id = row.id;
  if (row.opened) button.setAttribute("aria-current", "true");
  const head = make("span", "head");
  head.append(words("name", row.name), words("when", row.when));
  const said = make("span", "said");
  if (row.ours) said.append(words("ours", row.ours), " ");
  said.append(words("words", row.said));
  button.append(head, said);
  if (row.marks.length) {
    const marks = make("span", "marks");
    marks.append(...row.marks.map(([kind, said]) => words(`mark ${kind}`, said)));
    button.append(marks);
  }
  const entry = make("li");
  entry.append(button);
  return entry;
}
