// The applicant's PC.

import { get, lastCode, post, seen } from "/world/page/api.js";
import { $, busy, el, news } from "/world/page/dom.js";

let screen = { text: "", running: false };
let filled = ""; // the activation code that was filled in last

export async function refreshPC() {
  screen = await get("/world/pc/screen");
  const pre = $("pc-screen");
  if (pre.textContent !== screen.text) {
    if (pre.textContent) news("pc");
    pre.textContent = screen.text;
    pre.scrollTop = pre.scrollHeight;
  }
  $("pc-missing").replaceChildren(...screen.missing.map((words) => el("p", {}, words)));
  $("pc-missing").hidden = screen.missing.length === 0;
  $("pc-insert").textContent = screen.model ? "拔出" : "插入";
  $("pc-model").disabled = Boolean(screen.model);
  $("pc-stop").hidden = !screen.running;
  $("pc-type").hidden = !screen.running;
  $("pc-run").querySelector("button").disabled = screen.running;
  $("pc-state").textContent = state();
  drawOffers();
}

function state() {
  if (screen.running) return "证书工具正在运行";
  if (screen.exit === 0) return "证书工具已完成";
  if (screen.exit != null) return `证书工具已停止（退出码 ${screen.exit}）`;
  return screen.model ? `已插入 UKey，序列号 ${screen.serial}` : "还没有插入 UKey";
}

// What the tool asks for last, and what could be answered.
const questions = [
  [/新密码/, () => [["不修改", ""], ["K7-key-2026", "K7-key-2026"]]],
  [/授权码：$/, () => (lastCode() ? [[`短信 ${lastCode()}`, lastCode()]] : [])],
  [/Ukey 密码（[^）]*）：$/i, () => [["111111", "111111"]]],
  [/\[y\/N\]\s*$/, () => [["是，正确", "y"], ["不是", "n"]]],
];

export function drawOffers() {
  const last = screen.text.trimEnd().split("\n").at(-1) || "";
  const answers = screen.running ? questions.find(([asked]) => asked.test(last))?.[1]() || [] : [];
  $("pc-offers").replaceChildren(...answers.map(([label, line]) =>
    el("button", { type: "button", class: "solid small", onclick: (e) => busy(e.currentTarget, () => post("/world/pc/type", { line })) }, label)));
}

// prefillPC writes the chat's activation code into the form.
export function prefillPC() {
  const code = seen(/激活码[：:]\s*([A-Z0-9]{4}-[A-Z0-9]{4})/);
  if (!code || code === filled) return;
  filled = code;
  $("pc-run").elements.code.value = code;
  news("pc");
}

export function startPC() {
  $("pc-insert").addEventListener("click", (e) => busy(e.currentTarget, () =>
    (screen.model ? post("/world/pc/remove") : post("/world/pc/insert", { model: $("pc-model").value }))));
  $("pc-run").addEventListener("submit", (e) => {
    e.preventDefault();
    busy(e.submitter, () => post("/world/pc/run", { code: e.target.elements.code.value.trim() }));
  });
  $("pc-type").addEventListener("submit", (e) => {
    e.preventDefault();
    const box = e.target.elements.line;
    busy(e.submitter, async () => { await post("/world/pc/type", { line: box.value }); box.value = ""; });
  });
  $("pc-stop").addEventListener("click", (e) => busy(e.currentTarget, () => post("/world/pc/stop")));
}

