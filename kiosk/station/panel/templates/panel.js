// Renews the page in place: only what differs is changed, so that focus, scroll position and typed text stay.
"use strict";
(() => {
  const PATIENCE_MS = 10000;
  const SILENT_AFTER = 2; // tries in a row without an answer
  const seconds = () => Number(document.querySelector("main").dataset.renew); // until the next renewal; 0: this page stays as it is
  const FOCUSABLE = "button, a[href], input:not([type=hidden]), summary";
  let timer = 0;
  const MOST_PHOTO = 300000; // bytes
  let silent = 0;
  let shrinking = null;
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

  // A photo of a phone's camera is made small before it is sent; where that fails it goes as it is.
  async function shrink(field) {
    const file = field.files[0];
    if (!file || file.size <= MOST_PHOTO) return;
    const picture = await createImageBitmap(file, { imageOrientation: "from-image" });
    for (const edge of [1600, 1200, 800]) {
      const scale = Math.min(1, edge / Math.max(picture.width, picture.height));
      const canvas = document.createElement("canvas");
      canvas.width = Math.round(picture.width * scale);
      canvas.height = Math.round(picture.height * scale);
      canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
      const small = await new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.8));
      if (!small || small.size > MOST_PHOTO) continue;
      const chosen = new DataTransfer();
      chosen.items.add(new File([small], "photo.jpg", { type: "image/jpeg" }));
      field.files = chosen.files;
      return;
    }
  }

  addEventListener("change", (event) => {
    if (event.target.matches("input[data-shrink]")) shrinking = shrink(event.target).catch(() => {});
  });
  addEventListener("submit", async (event) => {
    if (!shrinking) return;
    event.preventDefault(); // and sent once the photo is small
    const waited = shrinking;
    shrinking = null;
    const { target, submitter } = event;
    await waited;
    setTimeout(() => target.requestSubmit(submitter)); // not while this event is still on its way: that does nothing
  });

  addEventListener("pointerdown", () => { pressing = true; });
  for (const end of ["pointerup", "pointercancel"]) addEventListener(end, () => setTimeout(() => { pressing = false; }));
  addEventListener("submit", () => { leaving = true; });
  addEventListener("pageshow", () => { leaving = false; });
  document.addEventListener("visibilitychange", () => { if (seconds()) renew(); });
  wait();
})();
