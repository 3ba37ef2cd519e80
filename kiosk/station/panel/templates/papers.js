// Copies a text; on a plain-HTTP address browsers have no clipboard of their own to offer, so the old command is used.
"use strict";
for (const button of document.querySelectorAll("[data-copies]")) {
  button.hidden = false;
  button.addEventListener("click", () => {
    const text = document.getElementById(button.dataset.copies);
    text.focus();
    text.select();
    const copied = document.execCommand("copy");
    document.getElementById("copied").hidden = !copied;
  });
}
