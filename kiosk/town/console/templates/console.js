// What makes the console quicker to use; every page works without it.
"use strict";
(() => {
  // A form is sent once, however often it is pressed; with data-again (its answer is a file) as often as wanted.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.dataset.sent) {
      event.preventDefault();
      return;
    }
    if (!event.defaultPrevented && form.method === "post" && form.dataset.again === undefined) {
      form.dataset.sent = "yes";
      form.setAttribute("aria-busy", "true");
    }
  });
  addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll("form[data-sent]")) {
      delete form.dataset.sent;
      form.removeAttribute("aria-busy");
    }
  });
  // A sentence to send goes to the clipboard; where that is not allowed, it is marked so that it can be copied by hand.
  for (const button of document.querySelectorAll("button[data-copy]")) {
    button.hidden = false;
    button.addEventListener("click", async () => {
      const text = document.getElementById(button.dataset.copy);
      text.select();
      try {
        await navigator.clipboard.writeText(text.value);
      } catch {
        if (!document.execCommand("copy")) return;
      }
      button.textContent = button.dataset.done;
    });
  }
  for (const button of document.querySelectorAll("[data-print]")) {
    button.hidden = false;
    button.addEventListener("click", () => print());
  }
})();
(() => {
  // Files are sent in pieces; what came stays at the town, so a broken line or a closed window costs one piece at most.
  if (!window.fetch) {
    return;
  }
  const LEAST = 256 * 1024, MOST = 8 * 1024 * 1024, QUICK_MS = 2000, SLOW_MS = 8000, AT_ONCE = 2;
  const waiting = [];
  let running = 0;

  const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
  const answer = async (response) => {
    if (response.redirected || response.status === 403) {
      throw new Error("login");
    }
    const found = await response.json().catch(() => ({}));
    if (found.problem) {
      throw Object.assign(new Error("refused"), { problem: found.problem });
    }
    if (!response.ok && response.status !== 409) {
      throw new Error(`status ${response.status}`);
    }
    return found;
  };

  const next = async () => {
    if (running >= AT_ONCE || !waiting.length) {
      return;
    }
    running += 1;
    await waiting.shift()();
    running -= 1;
    next();
    if (!running && !waiting.length && !document.querySelector(".coming li > span:not(:empty)")) {
      location.reload();
    }
  };

  for (const form of document.querySelectorAll("form[data-upload]")) {
    const words = form.dataset;
    const input = form.querySelector("input[type=file]"), list = form.querySelector(".coming"), token = form.elements.token.value;
    const title = form.elements.title ? encodeURIComponent(form.elements.title.value) : "";

    const row = (file) => {
      const item = document.createElement("li"), text = document.createElement("span"), bar = document.createElement("progress");
      const stop = document.createElement("button");
      item.append(`${file.name} `, text, bar, stop);
      bar.max = file.size;
      bar.value = 0;
      bar.setAttribute("aria-label", file.name);
      stop.type = "button";
      stop.className = "small";
      stop.textContent = words.cancel;
      list.append(item);
      const found = { item, stopped: false, say: (said) => { text.textContent = said; }, end: () => { bar.remove(); stop.remove(); } };
      found.at = (offset) => {
        bar.value = offset;
        found.say(words.sending.replace("{done}", (offset / 1e6).toFixed(1)).replace("{size}", (file.size / 1e6).toFixed(1)));
      };
      stop.addEventListener("click", () => { found.stopped = true; stop.disabled = true; });
      return found;
    };

    const begin = (file) => fetch("/programmes/uploads", {
      method: "POST",
      body: new URLSearchParams({ token, name: file.name, size: file.size, mark: String(file.lastModified) }),
    }).then(answer);

    const send = async (file, shown) => {
      let { id, offset } = await begin(file), size = LEAST, failures = 0;
      while (true) {
        if (shown.stopped) {
          throw new Error("stopped");
        }
        shown.at(offset);
        try {
          const began = performance.now();
          const piece = file.slice(offset, Math.min(file.size, offset + size));
          const found = await fetch(`/programmes/uploads/${id}?offset=${offset}&title=${title}`, {
            method: "PUT", body: piece, headers: { "X-Kiosk-Token": token },
          }).then(answer);
          if (found.programme) {
            return found.programme;
          }
          offset = found.offset;
          failures = 0;
          const took = performance.now() - began;
          size = took < QUICK_MS ? Math.min(MOST, size * 2) : took > SLOW_MS ? Math.max(LEAST, size / 2) : size;
        } catch (error) {
          if (error.message === "login" || error.problem) {
            throw error;
          }
          failures += 1;
          shown.say(words.again);
          await pause(Math.min(30000, 1000 * 2 ** failures));
          offset = (await begin(file).catch(() => ({ offset }))).offset;
        }
      }
    };

    const bring = async (file, shown) => {
      try {
        const programme = await send(file, shown);
        shown.end();
        const link = document.createElement("a");
        link.href = `/programmes/${programme}`;
        link.textContent = words.come;
        shown.say("");
        shown.item.append(link);
      } catch (error) {
        shown.end();
        shown.say(error.problem || { login: words.login, stopped: words.stopped }[error.message] || error.message);
      }
    };

    const take = (files) => {
      for (const file of files) {
        const shown = row(file);
        if (file.size > Number(words.most) * 1024 * 1024) {
          shown.end();
          shown.say(words.large);
          continue;
        }
        waiting.push(() => bring(file, shown));
        next();
      }
      input.value = "";
    };

    input.addEventListener("change", () => take([...input.files]));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      take([...input.files]);
      if (!running) {
        input.click();
      }
    });
    const area = form.closest("li, section");
    for (const kind of ["dragenter", "dragover"]) {
      area.addEventListener(kind, (event) => { event.preventDefault(); area.classList.add("drop"); });
    }
    for (const kind of ["dragleave", "drop"]) {
      area.addEventListener(kind, () => area.classList.remove("drop"));
    }
    area.addEventListener("drop", (event) => { event.preventDefault(); take([...event.dataTransfer.files]); });
  }
  addEventListener("beforeunload", (event) => {
    if (running) {
      event.preventDefault();
    }
  });
})();
(() => {
  // How far programmes are, renewed in place; a page whose last one is done is read again.
  const shown = [...document.querySelectorAll("[data-programme]")];
  if (!shown.length) {
    return;
  }
  const ids = shown.map((element) => element.dataset.programme).slice(0, 100).join(",");
  const look = async () => {
    const found = await fetch(`/programmes/states?ids=${ids}`).then((response) => (response.redirected ? [] : response.json())).catch(() => []);
    for (const one of found) {
      if (!["waiting", "working"].includes(one.state)) {
        if (!document.querySelector(".coming li") && !document.activeElement.closest("form")) {
          location.reload();
        }
        return;
      }
      for (const element of shown.filter((element) => element.dataset.programme === one.id)) {
        element.textContent = one.text;
      }
      for (const bar of document.querySelectorAll(`[data-progress="${one.id}"]`)) {
        bar.value = one.permille;
      }
    }
  };
  setInterval(look, 2000);
})();

// A file that is too large is told before it is sent.
(() => {
  for (const input of document.querySelectorAll("input[type=file][data-large]")) {
    input.addEventListener("change", () => {
      const large = [...input.files].some((file) => file.size > Number(input.dataset.most) * 1024 * 1024);
      input.setCustomValidity(large ? input.dataset.large : "");
      input.reportValidity();
    });
  }
})();
