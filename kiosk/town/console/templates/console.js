// What makes the console quicker to use; every page works without it.
"use strict";
(() => {
  // A form is sent once, however often it is pressed.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.dataset.sent) {
      event.preventDefault();
      return;
    }
    if (!event.defaultPrevented && form.method === "post") {
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
})();
