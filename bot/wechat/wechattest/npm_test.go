// Peers in another language: a client of the calls, a service at the callback,
// and the cryptography of the pushes, all from npm. They run where CERTDESK_NPM
// names a directory whose node_modules holds what .ci/peers puts there.

package wechattest_test

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"encoding/json"
	"encoding/xml"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"certdesk/bot"
	"certdesk/bot/wechat/wechattest"
)

// npm returns the directory of the peers.
func npm(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("CERTDESK_NPM")
	if dir == "" {
		t.Skip("absent: CERTDESK_NPM, the directory of the npm peers")
	}
	return dir
}

// node runs a script beside the modules, with arguments, and decodes the JSON it
// prints.
func node(t *testing.T, into any, script string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "node", append([]string{"-e", script, "--"}, args...)...)
	cmd.Dir = npm(t)
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

// TestNPMService lets somebody else's service stand at the callback: what people
// do has to reach it, and what it answers has to be read, as with WeChat itself.
func TestNPMService(t *testing.T) {
	for _, mode := range []wechattest.Mode{wechattest.Plain, wechattest.Safe} {
		t.Run(string(mode), func(t *testing.T) {
			service := nodeService(t, mode)
			w := newWorld(t, func(cfg *wechattest.Config) { cfg.Mode, cfg.CallbackURL, cfg.Deadline = mode, service, 5*time.Second })
			must(t, w.Follow(person, "363"))
			must(t, w.Say(person, "您好 <b>&</b>"))
			must(t, w.SendPicture(person, onePixel, "营业执照"))
			must(t, w.Click(person, "办理"))
			w.settle(t)
			var said []string
			for _, item := range w.Inbox(person, 0) {
				said = append(said, item.Text)
			}
			if want := []string{"event subscribe qrscene_363", "text 您好 <b>&</b>", "image", "event CLICK 办理"}; !slices.Equal(said, want) {
				t.Errorf("the peer answers %q, want %q", said, want)
			}
		})
	}
}

// nodeService starts a service of npm's co-wechat that answers what it was told,
// and returns its address.
func nodeService(t *testing.T, mode wechattest.Mode) (address string) {
	t.Helper()
	cmd := exec.Command("node", "-e", `
		const http = require('http'), wechat = require('co-wechat');
		const [token, key, appid] = process.argv.slice(1);
		const serve = wechat(key ? {token, appid, encodingAESKey: key} : {token}).middleware(async (m) =>
			[m.MsgType, m.Event, m.EventKey, m.Content].filter(Boolean).join(' '));
		const server = http.createServer(async (req, res) => {
			const url = new URL(req.url, 'http://peer'), query = Object.fromEntries(url.searchParams);
			const ctx = {query, method: req.method, req, request: {length: Number(req.headers['content-length'] || 0)}, status: 200};
			try { await serve(ctx); } catch (e) { console.error(e); ctx.status = 500; }
			res.writeHead(ctx.status, {'content-type': ctx.type || 'text/plain'});
			res.end(ctx.body);
		}).listen(0, '127.0.0.1', () => console.log(server.address().port));
		process.stdin.resume().on('end', () => process.exit(0));
	`, "--", token, map[wechattest.Mode]string{wechattest.Safe: aesKey}[mode], appID)
	cmd.Dir = npm(t)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	hold, err := cmd.StdinPipe()
	must(t, err)
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	t.Cleanup(func() {
		hold.Close()
		if err := cmd.Wait(); err != nil {
			t.Errorf("the peer ended with %v\n%s", err, stderr.String())
		}
	})
	port, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("the peer does not start: %v\n%s", err, stderr.String())
	}
	return "http://127.0.0.1:" + strings.TrimSpace(port) + "/wechat"
}
