// Small pieces that every part of the page uses.

export const $ = (id) => document.getElementById(id);

// el makes an element. Text is always text: nothing here writes HTML.
export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value === true) node.setAttribute(name, "");
    else if (value !== false && value != null) node.setAttribute(name, value);
  }
  node.append(...children.filter((child) => child != null));
  return node;
}

let fading;

// toast says something briefly.
export function toast(words) {
  const node = $("toast");
  node.textContent = words;
  node.hidden = false;
  clearTimeout(fading);
  fading = setTimeout(() => { node.hidden = true; }, 2600);
}

// copy puts text on the clipboard, or selects it where that is not allowed.
export async function copy(text, label) {
  try {
    await navigator.clipboard.writeText(text);
    toast(`已复制${label}`);
  } catch {
    toast(`不能自动复制，请手动输入：${text}`);
  }
}

const clock = new Intl.DateTimeFormat("zh-CN", { timeZone: "Asia/Shanghai", hour: "2-digit", minute: "2-digit" });

export const time = (at) => clock.format(new Date(at));

// show goes to a place: on a narrow screen only one is to be seen.
export function show(place) {
  document.body.dataset.place = place;
  for (const tab of document.querySelectorAll(".tabs button")) {
    if (tab.dataset.place === place) {
      tab.setAttribute("aria-current", "true");
      tab.classList.remove("news");
    } else {
      tab.removeAttribute("aria-current");
    }
  }
}

// news marks the tab of a place that has changed and is not being looked at.
export function news(place) {
  if (document.body.dataset.place !== place) {
    document.querySelector(`.tabs [data-place=${place}]`)?.classList.add("news");
  }
}

// busy runs a deed with its button off, and tells what went wrong.
export async function busy(button, deed) {
  if (button?.disabled) return;
  if (button) button.disabled = true;
  try {
    await deed();
  } catch (problem) {
    toast(problem.message);
  } finally {
    if (button) button.disabled = false;
  }
}
