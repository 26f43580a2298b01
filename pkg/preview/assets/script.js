"use strict";

// The page works without this file. With it, a choice replaces the parts of the page
// that change, so that the focus and the place in the list stay where they are; the
// arrow keys walk through the list; and a narrow window shows the notice first.

const wide = matchMedia("(min-width: 60rem)");

function fold() {
  document.getElementById("list").open = wide.matches;
}

let turns = 0; // choices so far: the answer to one that another has overtaken is dropped
let shown = location.search;

async function show(address, remember) {
  const turn = ++turns;
  let fresh;
  try {
    const response = await fetch(address);
    fresh = new DOMParser().parseFromString(await response.text(), "text/html");
  } catch {
    location.href = address; // the browser says it best that nobody answers
    return;
  }
  if (turn !== turns) return;
  if (!fresh.getElementById("notice")) {
    location.href = address;
    return;
  }
  if (remember) history.pushState(null, "", address);
  shown = location.search;
  document.title = fresh.title;
  const focus = document.activeElement.id;
  const scrolled = document.getElementById("list").scrollTop;
  for (const id of ["list", "notice"]) {
    document.getElementById(id).replaceWith(fresh.getElementById(id));
  }
  fold();
  document.getElementById("list").scrollTop = scrolled;
  if (focus && document.getElementById(focus)) {
    document.getElementById(focus).focus({ preventScroll: true });
  }
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("#list a, .choice a");
  if (!link || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  link.focus();
  show(link.href, true);
});

document.addEventListener("keydown", (event) => {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  const links = [...document.querySelectorAll("#list a")];
  const at = links.indexOf(document.activeElement);
  if (!step || at < 0 || !links[at + step]) return;
  event.preventDefault();
  links[at + step].focus();
  show(links[at + step].href, true);
});

// A step within the page, such as to the links, is one in the history too.
addEventListener("popstate", () => {
  if (location.search !== shown) show(location.href, false);
});
wide.addEventListener("change", fold);
fold();
