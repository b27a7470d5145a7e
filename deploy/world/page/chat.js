// The telephone with WeChat.

import { act, city, get, post } from "/world/page/api.js";
import { $, busy, el, news, show, time, toast } from "/world/page/dom.js";
import { close, open, turn } from "/world/page/overlay.js";
import { lookAt } from "/world/page/alipay.js";

let drawnFor = "";
let drawn = 0;

export async function refreshChat() {
  const me = city.me.openid;
  const chat = await get(`/world/wechat/${me}/chat`);
  if (me !== city.me.openid) return; // somebody else is being played meanwhile
  city.lines = chat.lines;
  $("wechat-hello").hidden = chat.following;
  $("wechat-chat").hidden = !chat.following;
  document.querySelector("#wechat .composer").hidden = !chat.following;
  $("wechat-photo").hidden = $("wechat-unfollow").hidden = !chat.following;
  if (drawnFor !== me || drawn > chat.lines.length) {
    $("wechat-lines").replaceChildren();
    drawnFor = me;
    drawn = 0;
  }
  if (drawn === chat.lines.length) return;
  for (let i = drawn; i < chat.lines.length; i++) $("wechat-lines").append(...bubble(chat.lines[i], chat.lines[i - 1]));
  if (drawn > 0) news("wechat");
  drawn = chat.lines.length;
  $("wechat-chat").scrollTop = $("wechat-chat").scrollHeight;
}

const pause = 5 * 60 * 1000; // after which a telephone shows the time again

function bubble(line, before) {
  const nodes = [];
  if (!before || new Date(line.at) - new Date(before.at) > pause) nodes.push(el("p", { class: "when" }, time(line.at)));
  if (line.said?.kind === "note") nodes.push(el("p", { class: "when" }, line.said.text));
  else if (line.said) nodes.push(el("div", { class: "line mine" }, el("p", { class: "bubble" }, line.said.text)));
  else nodes.push(theirs(line.item));
  return nodes;
}

function theirs(item) {
  if (item.type === "fault") return el("p", { class: "when bad" }, item.text);
  const content = el("div", { class: `bubble ${item.via === "template" ? "template" : ""}` });
  if (item.image_url) {
    content.append(
      el("img", { src: item.image_url, alt: "二维码图片", width: 168, height: 168 }),
      el("button", { type: "button", class: "solid blue small", onclick: () => scanPicture(item.image_url) }, "用支付宝扫这个码"),
    );
    content.classList.add("picture");
  }
  content.append(...tappable(item));
  return el("div", { class: "line" }, el("img", { class: "face", src: "/world/page/mark.svg", alt: "", width: 36, height: 36 }), content);
}

function scanPicture(address) {
  show("alipay");
  lookAt([{ at: address }]);
}

// tappable cuts a text at what can be tapped. The message says which words are
// tappable but not where they stand; a menu stands at the end, so it is looked
// for from there.
function tappable(item) {
  const found = [];
  const after = []; // what the text has no words for stands under it, as a template's link does
  const mark = (all, make) => {
    let end = item.text.length;
    for (const one of [...all].reverse()) {
      const at = item.text.lastIndexOf(one.label, end - one.label.length);
      if (at < 0 || !one.label) {
        after.push("\n", make(one));
        continue;
      }
      found.push({ at, end: at + one.label.length, node: make(one) });
      end = at;
    }
  };
  mark(item.choices, (choice) =>
    el("button", { type: "button", class: "tap", onclick: (e) => busy(e.currentTarget, () => act("choose", { id: choice.id })) }, choice.label));
  mark(item.links || [], (link) =>
    el("button", { type: "button", class: link.label === link.url ? "tap" : "tap page", onclick: () => openPage(link) }, link.label));
  found.sort((a, b) => a.at - b.at);
  const parts = [];
  let done = 0;
  for (const { at, end, node } of found) {
    if (at < done) continue;
    parts.push(item.text.slice(done, at), node);
    done = end;
  }
  parts.push(item.text.slice(done), ...after);
  return parts;
}

function openPage(link) {
  if (!link.url.startsWith(`${city.service}/`)) {
    toast(`微信里打开了别的网站：${link.url}`);
    return;
  }
  open("wechat-page", link.url);
}

export async function refreshMenu() {
  const menu = await get("/world/wechat/menu");
  const buttons = (menu.button || []).map((top) => (top.sub_button?.length ? submenu(top) : leaf(top)));
  $("wechat-menu").replaceChildren(...buttons);
  $("wechat-menu").hidden = buttons.length === 0;
}

function leaf(button) {
  return el("button", {
    type: "button",
    onclick: (e) => (button.type === "view" ? openPage({ url: button.url, label: button.name }) : busy(e.currentTarget, () => act("click", { key: button.key }))),
  }, button.name);
}

function submenu(top) {
  return el("details", {}, el("summary", {}, top.name), el("div", { class: "submenu" }, ...top.sub_button.map(leaf)));
}

export function startChat() {
  $("wechat-follow").addEventListener("click", (e) => busy(e.currentTarget, () => act("follow", {})));
  $("wechat-follow-scene").addEventListener("click", (e) => busy(e.currentTarget, () => act("scan", { scene: "363" })));
  $("wechat-unfollow").addEventListener("click", (e) => busy(e.currentTarget, async () => { await act("unfollow"); sheet(false); close("wechat-page"); }));
  $("wechat-photo").addEventListener("click", (e) => busy(e.currentTarget, async () => {
    const { name, code } = city.me.company;
    await act("photo", { printed: `营业执照\n统一社会信用代码\n${code}\n名称 ${name}` });
    sheet(false);
  }));
  $("wechat-more").addEventListener("click", () => sheet($("wechat-actions").hidden));
  $("wechat-scan").addEventListener("submit", (e) => {
    e.preventDefault();
    busy(e.submitter, async () => { await act("scan", { scene: e.target.scene.value }); sheet(false); });
  });
  $("wechat-fill").addEventListener("click", (e) => busy(e.currentTarget, async () => {
    await post("/h5/fill", { person: city.me.openid });
    turn("wechat-page", `${city.service}/h5/now`);
  }));
  $("wechat-say").addEventListener("submit", (e) => {
    e.preventDefault();
    const box = e.target.elements.text;
    if (!box.value.trim()) return;
    busy(e.submitter, async () => { await act("say", { text: box.value }); box.value = ""; });
  });
  for (const chip of document.querySelectorAll("#wechat [data-say]")) {
    chip.addEventListener("click", () => busy(chip, () => act("say", { text: chip.dataset.say })));
  }
}

function sheet(shown) {
  $("wechat-actions").hidden = !shown;
  $("wechat-more").setAttribute("aria-expanded", String(shown));
}
