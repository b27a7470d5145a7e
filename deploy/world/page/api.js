// The control API, and what the page knows of the city.

export const city = {
  service: document.body.dataset.service,
  people: [],
  me: null,      // the person that is being played
  lines: [],     // of that person's chat, oldest first
  texts: {},     // SMS by telephone
};

async function ask(path, options) {
  let answer;
  try {
    answer = await fetch(path, options);
  } catch {
    throw new Error("连接不上演示城市，它还在运行吗？");
  }
  const body = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(body.error || `没有成功（${answer.status}）`);
  return body;
}

export const get = (path) => ask(path, { cache: "no-store" });

export const post = (path, question = {}) =>
  ask(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(question) });

// act is something that the person does with WeChat.
export const act = (deed, question) => post(`/world/wechat/${city.me.openid}/${deed}`, question);

// said is everything the account has said in the chat, newest first.
export const said = () => city.lines.filter((line) => line.item).map((line) => line.item).reverse();

// seen finds the newest message that says something.
export function seen(pattern) {
  for (const item of said()) {
    const match = pattern.exec(item.text);
    if (match) return match[1];
  }
  return "";
}

// lastCode is the code of the last SMS to the person.
export function lastCode() {
  const inbox = city.texts[city.me?.mobile] || [];
  return inbox.at(-1)?.code || "";
}
