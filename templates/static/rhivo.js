// Small comforts. Every page works without this file.
"use strict";

// A form marked data-once is sent once, until the page is shown again.
for (const form of document.querySelectorAll("form[data-once]")) {
  form.addEventListener("submit", (event) => {
    if (form.classList.contains("sent")) event.preventDefault();
    form.classList.add("sent");
  });
}
addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form.sent")) form.classList.remove("sent");
});

// How long a hold still lasts. Counts from when the page came, so that a wrong clock does no harm.
for (const shown of document.querySelectorAll("[data-seconds]")) {
  const end = performance.now() + Number(shown.dataset.seconds) * 1000;
  const tick = () => {
    const left = Math.max(0, Math.round((end - performance.now()) / 1000));
    shown.textContent = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
    shown.classList.toggle("soon", left <= 60);
    if (left > 0) setTimeout(tick, 1000);
  };
  tick();
}
