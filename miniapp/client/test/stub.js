// A stand-in for Alipay's runtime, just large enough for one page: my, Page,
// App and getApp. It is strict: a call it does not know is a failure.

const path = require('node:path');

// open loads the page anew and returns it with everything that was asked of
// Alipay. answers maps "METHOD path" to a function of the body, which returns
// [status, data], or null when nobody answers.
function open(answers) {
  const world = { calls: [], kept: {}, storage: {}, timers: [], toasts: [], trade: '9000', biz: '9000', codes: 0 };
  world.my = {
    request(o) {
      const name = o.url.split('/miniapp/v1/')[1];
      const body = o.data ? JSON.parse(o.data) : undefined;
      world.calls.push({ name, method: o.method, headers: o.headers, body });
      const reply = answers[o.method + ' ' + name](body, world);
      Promise.resolve().then(() => {
        if (!reply) {
          o.fail({ error: 12 });
        } else if (reply[0] === 200) {
          o.success({ status: 200, data: reply[1] });
        } else {
          o.fail({ error: 19, status: reply[0], data: JSON.stringify(reply[1]) });
        }
      });
    },
    getAuthCode(o) {
      if (o.scopes !== 'auth_base') {
        throw new Error('asks for more than who it is');
      }
      world.codes += 1;
      o.success({ authCode: 'code-' + world.codes });
    },
    tradePay(o) {
      world.paid = o.tradeNO;
      o.success({ resultCode: world.trade });
    },
    getPhoneNumber(o) {
      if (world.untold) {
        o.fail({ error: 11 });
      } else {
        o.success({ response: '{"response":"sealed","sign":"s"}' });
      }
    },
    call(name, o, done) {
      world.called = [name, o];
      done({ resultStatus: world.biz });
    },
    getStorageSync: ({ key }) => ({ data: world.storage[key] || null }),
    setStorageSync: ({ key, data }) => { world.storage[key] = data; },
    removeStorageSync: ({ key }) => { delete world.storage[key]; },
    pageScrollTo() {},
    stopPullDownRefresh() {},
    ap: {
      openURL(o) {
        world.opened = o.url;
        if (world.shut) {
          o.fail({ error: 2 });
        }
      },
    },
    saveImage(o) {
      world.saved = o.url;
      if (world.shut) {
        o.fail({ error: 17 });
      } else {
        o.success();
      }
    },
    setClipboard(o) { world.copied = o.text; o.success(); },
    showToast(o) { world.toasts.push(o.content); },
    makePhoneCall(o) { world.rung = o.number; },
  };
  global.my = world.my;
  const app = { scene: 'project-3' };
  global.getApp = () => app;
  global.setTimeout = (run, ms) => world.timers.push({ run, ms });
  global.clearTimeout = (n) => { if (n) { world.timers[n - 1] = null; } };
  let page;
  global.Page = (definition) => { page = definition; };
  const file = path.join(__dirname, '../pages/step/step.js');
  Object.keys(require.cache).forEach((k) => delete require.cache[k]);
  require(file);
  page.setData = function setData(more) { Object.assign(this.data, more); };
  world.page = page;
  world.app = app;
  // ring lets the last clock run out.
  world.ring = () => {
    const due = world.timers.pop();
    world.timers.length = 0;
    return due.run();
  };
  return world;
}

// tap and input make the events that a component sends.
const tap = (dataset) => ({ currentTarget: { dataset }, detail: {} });
const input = (key, value) => ({ currentTarget: { dataset: { key } }, detail: { value } });

module.exports = { open, tap, input };
