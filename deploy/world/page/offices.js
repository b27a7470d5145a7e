// Bank, courier, SMS, certificate authority, and the example data.

import { city, get, post, seen } from "/world/page/api.js";
import { $, busy, copy, el, news, time } from "/world/page/dom.js";

const nothing = (words) => el("p", { class: "empty" }, words);

const yuan = (fen) => (fen / 100).toFixed(2);

export async function refreshSMS() {
  city.texts = await get("/world/sms");
  const phones = Object.keys(city.texts).sort((a, b) => (b === city.me.mobile) - (a === city.me.mobile));
  const nodes = phones.map((phone) => el("article", {},
    el("h3", {}, phone, el("small", {}, city.people.find((p) => p.mobile === phone)?.name || "")),
    ...[...city.texts[phone]].reverse().map(message)));
  $("sms-list").replaceChildren(...(nodes.length ? nodes : [nothing("还没有短信。")]));
  if (nodes.length) news("sms");
}

function message(m) {
  return el("div", { class: m.call ? "text call" : "text" }, m.call ? el("strong", {}, "来电，接听后念：") : null, el("p", {}, m.text),
    el("div", { class: "row" }, el("small", { class: "grow" }, time(m.at)),
      m.code ? el("button", { type: "button", class: "plain small", draggable: "true", ondragstart: drag(m.code), onclick: () => copy(m.code, "验证码") }, `复制 ${m.code}`) : null));
}

const drag = (value) => (e) => e.dataTransfer.setData("text/plain", value);

const stages = [["50", "揽收"], ["31", "运输"], ["44", "派送"], ["80", "签收"]];

export async function refreshCourier() {
  const orders = (await get("/world/courier/orders")) || [];
  const nodes = orders.reverse().map(parcel);
  $("courier-list").replaceChildren(...(nodes.length ? nodes : [nothing("还没有包裹。付款后这里会出现。")]));
  if (nodes.length) news("courier");
}

function parcel(order) {
  const codes = (order.routes || []).map((r) => r.code);
  const signed = codes.includes("80");
  return el("article", {},
    el("h3", {}, order.waybill || "无法派送", el("small", {}, `${order.province} ${order.city}`)),
    el("ol", { class: "stages" }, ...stages.map(([code, name]) => el("li", { class: codes.includes(code) ? "done" : "" }, name))),
    order.routes?.length ? el("p", { class: "quiet" }, order.routes.at(-1).remark) : null,
    signed || !order.waybill ? null : el("div", { class: "row" },
      el("button", { type: "button", class: "solid small", onclick: (e) => busy(e.currentTarget, () => post("/world/courier/advance", { order: order.number })) }, "往前走一步"),
      el("button", {
        type: "button", class: "plain small",
        onclick: (e) => busy(e.currentTarget, () => post("/world/courier/mark", { order: order.number, code: "70", remark: "收件人不在家，派送不成功" })),
      }, "派送不成功")));
}

let shown = ""; // the account of the chat that was filled in last

// prefillBank writes what the chat asks for into the form, once for each account.
export function prefillBank() {
  const account = seen(/收款账号[：:]\s*([0-9 ]{8,40})/).replaceAll(" ", "");
  if (!account || account === shown) return;
  shown = account;
  const form = $("bank-form").elements;
  form.account.value = account;
  form.amount.value = seen(/汇款\s*([0-9.]+)\s*元/) || "0.01";
  form.payer.value = city.me.company.account;
  news("bank");
}

export async function refreshBank() {
  const [books, arrivals] = [await get("/world/bank/accounts"), await get("/world/bank/arrivals")];
  const names = Object.fromEntries(books.accounts.map((a) => [a.number, a.name]));
  const payer = $("bank-form").elements.payer;
  const chosen = payer.value || city.me.company.account;
  payer.replaceChildren(...books.accounts.map((a) => el("option", { value: a.number }, `${a.name}（余额 ${yuan(a.balance)}）`)));
  payer.value = chosen;
  const lines = (books.lines || []).slice(-8).reverse().map((l) => el("p", { class: "ledger" },
    el("span", { class: "grow" }, names[l.payer] || l.payer), el("strong", {}, yuan(l.amount)), el("small", {}, time(l.at))));
  const came = arrivals.filter((a) => a.status === "SUCCESS").slice(-4).reverse().map((a) => el("p", { class: "ledger" },
    el("span", { class: "grow" }, `${a.payee}（尾号 ${a.account.slice(-4)}）收到账户验证款`), el("strong", {}, `${a.amount} 元`)));
  $("bank-lines").replaceChildren(...came, ...lines);
}

export async function refreshCA() {
  const all = (await get("/world/ca/certificates")).reverse();
  const nodes = all.map((c) => el("article", {},
    el("h3", {}, c.label === "sign" ? "签名证书" : "加密证书", el("small", {}, time(c.at))),
    el("p", { class: "quiet" }, c.subject),
    el("p", { class: "serial" }, `序列号 ${c.serial}`)));
  $("ca-list").replaceChildren(...(nodes.length ? nodes : [nothing("还没有签发证书。")]));
  if (nodes.length) news("ca");
}

// drawExamples offers what the person would know by heart or have on paper.
export function drawExamples() {
  const me = city.me;
  const groups = [
    ["个人", [["姓名", me.name], ["身份证号", me.id_number], ["手机号", me.mobile], ["登录名", me.login], ["密码", me.password]]],
    ["单位", [["单位名称", me.company.name], ["信用代码", me.company.code], ["开户行", me.company.bank], ["对公账号", me.company.account], ["地址", me.company.address], ["电话", me.company.telephone]]],
    ["收货", [["省份", me.address.province], ["城市", me.address.city], ["区县", me.address.district], ["街道门牌", me.address.street]]],
  ];
  for (const box of document.querySelectorAll(".examples")) {
    box.replaceChildren(...groups.map(([name, values]) => el("div", { class: "group" }, el("h3", {}, name), ...values.map(example))));
  }
}

function example([label, value]) {
  return el("button", {
    type: "button", class: "example", draggable: "true", title: `复制${label}`,
    ondragstart: drag(value), onclick: () => copy(value, label),
  }, el("small", {}, label), el("span", {}, value));
}

export function startOffices() {
  $("bank-form").addEventListener("submit", (e) => {
    e.preventDefault();
    const f = e.target.elements;
    busy(e.submitter, async () => {
      const order = { payer: f.payer.value, account: f.account.value.replaceAll(" ", ""), amount: f.amount.value.trim(), remark: "" };
      try {
        const { ref } = await post("/world/bank/transfer", order);
        $("bank-note").textContent = `已转账 ${order.amount} 元，回单号 ${ref}`;
      } catch (problem) {
        $("bank-note").textContent = problem.message;
      }
      $("bank-note").scrollIntoView({ block: "nearest" });
    });
  });
}
