// Alipay's own Node library as an independent peer: it checks a notification
// of the stand-in, opens a number that it tells the mini-program, and calls it with
// its answers' signatures checked.
const { AlipaySdk } = require(process.env.CERTDESK_NPM + '/node_modules/alipay-sdk');

async function main() {
  const input = JSON.parse(require('fs').readFileSync(0, 'utf8'));
  const sdk = new AlipaySdk({
    appId: input.appId, privateKey: input.appKey, keyType: 'PKCS8', gateway: input.gateway,
    appCertContent: input.appCert, alipayPublicCertContent: input.alipayCert, alipayRootCertContent: input.rootCert,
    encryptKey: input.aesKey,
  });
  const notice = Object.fromEntries(new URLSearchParams(input.form));
  delete notice.alipay_cert_sn; // not signed for, and the library does not know
  const tampered = { ...notice, total_amount: '0.01' };
  const phone = JSON.parse(input.phone);
  const answer = await sdk.exec('alipay.trade.query', { bizContent: { out_trade_no: input.number } }, { validateSign: true });
  console.log(JSON.stringify({
    genuine: sdk.checkNotifySignV2({ ...notice }),
    tampered: sdk.checkNotifySignV2(tampered),
    status: answer.tradeStatus, amount: answer.totalAmount, code: answer.code,
    signed: sdk.rsaCheck('"' + phone.response + '"', phone.sign, 'RSA2'), mobile: JSON.parse(sdk.aesDecrypt(phone.response)).mobile,
  }));
}

main().catch((e) => { console.error(e.stack); process.exit(1); });
