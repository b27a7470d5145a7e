// The mini-program on the telephone with Alipay: it draws whatever step the
// service describes, as the real one does.

import { act, post } from "/world/page/api.js";
import { begin } from "/world/page/alipay.js";
import { $, busy, el, show } from "/world/page/dom.js";
import { close, isOpen, open } from "/world/page/overlay.js";

let token = "";
let view = null;
let timer = 0;

const user = () => $("alipay-user").value;

// openApp opens it with a query, as the code says that led here.
export async function openApp(query = "") {
  ({ token } = await post("/world/alipay/app/open", { user: user(), scene: new URLSearchParams(query).get("scene") || "" }));
  view = null;
  if (!isOpen("alipay-app")) open("alipay-app");
  await look();
}

async function look() {
  clearTimeout(timer);
  if (!isOpen("alipay-app")) return;
  try {
    await shown(await post("/world/alipay/app/look", { token }));
  } catch (problem) {
    trouble(problem.message);
  }
  later();
}

// shown draws what the service answers. Who has gone on with another case signs in
// again, which leads there.
async function shown(answer) {
  if (answer.signed_out) await openApp();
  else draw(answer);
}

function later() {
  clearTimeout(timer);
  if (view?.look_again) timer = setTimeout(look, Math.min(view.look_again, 3) * 1000);
}

const send = (answer) => async () => {
  clearTimeout(timer);
  try {
    await shown(await post("/world/alipay/app/answer", { token, answer: { nonce: view.nonce, ...answer } }));
  } finally {
    later();
  }
};

const trouble = (words) => { $("alipay-app-trouble").textContent = words; };

// draw shows a view. One that says what is shown already changes nothing: what is
// being typed stays.
function draw(fresh) {
  const same = view && view.stay === fresh.stay;
  const unchanged = same && JSON.stringify({ ...view, nonce: "" }) === JSON.stringify({ ...fresh, nonce: "" });
  const typed = same ? values() : {};
  view = fresh;
  if (unchanged) return;
  trouble("");
  $("alipay-app-fill").hidden = !view.page;
  $("alipay-app-view").replaceChildren(...[
    el("h3", {}, view.title),
    ...view.said.map((words) => el("p", { class: "text" }, words)),
    ...Object.values(view.refusals).map((words) => el("p", { class: "bad" }, words)),
    ...view.text.map((words) => el("p", {}, words)),
    view.qr?.picture ? forWeChat(view.qr) : null,
    view.pay ? el("p", { class: "sum" }, el("small", {}, "¥"), view.pay.total) : null,
    view.pay ? press("立即付款", () => pay(view.pay)) : null,
    view.face ? press("开始刷脸", face) : null,
    view.page ? form(view.page, typed) : null,
    view.page?.fields.some((f) => f.known) ? press("使用支付宝绑定的手机号", known) : null,
    ...view.choices.map((choice) => press(choice.label, send({ choice: choice.id }))),
  ].filter(Boolean));
}

const press = (label, deed) => el("button", { type: "button", class: "solid blue", onclick: (e) => busy(e.currentTarget, deed) }, label);

async function pay(trade) {
  await post("/world/alipay/pay", { id: trade.trade_no });
  await send({ text: "我已付款" })();
}

// known lets Alipay tell the number, and the service propose it.
async function known() {
  const { response } = await post("/world/alipay/phone", { user: user() });
  document.querySelector("#alipay-app-form [name=mobile]").value = "";
  await shown(await post("/world/alipay/app/phone", { token, phone: { nonce: view.nonce, response } }));
}

async function face() {
  const opened = await post("/world/alipay/app/face", { token, user: user() });
  close("alipay-app");
  begin(opened);
}

// forWeChat is a code on this screen, and the telephone with WeChat before it.
function forWeChat(qr) {
  return el("div", { class: "picture" },
    el("img", { src: `/world/code.png?of=${encodeURIComponent(qr.content)}`, alt: `二维码：${qr.caption}`, width: 168, height: 168 }),
    press("用微信扫这个码", async () => {
      await act("scan", { scene: qr.content });
      show("wechat");
    }));
}

function form(page, typed) {
  return el("form", { id: "alipay-app-form", class: "fields", onsubmit: (e) => { e.preventDefault(); busy(e.submitter, send({ page: page.name, values: values() })); } },
    ...page.fields.map((f) => field(f, page, typed[f.key] || f.value || "")),
    el("button", { class: "solid blue" }, page.submit));
}

function field(f, page, value) {
  if (f.input === "fixed") return el("p", {}, `${f.label}：${f.value || ""}`);
  if (f.input === "agree") return el("label", { class: "agree" }, el("input", { type: "checkbox", name: f.key, checked: value === "on" }), `${f.label}《${f.document?.title || ""}》`);
  if (f.input === "province") {
    return el("label", {}, f.label, el("select", { name: f.key }, el("option", { value: "" }, "请选择"),
      ...page.provinces.map((name) => el("option", { value: name, selected: name === value }, name))));
  }
  const kind = f.input === "password" ? "password" : "text";
  return el("label", {}, f.label, el("input", { name: f.key, type: kind, value, placeholder: f.hint, autocomplete: "off", maxlength: "200" }));
}

function values() {
  const out = {};
  for (const input of document.querySelectorAll("#alipay-app-form [name]")) {
    const value = input.type === "checkbox" ? (input.checked ? "on" : "") : input.value;
    if (value) out[input.name] = value;
  }
  return out;
}

export function startApp() {
  $("alipay-app-open").addEventListener("click", (e) => busy(e.currentTarget, () => openApp()));
  $("alipay-app-fill").addEventListener("click", (e) => busy(e.currentTarget, async () => {
    await shown(await post("/world/alipay/app/fill", { token, user: user(), nonce: view.nonce, page: view.page }));
    later();
  }));
  $("alipay-app-say").addEventListener("submit", (e) => {
    e.preventDefault();
    const box = e.target.elements.text;
    if (!box.value.trim()) return;
    busy(e.submitter, async () => { await send({ text: box.value })(); box.value = ""; });
  });
}
