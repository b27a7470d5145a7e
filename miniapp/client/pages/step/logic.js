// What the page decides, without touching Alipay: so that it can be tried with
// Node alone.

const SLOWEST = 15; // seconds between two looks at a step that does not move

// shown merges a view into what the page shows. What was typed stays while the
// step is the same, so that a refusal costs nobody their words.
function shown(old, view) {
  const same = old.view && old.view.stay === view.stay;
  const typed = same ? old.typed : {};
  return {
    view: Object.assign({}, view, {
      said: view.said.length || !same ? view.said : old.view.said,
      fields: fields(view, typed),
      problems: problems(view),
    }),
    typed,
    trouble: '',
    busy: false,
    signedOut: false,
  };
}

// fields are the page's questions with everything the drawing needs.
function fields(view, typed) {
  if (!view.page) {
    return [];
  }
  return view.page.fields.map((f) =>
    Object.assign({}, f, {
      keyboard: keyboard(f),
      typed: written(f, typed),
      ticked: typed[f.key] === 'on',
      why: view.refusals[f.key] || '',
    })
  );
}

// written is what stands in a field: what was typed, also when that was to empty
// it, or else what is proposed.
function written(field, typed) {
  if (typed[field.key] !== undefined) {
    return typed[field.key];
  }
  return (field.input !== 'fixed' && field.value) || '';
}

// problems are the refusals that belong to no field on the page.
function problems(view) {
  const keys = view.page ? view.page.fields.map((f) => f.key) : [];
  return Object.keys(view.refusals)
    .filter((k) => keys.indexOf(k) < 0)
    .map((k) => view.refusals[k]);
}

// keyboard is the kind of keyboard that helps with a field. A number with its
// area code needs the dash.
function keyboard(field) {
  if (field.key === 'id') {
    return 'idcard';
  }
  if (field.input === 'number') {
    return 'number';
  }
  if (field.input === 'tel' && field.hint.indexOf('-') < 0) {
    return 'number';
  }
  return 'text';
}

// values is what a page sends in: only what it asks.
function values(page, typed) {
  const out = {};
  page.fields.forEach((f) => {
    if (f.input !== 'fixed' && written(f, typed)) {
      out[f.key] = written(f, typed);
    }
  });
  return out;
}

// pause is how many seconds to wait before looking again; 0 for not at all.
// A step that does not move is asked for more and more seldom.
function pause(view, looks) {
  if (!view || !view.look_again) {
    return 0;
  }
  return Math.min(Math.max(SLOWEST, view.look_again), view.look_again * Math.pow(1.2, looks));
}

// paid says what follows from the cashier's result. None of its codes is proof
// of a payment: the service asks Alipay itself.
function paid(code) {
  switch (String(code)) {
    case '6001':
      return { trouble: '您取消了付款。订单还在，可以随时再付。' };
    case '4000':
      return { trouble: '付款没有成功，没有扣款。请再点一次“立即付款”。' };
    case '4':
      return { trouble: '支付宝没有允许付款，请换一个支付宝账号，或说“人工”。' };
    default:
      return { say: '我已付款' };
  }
}

// seen says what follows from the camera's result.
function seen(status) {
  switch (String(status)) {
    case '6001':
      return { trouble: '您退出了刷脸。可以随时再点“开始刷脸”。' };
    case '6002':
      return { trouble: '网络不太好，刷脸没有完成，请再试一次。' };
    case '4000':
      return { trouble: '刷脸没有成功，请在光线好的地方由本人再试一次。' };
    default:
      return { say: '我已完成认证' };
  }
}

// inAlipay is the address that opens a page in Alipay's own browser. A
// mini-program may leave for it without asking Alipay's console first.
//
// Source: Alipay mini-program manual, my.ap.openURL.
function inAlipay(page) {
  const app = 'alipays://platformapi/startapp?appId=20000067&url=' + encodeURIComponent(page);
  return 'https://ds.alipay.com/?scheme=' + encodeURIComponent(app);
}

module.exports = { shown, values, pause, paid, seen, keyboard, inAlipay };
