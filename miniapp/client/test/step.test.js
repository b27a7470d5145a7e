const test = require('node:test');
const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { open, tap, input } = require('./stub');
const logic = require('../pages/step/logic');

// The views are what the service itself says in every step of its manual, by
// the step's name: "go test" writes them and names the file.
const views = JSON.parse(fs.readFileSync(process.env.CERTDESK_VIEWS, 'utf8'));
const view = (at, more) => Object.assign({}, views[at], more);
const signIn = () => [200, { token: 'token-1', expires_in: 43200 }];

async function seated(at, answers) {
  const world = open(Object.assign({ 'POST sign-in': signIn, 'GET step': () => [200, view(at)] }, answers));
  world.page.onShow();
  await world.page.begin();
  return world;
}

test('the first screen waits for a tap and then signs in once', async () => {
  const world = open({ 'POST sign-in': signIn, 'GET step': () => [200, view('welcome')] });
  world.page.onShow();
  assert.equal(world.calls.length, 0);
  await world.page.begin();
  assert.deepEqual(world.calls.map((c) => c.name), ['sign-in', 'step']);
  assert.deepEqual(world.calls[0].body, { auth_code: 'code-1', scene: 'project-3' });
  assert.equal(world.calls[1].headers.Authorization, 'Bearer token-1');
  assert.equal(world.page.data.view.at, 'welcome');
});

test('who has a seat sees the step at once', async () => {
  const first = await seated('welcome');
  const kept = first.storage;
  const world = open({ 'GET step': () => [200, view('welcome')] });
  world.storage = Object.assign(world.storage, kept);
  world.app.scene = '';
  world.page.onShow();
  await new Promise(setImmediate);
  assert.equal(world.codes, 0);
  assert.equal(world.page.data.view.at, 'welcome');
});

test('a code is handed over by a sign-in, once, also by who has a seat', async () => {
  const first = await seated('welcome');
  assert.equal(first.app.scene, '');
  first.page.onHide();
  first.app.scene = 'join.BCDFGHJK';
  first.page.onShow();
  assert.equal(first.page.data.signedOut, true);
  assert.equal(first.calls.filter((c) => c.name === 'sign-in').length, 1);
  await first.page.begin();
  assert.deepEqual(first.calls.filter((c) => c.name === 'sign-in')[1].body, { auth_code: 'code-2', scene: 'join.BCDFGHJK' });
  first.page.onHide();
  first.page.onShow();
  assert.equal(first.page.data.signedOut, false);
});

test('a code that is not taken is handed over again', async () => {
  const world = open({ 'POST sign-in': () => null });
  world.page.onShow();
  await world.page.begin();
  assert.equal(world.app.scene, 'project-3');
  assert.match(world.page.data.trouble, /再试/);
});

test('a code for WeChat is shown and saved', async () => {
  const qr = { content: 'http://weixin.qq.com/q/02abc', caption: '在另一处接着办', picture: 'https://mp.example/showqrcode?ticket=1' };
  const world = await seated('elsewhere.code', { 'GET step': () => [200, view('elsewhere.code', { qr })] });
  assert.deepEqual(world.page.data.view.qr, qr);
  world.page.save({ currentTarget: { dataset: { url: qr.picture } }, detail: {} });
  assert.equal(world.saved, qr.picture);
  world.shut = true;
  world.page.save({ currentTarget: { dataset: { url: qr.picture } }, detail: {} });
  assert.match(world.page.data.trouble, /截屏/);
});

test('a seat that is over is renewed once, without a word', async () => {
  let refused = 0;
  const world = await seated('welcome', {
    'POST answer': () => (refused++ === 0 ? [401, { why: '登录已过期' }] : [200, view('register.notice')]),
  });
  await world.page.choose(tap({ id: '12345678' }));
  assert.equal(world.codes, 2);
  assert.equal(world.page.data.view.at, 'register.notice');
  assert.equal(world.page.data.trouble, '');
});

test('an answer carries the nonce of its view, also when it is sent again', async () => {
  let lost = true;
  const world = await seated('welcome', {
    'POST answer': () => (lost ? null : [200, view('register.notice')]),
  });
  await world.page.choose(tap({ id: '12345678' }));
  assert.match(world.page.data.trouble, /还在/);
  lost = false;
  await world.page.choose(tap({ id: '12345678' }));
  const sent = world.calls.filter((c) => c.name === 'answer').map((c) => c.body);
  assert.equal(sent.length, 2);
  assert.deepEqual(sent[0], { nonce: view('welcome').nonce, choice: '12345678' });
  assert.equal(sent[0].nonce, sent[1].nonce);
});

test('a double tap is one answer', async () => {
  const world = await seated('welcome', { 'POST answer': () => [200, view('register.notice')] });
  await Promise.all([world.page.choose(tap({ id: '1' })), world.page.choose(tap({ id: '1' }))]);
  assert.equal(world.calls.filter((c) => c.name === 'answer').length, 1);
});

test('what was typed stays on a refusal, and goes when the step is over', async () => {
  let refuse = true;
  const world = await seated('register.account', {
    'POST answer': () =>
      refuse
        ? [200, view('register.account', { nonce: 'nonce-02', refusals: { mobile: '手机号码应为11位数字。' } })]
        : [200, view('register.person')],
  });
  const page = world.page;
  page.type(input('login', 'wang@example.com'));
  page.type(input('mobile', '138'));
  await page.submit();
  const mobile = page.data.view.fields.filter((f) => f.key === 'mobile')[0];
  assert.equal(mobile.why, '手机号码应为11位数字。');
  assert.equal(mobile.typed, '138');
  refuse = false;
  page.type(input('mobile', '13800138000'));
  await page.submit();
  const sent = world.calls.filter((c) => c.name === 'answer').map((c) => c.body);
  assert.deepEqual(sent[1].values, { login: 'wang@example.com', mobile: '13800138000' });
  assert.deepEqual(page.data.typed, {});
  assert.equal(JSON.stringify(world.storage).includes('138'), false);
});

test('a fixed field is shown and not sent', async () => {
  const world = await seated('service.invoice', { 'POST answer': () => [200, view('service.delivery')] });
  world.page.type(input('title', '别的单位'));
  world.page.type(input('tax', '91330106MA0000015K'));
  await world.page.submit();
  assert.deepEqual(world.calls.pop().body.values, { tax: '91330106MA0000015K' });
});

test('the number that Alipay knows is proposed, and may be changed', async () => {
  const page = view('register.account').page;
  const withNumber = Object.assign({}, page, { fields: page.fields.map((f) => (f.key === 'mobile' ? Object.assign({}, f, { known: true, value: '13912345678' }) : f)) });
  const world = await seated('register.account', {
    'POST phone': () => [200, view('register.account', { page: withNumber, nonce: 'nonce-02' })],
    'POST answer': () => [200, view('register.person')],
  });
  const mobile = () => world.page.data.view.fields.filter((f) => f.key === 'mobile')[0];
  world.page.type(input('mobile', '138'));
  await world.page.known(tap({ key: 'mobile' }));
  await new Promise(setImmediate);
  assert.deepEqual(world.calls.pop().body, { nonce: view('register.account').nonce, response: '{"response":"sealed","sign":"s"}' });
  assert.equal(mobile().typed, '13912345678');
  world.page.type(input('login', 'wang@example.com'));
  assert.deepEqual(logic.values(world.page.data.view.page, world.page.data.typed), { login: 'wang@example.com', mobile: '13912345678' });
  world.page.type(input('mobile', ''));
  assert.deepEqual(logic.values(world.page.data.view.page, world.page.data.typed), { login: 'wang@example.com' });
  assert.equal(JSON.stringify(world.storage).includes('139'), false);
});

test('who does not let Alipay tell the number types it', async () => {
  const world = await seated('register.account');
  world.untold = true;
  world.page.known(tap({ key: 'mobile' }));
  assert.match(world.page.data.trouble, /直接填写/);
  assert.equal(world.calls.pop().name, 'step');
});

test('a province is picked from the list', async () => {
  const world = await seated('service.delivery');
  world.page.pick(input('prov', 1));
  assert.equal(world.page.data.typed.prov, view('service.delivery').page.provinces[1]);
  assert.equal(world.page.data.view.fields.filter((f) => f.key === 'prov')[0].typed, world.page.data.typed.prov);
});

test('a document is read before its box is ticked', async () => {
  const world = await seated('register.person');
  world.page.read(tap({ key: 'terms' }));
  assert.ok(world.page.data.document.text.length > 50);
  world.page.close();
  world.page.tick(input('terms', true));
  assert.equal(world.page.data.typed.terms, 'on');
});

test('paying hands the trade to Alipay and asks the service for the truth', async () => {
  const world = await seated('payment.pay', { 'POST answer': () => [200, view('payment.pay')] });
  await world.page.pay();
  await new Promise(setImmediate);
  assert.equal(world.paid, view('payment.pay').pay.trade_no);
  assert.equal(world.calls.pop().body.text, '我已付款');
});

test('a cancelled payment is no answer', async () => {
  const world = await seated('payment.pay');
  world.trade = '6001';
  await world.page.pay();
  assert.match(world.page.data.trouble, /取消/);
  assert.equal(world.calls.pop().name, 'step');
});

test('the camera gets what the service signed', async () => {
  const world = await seated('person.scan', {
    'GET face': () => [200, { certify_id: 'certify-7', certify_url: 'https://openapi.example/x' }],
    'POST answer': () => [200, view('person.scan')],
  });
  await world.page.face();
  await new Promise(setImmediate);
  assert.deepEqual(world.called, [
    'startBizService',
    { name: 'open-certify', param: JSON.stringify({ certifyId: 'certify-7', url: 'https://openapi.example/x' }) },
  ]);
  assert.equal(world.calls.pop().body.text, '我已完成认证');
});

// The newer product has a page instead of a certify_url.
test('a camera that is a page is opened in Alipay', async () => {
  const world = await seated('person.scan', {
    'GET face': () => [200, { certify_id: '', certify_url: '', page_url: 'https://face.example/?a=1&b=2' }],
  });
  await world.page.face();
  assert.equal(world.called, undefined);
  const app = new URL(new URL(world.opened).searchParams.get('scheme'));
  assert.equal(new URL(world.opened).host, 'ds.alipay.com');
  assert.equal(app.searchParams.get('url'), 'https://face.example/?a=1&b=2');
  assert.equal(world.page.data.busy, false);
});

test('what cannot be opened can be copied', async () => {
  const world = await seated('company.grant');
  world.shut = true;
  world.page.open(tap({ text: 'https://desk.example/h5/g/1' }));
  assert.match(world.page.data.trouble, /复制链接/);
});

test('a step that waits is looked at again, more and more seldom', async () => {
  let at = 'payment.ordering';
  const world = await seated(at, { 'GET step': () => [200, view(at)] });
  const first = world.timers[world.timers.length - 1].ms;
  await world.ring();
  const second = world.timers[world.timers.length - 1].ms;
  assert.ok(first >= 1000 && second > first, first + ' ms, then ' + second);
  at = 'payment.pay';
  await world.ring();
  assert.equal(world.page.data.view.at, 'payment.pay');
  assert.equal(logic.pause(view(at), 1000), 15);
});

test('nothing is asked while the page is hidden, or when all is done', async () => {
  const world = await seated('payment.ordering');
  world.page.onHide();
  assert.equal(world.timers.filter(Boolean).length, 0);
  assert.equal(logic.pause(view('done'), 0), 0);
});

test('a look that fails does not disturb what is being typed', async () => {
  let down = false;
  const world = await seated('register.account', { 'GET step': () => (down ? null : [200, view('register.account')]) });
  world.page.type(input('login', 'wang@example.com'));
  down = true;
  await world.ring();
  assert.equal(world.page.data.trouble, '');
  assert.equal(world.page.data.typed.login, 'wang@example.com');
  assert.ok(world.timers.length > 0);
});

test('text is kept until it has arrived', async () => {
  let lost = true;
  const world = await seated('welcome', { 'POST answer': () => (lost ? null : [200, view('welcome', { said: ['不客气。'] })]) });
  world.page.hear({ detail: { value: '请问多少钱' } });
  await world.page.say();
  assert.equal(world.page.data.saying, '请问多少钱');
  lost = false;
  await world.page.say();
  assert.equal(world.page.data.saying, '');
  assert.deepEqual(world.page.data.view.said, ['不客气。']);
  await world.ring();
  assert.deepEqual(world.page.data.view.said, ['不客气。'], 'an answer stays while the step does');
});

test('every step of the manual can be shown', () => {
  const known = ['text', 'tel', 'number', 'password', 'agree', 'fixed', 'province'];
  Object.keys(views).forEach((at) => {
    const out = logic.shown({ typed: {} }, views[at]);
    assert.equal(out.view.at, views[at].at);
    out.view.fields.forEach((f) => assert.ok(known.includes(f.input), at + ': ' + f.input));
  });
  assert.ok(Object.keys(views).length > 25);
});

test('the drawing is whole: tags are closed, and every handler exists', async () => {
  const { page } = await seated('welcome');
  const axml = fs.readFileSync(path.join(__dirname, '../pages/step/step.axml'), 'utf8');
  const openTags = [];
  for (const [, close, name, , alone] of axml.matchAll(/<(\/?)([a-z-]+)((?:"[^"]*"|[^">])*?)(\/?)>/g)) {
    if (close) {
      assert.equal(openTags.pop(), name);
    } else if (!alone) {
      openTags.push(name);
    }
  }
  assert.deepEqual(openTags, []);
  for (const [, handler] of axml.matchAll(/ on[A-Z][A-Za-z]*="([^"]+)"/g)) {
    assert.equal(typeof page[handler], 'function', handler);
  }
});

test('what is to be passed on is copied', async () => {
  const card = { title: '给财务的页面（不用登录，可以转发）', url: 'https://desk.example/f/1' };
  const world = await seated('company.transfer', { 'GET step': () => [200, view('company.transfer', { card })] });
  assert.deepEqual(world.page.data.view.card, card);
  world.page.copy(tap({ text: card.url }));
  assert.equal(world.copied, card.url);
});
