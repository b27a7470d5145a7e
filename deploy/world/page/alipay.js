// The telephone with Alipay.

import { city, post, said } from "/world/page/api.js";
import { $, busy, el } from "/world/page/dom.js";
import { openApp } from "/world/page/miniapp.js";
import { close, isOpen, open } from "/world/page/overlay.js";

const user = () => $("alipay-user").value;

const note = (words) => { $("alipay-note").textContent = words; };

// onTheScreen is what the camera could see of the WeChat telephone: the page
// that is open, then pictures of the newest messages.
function onTheScreen() {
  const pictures = said().slice(0, 6).filter((item) => item.image_url).map((item) => ({ at: item.image_url }));
  return [...(isOpen("wechat-page") ? [{ screen: true }] : []), ...pictures].slice(0, 4);
}

// lookAt scans the first spot that has a code Alipay can open.
export async function lookAt(spots) {
  home();
  let why = "微信手机的屏幕上没有二维码，请先点开聊天里的页面。";
  for (const spot of spots) {
    try {
      await begin(spot.screen ? await post("/h5/screen", { user: user() }) : await post("/world/alipay/look", { user: user(), at: spot.at }));
      return;
    } catch (problem) {
      why = problem.message;
    }
  }
  note(why);
}

// begin shows what a scan led to.
export async function begin(opened) {
  if (opened.kind === "app") {
    await openApp(opened.query);
    return;
  }
  const task = $("alipay-task");
  $("alipay-home").hidden = true;
  task.hidden = false;
  note("");
  switch (opened.kind) {
    case "face": task.replaceChildren(...face(opened)); break;
    case "pay": task.replaceChildren(...pay(opened)); break;
    case "web": task.replaceChildren(...web(opened)); break;
    default: task.replaceChildren(...login(opened));
  }
  task.querySelector("button").focus();
}

const again = () => el("button", { type: "button", class: "plain", onclick: home }, "返回首页");

function face(opened) {
  const finish = (outcome, words, good) => (e) => busy(e.currentTarget, async () => {
    await post("/world/alipay/face", { id: opened.id, outcome });
    finished(words, good, opened.url);
  });
  return [
    el("h3", {}, "身份验证"),
    el("div", { class: "camera", "aria-hidden": "true" }),
    el("p", {}, "请正对手机，确保光线充足"),
    el("button", { type: "button", class: "solid blue", onclick: finish("pass", "刷脸通过", true) }, "本人刷脸"),
    el("div", { class: "row" },
      el("button", { type: "button", class: "plain", onclick: finish("fail", "刷脸没有通过：光线太暗", false) }, "光线太暗"),
      el("button", { type: "button", class: "plain", onclick: finish("other-person", "刷脸没有通过：不是本人", false) }, "别人来刷")),
    again(),
  ];
}

function pay(opened) {
  return [
    el("h3", {}, "付款"),
    el("p", { class: "sum" }, el("small", {}, "¥"), opened.amount),
    el("p", {}, opened.title),
    el("button", {
      type: "button", class: "solid blue",
      onclick: (e) => busy(e.currentTarget, async () => {
        await post("/world/alipay/pay", { id: opened.id });
        finished(`已付款 ${opened.amount} 元`, true);
      }),
    }, "确认付款"),
    again(),
  ];
}

function web(opened) {
  return [
    el("h3", {}, "网页"),
    el("p", {}, opened.title),
    el("button", { type: "button", class: "solid blue", onclick: () => open("alipay-page", opened.url) }, "打开网页"),
    again(),
  ];
}

function login(opened) {
  const page = opened.url?.startsWith(`${city.service}/`);
  return [
    el("h3", {}, opened.title || "登录"),
    el("p", {}, "已同意登录。"),
    page ? el("button", { type: "button", class: "solid blue", onclick: () => open("alipay-page", opened.url) }, "打开网页") : null,
    again(),
  ].filter(Boolean);
}

function finished(words, good, back) {
  const task = $("alipay-task");
  const nodes = [
    el("div", { class: `outcome ${good ? "good" : "bad"}`, "aria-hidden": "true" }, good ? "✓" : "!"),
    el("h3", { role: "status" }, words),
    el("p", {}, good ? "请回到微信，会自动继续。" : "可以回到微信重新获取二维码。"),
    el("button", { type: "button", class: "solid blue", onclick: home }, "完成"),
  ];
  if (back?.startsWith(`${city.service}/`)) {
    nodes.push(el("button", { type: "button", class: "plain", onclick: () => open("alipay-page", back) }, "返回商家网页"));
  }
  task.replaceChildren(...nodes);
}

export function home() {
  close("alipay-app");
  $("alipay-task").hidden = true;
  $("alipay-home").hidden = false;
  note("");
}

async function picked(file) {
  const reader = new FileReader();
  reader.addEventListener("load", () => lookAt([{ at: reader.result }]));
  reader.readAsDataURL(file);
}

export function startAlipay() {
  const holders = new Map(city.people.flatMap((p) => [[p.alipay, p.name], [p.company.alipay, p.company.name]]));
  $("alipay-user").replaceChildren(...[...holders].map(([id, name]) => el("option", { value: id }, name)));
  $("alipay-user").addEventListener("change", home);
  $("alipay-look").addEventListener("click", (e) => busy(e.currentTarget, () => lookAt(onTheScreen())));
  $("alipay-album").addEventListener("change", (e) => {
    if (e.target.files[0]) picked(e.target.files[0]);
    e.target.value = "";
  });
  $("alipay-scan").addEventListener("submit", (e) => {
    e.preventDefault();
    busy(e.submitter, async () => {
      try {
        await begin(await post("/world/alipay/scan", { user: user(), url: e.target.elements.url.value }));
        e.target.reset();
      } catch (problem) {
        note(problem.message);
      }
    });
  });
}
