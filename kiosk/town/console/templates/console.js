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
})();
