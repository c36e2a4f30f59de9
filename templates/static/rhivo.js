// Conveniences. Every page works without this file.
"use strict";

// A form marked data-once is sent once. The server knows a second press too; this spares the visitor the wait.
for (const form of document.querySelectorAll("form[data-once]")) {
  form.addEventListener("submit", (event) => {
    if (form.classList.contains("sent")) event.preventDefault();
    form.classList.add("sent");
  });
}
// The back button shows the page as it was left, with its forms marked as sent.
addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form.sent")) form.classList.remove("sent");
});

// Counts down how long a hold lasts, from the arrival of the page: a visitor's clock may be wrong, but it measures well.
// performance.now() may stand still while a machine sleeps, and Date.now() may be set back: the longer time counts.
for (const timer of document.querySelectorAll("[data-seconds]")) {
  const came = { ticks: performance.now(), clock: Date.now() };
  const tick = () => {
    const passed = Math.max(performance.now() - came.ticks, Date.now() - came.clock);
    const left = Math.max(0, Math.ceil(Number(timer.dataset.seconds) - passed / 1000));
    const state = left > 60 ? "held" : left > 0 ? "soon" : "over";
    for (const text of timer.querySelectorAll("[data-while]")) text.hidden = text.dataset.while !== state;
    timer.classList.toggle("soon", state !== "held");
    timer.lastElementChild.textContent = left > 0 ? `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}` : "";
    if (left === 0) clearInterval(ticking);
  };
  const ticking = setInterval(tick, 1000);
  // Browsers slow down the timers of tabs in the background.
  document.addEventListener("visibilitychange", tick);
  tick();
}
