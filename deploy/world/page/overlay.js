// Pages of the service inside a telephone.

import { $ } from "/world/page/dom.js";

let opener = null;

// open shows a page over the telephone and moves the focus there.
export function open(id, address) {
  const overlay = $(id);
  opener = document.activeElement;
  turn(id, address);
  overlay.hidden = false;
  overlay.querySelector("[data-close]").focus();
}

// turn shows another page in an open telephone. The frame is a new one each
// time: the old one's history is of no use to anybody.
export function turn(id, address) {
  const old = $(id).querySelector("iframe");
  if (!old) return; // it is no page
  const fresh = old.cloneNode();
  if (address) fresh.src = address;
  else fresh.removeAttribute("src");
  old.replaceWith(fresh);
}

export function close(id) {
  const overlay = $(id);
  if (overlay.hidden) return;
  overlay.hidden = true;
  turn(id, "");
  opener?.isConnected && opener.focus({ preventScroll: true }); // what has come meanwhile stays in sight
}

export const isOpen = (id) => !$(id).hidden;

export function startOverlays() {
  for (const overlay of document.querySelectorAll(".overlay")) {
    overlay.querySelector("[data-close]").addEventListener("click", () => close(overlay.id));
    overlay.addEventListener("keydown", (e) => { if (e.key === "Escape") close(overlay.id); });
    const toggle = overlay.querySelector("[data-examples]");
    toggle?.addEventListener("click", () => {
      const drawer = overlay.querySelector(".examples");
      drawer.hidden = !drawer.hidden;
      toggle.setAttribute("aria-expanded", String(!drawer.hidden));
    });
  }
}
