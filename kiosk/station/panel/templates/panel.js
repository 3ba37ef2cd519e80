// Renews the page in place: only what differs is changed, so that focus, scroll position and typed text stay.
"use strict";
(() => {
  const PATIENCE_MS = 10000;
  const SILENT_AFTER = 2; // tries in a row without an answer
  const seconds = () => Number(document.querySelector("main").dataset.renew); // until the next renewal; 0: this page stays as it is
  const FOCUSABLE = "button, a[href], input:not([type=hidden]), summary";
  let timer = 0;
  let silent = 0;
  let pressing = false; // a finger is down: what it presses must not change
  let leaving = false; // a form is on its way

  function same(old, wanted) {
    return old.nodeType === wanted.nodeType && old.nodeName === wanted.nodeName && (old.id || "") === (wanted.id || "");
  }

  // The node among `from` and its later siblings that `wanted` is the new state of. Only an id is looked for further on.
  function counterpart(from, wanted) {
    for (let node = from; node; node = wanted.id ? node.nextSibling : null) {
      if (same(node, wanted)) return node;
    }
    return null;
  }

  function update(old, wanted) {
    if (old.nodeType !== Node.ELEMENT_NODE) {
      if (old.nodeValue !== wanted.nodeValue) old.nodeValue = wanted.nodeValue;
      return;
    }
    if (old.nodeName === "NOSCRIPT") return;
    for (const { name } of [...old.attributes]) {
      if (name === "open" && old.nodeName === "DETAILS") continue; // somebody has opened it
      if (!wanted.hasAttribute(name)) old.removeAttribute(name);
    }
    for (const { name, value } of wanted.attributes) {
      if (old.getAttribute(name) !== value) old.setAttribute(name, value);
    }
    let at = old.firstChild;
    const remove = () => {
      const gone = at;
      at = at.nextSibling;
      gone.remove();
    };
    for (const child of wanted.childNodes) {
      const found = counterpart(at, child);
      if (!found) {
        old.insertBefore(document.importNode(child, true), at);
        continue;
      }
      while (at !== found) remove();
      at = found.nextSibling;
      update(found, child);
    }
    while (at) remove();
  }

  // Where the focused element is gone, what stands in its place gets the focus.
  function keepingFocus(change) {
    const focused = document.activeElement;
    const places = [];
    for (let node = focused; node && node !== document.body; node = node.parentElement) if (node.id) places.push(node.id);
    change();
    if (!focused || focused === document.body || focused.isConnected) return;
    for (const id of places) {
      const place = document.getElementById(id);
      const target = place && (place.matches(FOCUSABLE) ? place : place.querySelector(FOCUSABLE));
      if (target) return target.focus({ preventScroll: true });
    }
  }

  function show(text) {
    const page = new DOMParser().parseFromString(text, "text/html");
    keepingFocus(() => {
      document.documentElement.lang = page.documentElement.lang;
      document.title = page.title;
      for (const part of ["header", "main"]) update(document.querySelector(part), page.querySelector(part));
    });
  }

  async function ask() {
    const patience = new AbortController();
    const end = setTimeout(() => patience.abort(), PATIENCE_MS);
    try {
      const answer = await fetch(location.pathname, { cache: "no-store", signal: patience.signal });
      if (!answer.ok) throw new Error(`status ${answer.status}`);
      return await answer.text();
    } finally {
      clearTimeout(end);
    }
  }

  async function renew() {
    clearTimeout(timer);
    if (!document.hidden && !pressing && !leaving) {
      try {
        const text = await ask();
        silent = 0;
        if (!pressing && !leaving) show(text);
        if (location.search) history.replaceState(null, "", location.pathname); // or loading it anew would look again
      } catch {
        silent += 1;
      }
      document.getElementById("silent").hidden = silent < SILENT_AFTER;
    }
    wait();
  }

  function wait() {
    clearTimeout(timer);
    if (seconds()) timer = setTimeout(renew, 1000 * seconds());
  }

  addEventListener("pointerdown", () => { pressing = true; });
  for (const end of ["pointerup", "pointercancel"]) addEventListener(end, () => setTimeout(() => { pressing = false; }));
  addEventListener("submit", () => { leaving = true; });
  addEventListener("pageshow", () => { leaving = false; });
  document.addEventListener("visibilitychange", () => { if (seconds()) renew(); });
  wait();
})();
