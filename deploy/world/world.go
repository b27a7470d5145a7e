// Package world puts the stand-ins together as one small city: WeChat, Alipay,
// the bank, the courier, the SMS service, the register of companies, the
// certificate authority and the applicant's PC, with a web page to walk through it and a control API to drive
// it from a test.
//
// It plays nothing itself: each partner is its own stand-in with its own
// strictness, and the PC runs the real ukeyagent. It answers on loopback only,
// and only to who asked for loopback, because whoever reaches it may do what
// every person in the city can do. It promises that credentials, inboxes and
// books in Dir outlive a restart, and that nothing of it runs after
// [World.Run] has returned. Everybody in it is invented.
package world

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"certdesk/bot/wechat/wechattest"
	"certdesk/flows"
	"certdesk/miniapp/alipay/alipaytest"
	"certdesk/server/bank/banktest"
	"certdesk/server/ca/catest"
	"certdesk/server/courier/couriertest"
	"certdesk/server/esign/esigntest"
	"certdesk/server/sms/smstest"
)

// Config says where the city stands and whom it serves.
type Config struct {
	Listen  string           // host:port of the world, loopback; its addresses are made of it
	Service string           // base URL of certdesk, without a slash at the end
	Dir     string           // what must outlive a restart; made when needed
	Hurry   int              // divides every wait; 1 when zero
	Crowd   int              // more people than the few of the demo, for load and failure tests; at most 10 000
	Now     func() time.Time // time.Now when nil
	Log     *slog.Logger     // nothing is logged when nil
}

// World is one city. Its handler may be used by many goroutines.
type World struct {
	partners

	cfg   Config
	keys  credentials
	caURL string
	talk  *talk
	pc    *pc
}

// ErrAddress is returned for an address that the world cannot have: it must be
// a loopback host with a port.
var ErrAddress = errors.New("world: address is not host:port on loopback")

// New builds the city, or finds it again in cfg.Dir. The authority listens from
// now on, because [World.Env] tells its address; [World.Run] ends that.
func New(cfg Config) (*World, error) {
	cfg = cfg.withDefaults()
	host, _, err := net.SplitHostPort(cfg.Listen)
	if err != nil || !loopback(host) {
		return nil, fmt.Errorf("%w: %q", ErrAddress, cfg.Listen)
	}
	service, err := url.Parse(cfg.Service)
	if err != nil || service.Host == "" {
		return nil, fmt.Errorf("world: service has no address: %q", cfg.Service)
	}
	if cfg.Dir, err = filepath.Abs(cfg.Dir); err != nil {
		return nil, fmt.Errorf("world: directory: %w", err)
	}
	for _, partner := range []string{"wechat", "alipay", "courier", "sms", "bank", "ca", "pc"} {
		if err := os.MkdirAll(filepath.Join(cfg.Dir, partner), 0o700); err != nil {
			return nil, fmt.Errorf("world: directory: %w", err)
		}
	}
	w := &World{cfg: cfg, pc: newPC(filepath.Join(cfg.Dir, "pc"), cfg.Service)}
	if w.keys, err = loadCredentials(cfg.Dir); err != nil {
		return nil, err
	}
	if w.talk, err = loadTalk(cfg.Dir); err != nil {
		return nil, err
	}
	return w, w.settleIn(service.Host)
}

func (cfg Config) withDefaults() Config {
	cfg.Hurry = max(cfg.Hurry, 1)
	cfg.Service = strings.TrimRight(cfg.Service, "/")
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	return cfg
}

// settleIn opens every partner's house. The two that start something of their
// own come last, so that an error before them leaves nothing running.
func (w *World) settleIn(service string) (err error) {
	if w.alipay, err = w.openAlipay(service); err != nil {
		return err
	}
	if w.courier, err = w.openCourier(); err != nil {
		return err
	}
	if w.sms, err = w.openSMS(); err != nil {
		return err
	}
	if w.bank, err = w.openBank(); err != nil {
		return err
	}
	w.esign = esigntest.New(esigntest.Config{
		AppID: w.keys.ESignAppID, Secret: flows.Conceal(w.keys.ESignSecret), Companies: registered(), Holders: holders(slices.Concat(people, crowd(w.cfg.Crowd))), Branches: listed, Clock: w.cfg.Now,
	})
	if w.ca, err = catest.Open(w.dir("ca"), w.cfg.Now); err != nil {
		return err
	}
	if err := os.WriteFile(w.rootFile(), w.ca.RootPEM(), 0o600); err != nil {
		return fmt.Errorf("world: root certificate: %w", err)
	}
	if w.caURL, err = w.ca.Start("127.0.0.1:0"); err != nil {
		return err
	}
	if w.wechat, err = w.openWeChat(); err != nil {
		return errors.Join(err, w.ca.Close())
	}
	return nil
}

func (w *World) dir(partner string) string { return filepath.Join(w.cfg.Dir, partner) }

func (w *World) rootFile() string { return filepath.Join(w.dir("ca"), "root.pem") }

// address is where the world answers.
func (w *World) address() string { return "http://" + w.cfg.Listen }

func (w *World) openWeChat() (*wechattest.Platform, error) {
	return wechattest.New(wechattest.Config{
		AppID: w.keys.WeChatAppID, AppSecret: w.keys.WeChatAppSecret, OriginalID: w.keys.WeChatOriginalID,
		Token: w.keys.WeChatToken, AESKey: w.keys.WeChatAESKey, Mode: wechattest.Safe,
		CallbackURL: w.cfg.Service + "/wechat",
		Clock:       w.cfg.Now, Hurry: w.cfg.Hurry, Dir: w.dir("wechat"),
	})
}

func (w *World) openAlipay(service string) (*alipaytest.Gateway, error) {
	var users []alipaytest.User
	for _, c := range []company{software, trade} {
		users = append(users, alipaytest.User{ID: c.Alipay, Name: flows.Conceal(c.Name), CreditCode: flows.Conceal(c.Code)})
	}
	for _, p := range slices.Concat(people, crowd(w.cfg.Crowd)) {
		users = append(users, alipaytest.User{
			ID: p.Alipay, Name: flows.Conceal(p.Name), IDNumber: flows.Conceal(p.IDNumber),
			LogonID: p.Mobile[:3] + "****" + p.Mobile[7:], Mobile: flows.Conceal(p.Mobile),
		})
	}
	return alipaytest.New(alipaytest.Config{
		AppID: alipayApp, MiniAppID: alipayMiniApp, SellerID: alipaySeller, AESKey: flows.Conceal(w.keys.AlipayAESKey), Users: users,
		Address: w.address(), Hosts: []string{service}, MessageURL: w.cfg.Service + "/alipay/gateway",
		Clock: w.cfg.Now, Hurry: w.cfg.Hurry, Dir: w.dir("alipay"),
	})
}

func (w *World) openCourier() (*couriertest.Courier, error) {
	return couriertest.New(couriertest.Config{
		PartnerID: w.keys.SFPartnerID, Checkword: flows.Conceal(w.keys.SFCheckword), MonthlyCard: monthlyCard,
		PushURL: w.cfg.Service + "/sf/routes?token=" + url.QueryEscape(w.keys.SFPushToken),
		Clock:   w.cfg.Now, Hurry: w.cfg.Hurry, Dir: w.dir("courier"),
	})
}

func (w *World) openSMS() (*smstest.Service, error) {
	return smstest.New(smstest.Config{
		KeyID: w.keys.SMSKeyID, KeySecret: flows.Conceal(w.keys.SMSKeySecret), SignName: smsSign,
		Templates: map[string]string{
			smsRegister: "校验词${word}，您的注册验证码是 ${code}，5分钟内有效，请勿告诉他人。",
			smsMoved:    "您账号的手机号已更换。不是您本人操作的，请立即拨打客服电话。",
			smsPhone:    "校验词${word}，您正在更换手机号，验证码是 ${code}，5分钟内有效，请勿告诉他人。",
			smsActivate: "校验词${word}，您的证书授权码是 ${code}，5分钟内有效。请勿告诉他人，工作人员不会索取。",
		},
		Voices: map[string]string{ttsCode: "您好，您的数字证书验证码是 ${code}，再说一遍，${code}。"}, Number: caller,
		Clock: w.cfg.Now, Hurry: w.cfg.Hurry, Dir: w.dir("sms"),
	})
}

func (w *World) openBank() (*banktest.Bank, error) {
	return banktest.New(banktest.Config{
		Platform: banktest.Account{Name: accountName, Number: accountNumber, Corporate: true},
		Token:    flows.Conceal(w.keys.BankToken), Accounts: accounts(),
		Clock: w.cfg.Now, Hurry: w.cfg.Hurry, Dir: w.dir("bank"),
	})
}

// Run lets the city live until ctx ends: payments are notified, parcels are
// reported. Then it stops in order: the PC's program, the pushes, the
// authority; and it writes down what must outlive it. It serves no HTTP; give
// [World.Handler] to a server that stops before this.
func (w *World) Run(ctx context.Context) error {
	var parts sync.WaitGroup
	var alipay, courier, talk error
	parts.Go(func() { alipay = w.alipay.Run(ctx) })
	parts.Go(func() { courier = w.courier.Run(ctx) })
	parts.Go(func() { talk = w.talk.run(ctx) })
	<-ctx.Done()
	w.pc.close()
	parts.Wait()
	return errors.Join(alipay, courier, talk, w.wechat.Close(), w.ca.Close())
}

// Handler answers for every partner at the partner's own path, shows the page
// at / and serves the control API under /world/.
func (w *World) Handler() http.Handler {
	mux := http.NewServeMux()
	for _, prefix := range []string{"/cgi-bin/", "/cv/", "/sns/", "/connect/oauth2/"} {
		mux.Handle(prefix, w.wechat)
	}
	mux.Handle("/gateway.do", w.alipay)
	mux.Handle("/oauth2/", w.alipay)
	mux.Handle("/face/", w.alipay)
	mux.Handle("/std/service", w.courier)
	mux.Handle("/bank/statement", w.bank)
	mux.Handle("POST /{$}", w.sms)
	mux.Handle(esigntest.Prefix, w.esign)
	mux.Handle(esigntest.FlowPrefix, w.esign)
	w.mountPage(mux)
	chatPhone{w.wechat, w.talk, w.cfg.Now}.mount(mux)
	phone, keys := payPhone{w.alipay, camera{w.wechat, w.cfg.Service}}, keyboard{w.sms, w.cfg.Service}
	phone.mount(mux)
	keys.mount(mux)
	app{phone, keys}.mount(mux)
	offices{&w.partners, crowd(w.cfg.Crowd)}.mount(mux)
	press{&w.partners, w.pc}.mount(mux)
	w.pc.mount(mux)
	return w.guarded(mux)
}
