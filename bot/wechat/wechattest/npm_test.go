// Peers in another language: a client of the calls, and the cryptography of the
// pushes, both from npm. They run where CERTDESK_NPM names a directory whose
// node_modules holds co-wechat-api 3.11.0 and @wecom/crypto 1.0.1.

package wechattest_test

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"encoding/xml"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"certdesk/bot"
)

// node runs a script beside the modules, with arguments, and decodes the JSON it
// prints.
func node(t *testing.T, into any, script string, args ...string) {
	t.Helper()
	dir := os.Getenv("CERTDESK_NPM")
	if dir == "" {
		t.Skip("absent: CERTDESK_NPM, the directory of the npm peers")
	}
	cmd := exec.CommandContext(t.Context(), "node", append([]string{"-e", script, "--"}, args...)...)
	cmd.Dir = dir
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("node: %v\n%s", err, stderr.String())
	}
	if err := json.Unmarshal(out, into); err != nil {
		t.Fatalf("node prints %s: %v", out, err)
	}
}

func TestNPMClient(t *testing.T) {
	w := newWorld(t, nil)
	must(t, w.Say(person, "一"))
	w.settle(t)
	picture := filepath.Join(t.TempDir(), "code.png")
	must(t, os.WriteFile(picture, onePixel, 0o600))
	must(t, w.Fault("stale-token", 1))
	var got struct {
		Ticket string
		Media  string
		Menu   struct {
			Menu struct{ Button []struct{ Key string } }
		}
	}
	node(t, &got, `
		const API = require('co-wechat-api');
		const [appid, secret, base, openid, picture] = process.argv.slice(1);
		const api = new API(appid, secret);
		api.prefix = base + '/cgi-bin/';
		api.fileServerPrefix = base + '/cgi-bin/';
		(async () => {
			await api.sendText(openid, '您好');
			const media = await api.uploadMedia(picture, 'image');
			await api.sendImage(openid, media.media_id);
			await api.createMenu({button: [{type: 'click', name: '办理', key: '办理'}]});
			const menu = await api.getMenu();
			const qr = await api.createTmpQRCode('case-7', 60);
			console.log(JSON.stringify({ticket: qr.ticket, media: media.media_id, menu}));
		})().catch(e => { console.error(e); process.exit(1); });
	`, appID, appSecret, w.api, person, picture)
	inbox := w.Inbox(person, 0)
	if len(inbox) != 2 || inbox[0].Text != "您好" || inbox[1].ImageURL != "/world/wechat/media/"+got.Media {
		t.Errorf("the person reads %+v", inbox)
	}
	if got.Ticket == "" || len(got.Menu.Menu.Button) != 1 || got.Menu.Menu.Button[0].Key != "办理" {
		t.Errorf("the peer learns %+v", got)
	}
}

func TestNPMCryptography(t *testing.T) {
	w := newWorld(t, nil)
	body, err := w.account.Answer(bot.Message{From: person, To: originalID}, "您好", w.clock.Now(), "42", rand.Reader)
	must(t, err)
	var sealed struct{ Encrypt, MsgSignature, TimeStamp, Nonce string }
	must(t, xml.Unmarshal(body, &sealed))
	var got struct{ Signature, Message, ID, Theirs, TheirSignature string }
	node(t, &got, `
		const {getSignature, encrypt, decrypt} = require('@wecom/crypto');
		const [token, key, appid, stamp, nonce, sealed, message] = process.argv.slice(1);
		const opened = decrypt(key, sealed), theirs = encrypt(key, message, appid);
		console.log(JSON.stringify({signature: getSignature(token, stamp, nonce, sealed), message: opened.message, id: opened.id,
			theirs, theirSignature: getSignature(token, stamp, nonce, theirs)}));
	`, token, aesKey, appID, sealed.TimeStamp, sealed.Nonce, sealed.Encrypt, "来自对方")
	if got.Signature != sealed.MsgSignature || got.ID != appID || !bytes.Contains([]byte(got.Message), []byte("您好")) {
		t.Errorf("the peer reads %+v", got)
	}
	q := bot.Query{Timestamp: sealed.TimeStamp, Nonce: sealed.Nonce, MsgSignature: got.TheirSignature}
	if msg, err := w.account.Envelope.Open(q, got.Theirs); err != nil || string(msg) != "来自对方" {
		t.Errorf("Open of the peer's envelope = %q, %v", msg, err)
	}
}
