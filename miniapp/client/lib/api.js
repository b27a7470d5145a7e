// How the client speaks with the service: one token for half a day, one form of
// refusal ({why}, in words for the applicant), and nothing kept but the token.

const config = require('../config');

const SEAT = 'seat';
const TIMEOUT = 15000; // milliseconds
const LOST = '网络不太好，没有连上。您填写的内容还在，请再试一次。';
const SIGNED_OUT = 401;

// call makes one request. It resolves to the answer, or rejects with
// {status, why}; status 0 means that nobody answered.
function call(method, path, token, body) {
  return new Promise((resolve, reject) => {
    const headers = /** @type {Record<string, string>} */ ({});
    if (body) {
      headers['content-type'] = 'application/json';
    }
    if (token) {
      headers.Authorization = 'Bearer ' + token;
    }
    my.request({
      url: config.base + '/miniapp/v1/' + path,
      method,
      headers,
      data: body ? JSON.stringify(body) : undefined,
      dataType: 'json',
      timeout: TIMEOUT,
      success(res) {
        if (res.status >= 200 && res.status < 300 && res.data && typeof res.data === 'object') {
          resolve(res.data);
        } else {
          reject(refusal(res));
        }
      },
      fail: (res) => reject(refusal(res)),
    });
  });
}

// refusal reads what came instead of an answer. Older versions of Alipay hand
// an HTTP error to fail, with the body as text.
function refusal(res) {
  let body = res && res.data;
  if (typeof body === 'string') {
    try {
      body = JSON.parse(body);
    } catch (e) {
      body = null;
    }
  }
  return { status: (res && res.status) || 0, why: (body && body.why) || LOST };
}

// seat returns the kept token, or nothing when there is none or it is over.
function seat(now) {
  const kept = /** @type {{token: string, until: number}} */ (my.getStorageSync({ key: SEAT }).data);
  return kept && kept.until > now ? kept.token : '';
}

function keep(answer, now) {
  const spare = 60; // seconds, so that a token does not end on its way
  my.setStorageSync({ key: SEAT, data: { token: answer.token, until: now + (answer.expires_in - spare) * 1000 } });
}

function authCode() {
  return new Promise((resolve, reject) => {
    my.getAuthCode({
      scopes: 'auth_base',
      success: (res) => resolve(res.authCode),
      fail: () => reject({ status: 0, why: '没有拿到支付宝的登录信息，请再点一次。' }),
    });
  });
}

// signIn exchanges Alipay's code for a token. Only the open_id goes with it: no
// name, no telephone number.
async function signIn(scene) {
  const body = { auth_code: await authCode() };
  if (scene) {
    body.scene = scene;
  }
  const answer = await call('POST', 'sign-in', '', body);
  keep(answer, Date.now());
  return answer.token;
}

// signed makes a call for somebody who has a seat, and takes a new seat once
// when the old one is over.
async function signed(method, path, body) {
  const token = seat(Date.now()) || (await signIn(''));
  try {
    return await call(method, path, token, body);
  } catch (e) {
    if (e.status !== SIGNED_OUT) {
      throw e;
    }
    my.removeStorageSync({ key: SEAT });
    return call(method, path, await signIn(''), body);
  }
}

module.exports = {
  seat,
  signIn,
  step: () => signed('GET', 'step'),
  answer: (body) => signed('POST', 'answer', body),
  phone: (body) => signed('POST', 'phone', body),
  face: () => signed('GET', 'face'),
};
