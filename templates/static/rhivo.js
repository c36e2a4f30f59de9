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

// How long a hold still lasts, counted from when the page came: what a clock says does not matter, what passes on it does.
// One of the two clocks may stand still while the machine sleeps, so the one that went further counts.
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
  // A tab in the background ticks seldom: it catches up when it is looked at.
  document.addEventListener("visibilitychange", tick);
  tick();
}
