// The state of the back office's frame. The CSP build of Alpine evaluates no expressions: what they would call is here.
"use strict";

const SIDEBAR = "sidebarDesktopOpen";

function frame() {
  return {
    activeTab: "",
    sidebarMobileOpen: false,
    sidebarDesktopOpen: localStorage.getItem(SIDEBAR) !== "0",
    // The CSP build hides globals. This is the one that Unfold reads: the address to which a form with tabs is sent.
    window: {
      get location() {
        return { pathname: location.pathname, search: location.search };
      },
    },
    // And the one that Unfold writes.
    localStorage: { setItem: (key, value) => localStorage.setItem(key, value) },
    init() {
      const tab = this.$el.dataset.tab;
      this.activeTab = tab ? getCurrentTab() || tab : "";
      this.$watch(SIDEBAR, (open) => localStorage.setItem(SIDEBAR, open ? "1" : "0"));
    },
  };
}

document.addEventListener("alpine:init", () => {
  // Unfold listens to select2 by jQuery, in an expression that needs eval. A plain select does with x-model alone.
  for (const select of document.querySelectorAll("select[x-init*='django.jQuery']")) select.removeAttribute("x-init");
  Alpine.data("frame", frame);
  Alpine.data("theme", theme);
  Alpine.data("searchForm", searchForm);
  Alpine.data("searchDropdown", searchDropdown);
});
