// The page as a whole: who is being played, and what has changed.

import { city, get } from "/world/page/api.js";
import { home, startAlipay } from "/world/page/alipay.js";
import { refreshChat, refreshMenu, startChat } from "/world/page/chat.js";
import { startApp } from "/world/page/miniapp.js";
import { $, el, show } from "/world/page/dom.js";
import { drawExamples, prefillBank, refreshBank, refreshCA, refreshCourier, refreshSMS, startOffices } from "/world/page/offices.js";
import { close, startOverlays } from "/world/page/overlay.js";
import { drawOffers, prefillPC, refreshPC, startPC } from "/world/page/pc.js";

const parts = {
  wechat: async () => { await refreshChat(); prefillBank(); prefillPC(); },
  menu: refreshMenu,
  sms: async () => { await refreshSMS(); drawOffers(); },
  courier: refreshCourier,
  bank: refreshBank,
  alipay: refreshBank, // which shows what Alipay sends
  ca: refreshCA,
  pc: refreshPC,
};

// follow draws each part that has changed, for as long as the page is open.
async function follow() {
  let tag = "";
  let known = {};
  for (;;) {
    try {
      const now = await get(`/world/events?after=${tag}`);
      const changed = Object.keys(parts).filter((name) => known[name] !== now.parts[name]);
      await Promise.all(changed.map((name) => parts[name]()));
      ({ tag } = now);
      known = now.parts;
      $("lost").hidden = true;
    } catch {
      $("lost").hidden = false;
      await new Promise((wake) => { setTimeout(wake, 1000); });
    }
  }
}

// become plays somebody else. The cookie tells WeChat's sign-in whose telephone
// this is.
function become(openid) {
  city.me = city.people.find((p) => p.openid === openid) || city.people[0];
  document.cookie = `wechat_person=${city.me.openid}; path=/; SameSite=Lax`;
  localStorage.setItem("person", city.me.openid);
  $("person").value = city.me.openid;
  $("alipay-user").value = city.me.alipay;
  close("wechat-page");
  home();
  drawExamples();
}

async function start() {
  city.people = await get("/world/people");
  $("person").replaceChildren(...city.people.map((p) => el("option", { value: p.openid }, p.name)));
  startOverlays();
  startChat();
  startAlipay();
  startApp();
  startOffices();
  startPC();
  become(localStorage.getItem("person"));
  $("person").addEventListener("change", (e) => {
    become(e.target.value);
    parts.wechat();
    parts.sms();
  });
  for (const tab of document.querySelectorAll(".tabs button")) tab.addEventListener("click", () => show(tab.dataset.place));
  show("wechat");
  follow();
}

start();
