// The only page: it draws the step that the service describes and sends back
// what the applicant does. It knows no step by name.

const api = require('../../lib/api');
const logic = require('./logic');

// opened is how the mini-program was opened.
const opened = () => /** @type {{scene: string}} */ (/** @type {unknown} */ (getApp()));

Page({
  data: {
    view: null,
    typed: {},
    saying: '',
    trouble: '',
    busy: false,
    signedOut: true,
    document: null,
    province: 0,
  },

  looks: 0, // at a step that has not moved
  timer: 0,
  visible: false,

  // A first visit begins with a button: Alipay allows no sign-in before the
  // applicant has done something. So does a visit by a code with a scene, which
  // is handed over with a sign-in, whoever has a seat already.
  onShow() {
    this.visible = true;
    if (this.data.signedOut || opened().scene) {
      this.setData({ signedOut: !api.seat(Date.now()) || !!opened().scene });
    }
    if (!this.data.signedOut) {
      this.look();
    }
  },

  onHide() {
    this.rest();
  },

  onUnload() {
    this.rest();
  },

  rest() {
    this.visible = false;
    clearTimeout(this.timer);
  },

  async onPullDownRefresh() {
    if (!this.data.signedOut) {
      await this.look();
    }
    my.stopPullDownRefresh();
  },

  begin() {
    return this.during(async () => {
      const app = opened();
      await api.signIn(app.scene);
      app.scene = '';
      return api.step();
    });
  },

  // look asks for the step. A look that finds nobody is not worth a message:
  // the next one comes by itself.
  async look() {
    clearTimeout(this.timer);
    if (this.data.busy) {
      return;
    }
    try {
      const view = await api.step();
      if (!this.data.busy) {
        this.show(view);
      }
    } catch (e) {
      if (!this.data.view) {
        this.setData({ trouble: e.why });
      }
      this.later();
    }
  },

  show(view) {
    const moved = !this.data.view || this.data.view.stay !== view.stay;
    this.looks = moved ? 0 : this.looks + 1;
    this.setData(logic.shown(this.data, view));
    if (moved) {
      this.setData({ document: null, province: 0 });
      my.pageScrollTo({ scrollTop: 0, duration: 0 });
    }
    this.later();
  },

  later() {
    clearTimeout(this.timer);
    const seconds = this.data.view ? logic.pause(this.data.view, this.looks) : 5;
    if (this.visible && seconds > 0) {
      this.timer = setTimeout(() => this.look(), seconds * 1000);
    }
  },

  // during does one thing at a time, so that a double tap is one tap.
  async during(what) {
    if (this.data.busy) {
      return;
    }
    clearTimeout(this.timer);
    this.setData({ busy: true, trouble: '' });
    try {
      const view = await what();
      this.looks = 0;
      this.show(view);
      return true;
    } catch (e) {
      this.setData({ busy: false, trouble: e.why || '出了点问题，请再试一次。' });
      this.later();
    }
  },

  send(answer) {
    const nonce = this.data.view.nonce;
    return this.during(() => api.answer(Object.assign({ nonce }, answer)));
  },

  choose(e) {
    return this.send({ choice: e.currentTarget.dataset.id });
  },

  word(e) {
    return this.send({ text: e.currentTarget.dataset.word });
  },

  hear(e) {
    this.setData({ saying: e.detail.value });
  },

  async say() {
    const text = this.data.saying.trim();
    if (text && (await this.send({ text }))) {
      this.setData({ saying: '' });
    }
  },

  // What is typed stays in memory: never in Alipay's storage.
  type(e) {
    this.data.typed[e.currentTarget.dataset.key] = e.detail.value;
  },

  tick(e) {
    this.data.typed[e.currentTarget.dataset.key] = e.detail.value ? 'on' : '';
  },

  pick(e) {
    const n = Number(e.detail.value);
    this.data.typed[e.currentTarget.dataset.key] = this.data.view.page.provinces[n];
    this.setData({ province: n, view: logic.shown(this.data, this.data.view).view });
  },

  submit() {
    const page = this.data.view.page;
    return this.send({ page: page.name, values: logic.values(page, this.data.typed) });
  },

  // known is called when the applicant has agreed at Alipay's own question. What
  // Alipay tells is sealed: the service opens it and proposes the number.
  known(e) {
    const key = e.currentTarget.dataset.key;
    const nonce = this.data.view.nonce;
    my.getPhoneNumber({
      success: (res) => {
        delete this.data.typed[key];
        return this.during(() => api.phone({ nonce, response: res.response }));
      },
      fail: () => this.unknown(),
    });
  },

  unknown() {
    this.setData({ trouble: '没有拿到支付宝绑定的手机号，请直接填写。' });
  },

  read(e) {
    const key = e.currentTarget.dataset.key;
    const field = this.data.view.page.fields.filter((f) => f.key === key)[0];
    this.setData({ document: field.document });
  },

  close() {
    this.setData({ document: null });
  },

  pay() {
    if (this.data.busy) {
      return;
    }
    my.tradePay({
      tradeNO: this.data.view.pay.trade_no,
      success: (res) => this.follow(logic.paid(res.resultCode)),
      fail: (res) => this.follow(logic.paid(res.error)),
    });
  },

  async face() {
    if (this.data.busy) {
      return;
    }
    this.setData({ busy: true, trouble: '' });
    try {
      const camera = await api.face();
      this.setData({ busy: false });
      if (camera.page_url) {
        this.leave(camera.page_url);
        return;
      }
      my.call(
        'startBizService',
        { name: 'open-certify', param: JSON.stringify({ certifyId: camera.certify_id, url: camera.certify_url }) },
        (res) => this.follow(logic.seen(res && res.resultStatus))
      );
    } catch (e) {
      this.setData({ busy: false, trouble: e.why || '打不开刷脸，请更新支付宝后再试。' });
    }
  },

  // follow goes on after the cashier or the camera. The result on the screen
  // proves nothing: the service is asked to look.
  follow(next) {
    if (next.trouble) {
      this.setData({ trouble: next.trouble });
      return;
    }
    return this.send({ text: next.say });
  },

  open(e) {
    this.leave(e.currentTarget.dataset.text);
  },

  // leave opens a page in Alipay's browser. Who comes back is shown how far it
  // is; where the page does not open, its address can still be passed on.
  leave(page) {
    my.ap.openURL({
      url: logic.inAlipay(page),
      fail: () => this.setData({ trouble: '这台手机打不开，请点“复制链接”，用另一台手机的支付宝打开。' }),
    });
  },

  // save puts a code where another app finds it.
  save(e) {
    my.saveImage({
      url: e.currentTarget.dataset.url,
      success: () => my.showToast({ type: 'success', content: '已保存' }),
      fail: () => this.setData({ trouble: '图片没有保存成功，请截屏，或者直接发送上面那一行。' }),
    });
  },

  copy(e) {
    my.setClipboard({
      text: e.currentTarget.dataset.text,
      success: () => my.showToast({ type: 'success', content: '已复制' }),
    });
  },

  ring() {
    my.makePhoneCall({ number: this.data.view.phone });
  },
});
