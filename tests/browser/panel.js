// Says that an answer is awaited, and sends a form once. Without scripts everything works as well.
"use strict";
for (const form of document.forms) {
  form.addEventListener("submit", (event) => {
    if (form.ariaBusy === "true") {
      event.preventDefault();
      return;
    }
    form.ariaBusy = "true";
    const busy = document.getElementById("busy");
    busy.textContent = busy.dataset.words;
    for (const button of form.querySelectorAll("button")) {
      button.ariaDisabled = "true";
    }
  });
}
// Who comes back by the browser's own button finds the form as he left it.
addEventListener("pageshow", () => {
  document.getElementById("busy").textContent = "";
  for (const form of document.forms) {
    form.ariaBusy = null;
    for (const button of form.querySelectorAll("button")) {
      button.ariaDisabled = null;
    }
  }
});
