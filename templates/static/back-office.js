// The state of the back office's frame. The CSP build of Alpine evaluates no script: what it calls is registered here.
"use strict";

const SIDEBAR = "sidebarDesktopOpen";

function frame() {
  return {
    activeTab: "",
    sidebarMobileOpen: false,
    sidebarDesktopOpen: localStorage.getItem(SIDEBAR) !== "0",
    // The one global that an expression of unfold's reads: where a form with tabs is sent to.
    window: {
      get location() {
        return { pathname: location.pathname, search: location.search };
      },
    },
    // And the one that it writes.
    localStorage: { setItem: (key, value) => localStorage.setItem(key, value) },
    init() {
      const tab = this.$el.dataset.tab;
      this.activeTab = tab ? getCurrentTab() || tab : "";
      this.$watch(SIDEBAR, (open) => localStorage.setItem(SIDEBAR, open ? "1" : "0"));
    },
  };
}

document.addEventListener("alpine:init", () => {
  // unfold listens to select2 by jQuery, in an expression that only eval could read; a plain select needs x-model alone.
  for (const select of document.querySelectorAll("select[x-init*='django.jQuery']")) select.removeAttribute("x-init");
  Alpine.data("frame", frame);
  Alpine.data("theme", theme);
  Alpine.data("searchForm", searchForm);
  Alpine.data("searchDropdown", searchDropdown);
});
