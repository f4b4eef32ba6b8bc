// Elements that hold words only: what comes from outside is text, never markup. Stands before each component's script.

function make(tag, name = "") {
  const element = document.createElement(tag);
  if (name) element.className = name;
  return element;
}

function words(name, said) {
  const element = make("span", name);
  element.dir = "auto";
  element.textContent = said;
  return element;
}
