// Keeps the open page of the agents' desk fresh: what is new arrives as HTML over
// one event stream, and forms are sent without loading the page again. Without
// this script every form and link works; one only has to reload to see news.
(() => {
  "use strict";
  const page = document.body.dataset;
  const at = (id) => document.getElementById(id);
  const key = "draft/" + page.me + "/" + page.talk;
  const title = document.title;

  const parse = (html) => {
    const t = document.createElement("template");
    t.innerHTML = html;
    return t.content;
  };

  // Drafts survive whatever is drawn anew, until they are sent or the agent leaves.
  const keep = (text) => (text ? sessionStorage.setItem(key, text) : sessionStorage.removeItem(key));
  const restore = () => {
    const area = at("draft");
    if (!area) return;
    area.placeholder = "回复客户。回车发送，Shift+回车换行";
    if (!area.value) area.value = sessionStorage.getItem(key) || "";
  };

  // Each element replaces the one with its id; one of the same version stays,
  // with the cursor in it.
  const swap = (html, always) => {
    for (const fresh of [...parse(html).children]) {
      const old = at(fresh.id);
      if (!old || (!always && fresh.dataset.version && fresh.dataset.version === old.dataset.version)) continue;
      const focused = old.contains(document.activeElement) && document.activeElement.id;
      old.replaceWith(fresh);
      if (focused && at(focused)) at(focused).focus();
    }
    restore();
    count();
  };

  const count = () => {
    const n = at("queue") && at("queue").dataset.waiting;
    document.title = n > 0 ? "(" + n + ") " + title : title;
  };

  const toEnd = () => {
    at("scroll").scrollTop = at("scroll").scrollHeight;
    at("more").hidden = true;
  };
  const append = (html) => {
    const box = at("scroll");
    const near = box.scrollHeight - box.scrollTop - box.clientHeight < 80;
    at("lines").append(parse(html));
    if (near) toEnd();
    else at("more").hidden = false;
  };

  const say = (words) => {
    at("notice").textContent = words;
    at("notice").hidden = !words;
  };

  // A stream that was refused for good is tried again, unless we are signed out.
  const listen = (address) => {
    const news = new EventSource(address);
    let mark = "";
    news.onopen = () => { at("live").textContent = "实时"; at("live").className = "live on"; };
    news.onerror = () => {
      at("live").textContent = "连接中断，正在重连…";
      at("live").className = "live off";
      if (news.readyState !== EventSource.CLOSED) return;
      setTimeout(async () => {
        const ask = await fetch(location.href, { redirect: "manual" }).catch(() => null);
        if (ask && ask.type === "opaqueredirect") return location.reload();
        const next = new URL(address, location.href);
        if (mark) next.searchParams.set("after", mark);
        listen(next);
      }, 3000);
    };
    news.addEventListener("swap", (e) => swap(e.data, false));
    news.addEventListener("lines", (e) => { mark = e.lastEventId; append(e.data); });
  };

  const send = async (form) => {
    const area = form.querySelector("textarea");
    const text = area ? area.value : "";
    const body = new URLSearchParams(new FormData(form));
    form.dataset.busy = "yes";
    if (area) { area.value = ""; keep(""); }
    const putBack = () => {
      const now = at("draft");
      keep(text + (now ? now.value : ""));
      if (now) now.value = text + now.value;
    };
    try {
      const got = await fetch(form.action, { method: "POST", body, headers: { "X-Desk": "live" } });
      if (!got.ok && text) putBack();
      if (got.redirected || got.status === 403) return location.reload();
      swap(await got.text(), true);
      if (at("draft")) at("draft").focus();
    } catch {
      if (text) putBack();
      say("网络不通，没有完成，请再试一次。");
    } finally {
      delete form.dataset.busy;
    }
  };

  document.addEventListener("submit", (e) => {
    if (e.target.matches("[data-leave]")) sessionStorage.clear();
    if (!e.target.matches("[data-live]")) return;
    e.preventDefault();
    if (!e.target.dataset.busy) send(e.target);
  });
  document.addEventListener("input", (e) => { if (e.target.id === "draft") keep(e.target.value); });
  document.addEventListener("keydown", (e) => {
    if (e.target.id !== "draft" || e.key !== "Enter" || e.shiftKey || e.isComposing) return;
    e.preventDefault();
    if (e.target.value.trim()) e.target.form.requestSubmit();
  });

  if (page.talk) {
    at("more").addEventListener("click", toEnd);
    restore();
    toEnd();
  }
  count();
  listen(page.stream);
})();
