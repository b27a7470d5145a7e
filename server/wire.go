package server

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"time"

	"certdesk/bot"
	"certdesk/bot/wechat"
	"certdesk/flows"
	"certdesk/miniapp/alipay"
	"certdesk/server/bank"
	"certdesk/server/ca"
	"certdesk/server/courier"
	"certdesk/server/desk"
	"certdesk/server/esign"
	"certdesk/server/ledger"
	"certdesk/server/sealed"
	"certdesk/server/sms"
	"certdesk/server/talks"
)

// Which adapter serves which configuration: the one page of construction.

// partnerTimeout ends a call to a partner that hangs.
const partnerTimeout = 8 * time.Second

// New makes a service from its configuration and reports every mistake at
// once. Nothing is served until [Server.Run].
func New(ctx context.Context, cfg Config, log *slog.Logger) (*Server, error) {
	return newServer(ctx, cfg, log, time.Now)
}

func newServer(ctx context.Context, cfg Config, log *slog.Logger, now func() time.Time) (*Server, error) {
	s := &Server{cfg: cfg, log: log, now: now, guesses: newLimiter(10, time.Minute), watch: newGauges()}
	keys, err := sealed.ParseKeys(cfg.SecretKeys.Reveal())
	if err != nil {
		return nil, err
	}
	s.links = &links{keys: keys, base: cfg.PublicURL, now: s.now, life: linkLife}
	if err := s.partners(); err != nil {
		return nil, err
	}
	flow := flows.Manual(cfg.ServicePhone)
	if faults := flow.Check(nil, bot.MaxText); len(faults) > 0 {
		return nil, fmt.Errorf("server: the manual has faults: %q", faults)
	}
	if err := s.stores(ctx, keys); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	s.wireVoice()
	s.wireHealth(ctx)
	s.desk = desk.New(desk.Config{
		Flow: flow, Talks: s.talks, Known: s.talks, Todo: s.talks, Lines: s.talks, Ledger: s.book, Hurry: cfg.Hurry, Now: s.now, Log: log, Watch: s.watch,
		Partners: desk.Partners{
			Face: s.face, Cashier: s.alipay, Courier: s.courier, Texter: s.texter, Words: cfg.SMS.Word, Caller: s.caller, Authority: s.authority, Bank: s.bank,
			Payer: s.alipay, Holders: s.alipay, Register: s.register, Factors: s.factors, Eyes: s.eyes, Branches: s.branches(), Amounts: desk.Range{Low: s.cfg.Alipay.PayoutLeast, High: mostPaidOut},
			Voices: map[flows.Channel]desk.Voice{flows.WeChat: s.voice},
			Away:   s.health.away,
			Doors:  map[flows.Channel]desk.Door{flows.WeChat: s.wechatDoor, flows.Alipay: s.alipayDoor},
			Payee:  flows.Payee{Name: cfg.Bank.AccountName, Account: cfg.Bank.Account, Bank: cfg.Bank.BankName},
		},
	})
	s.watch.stores(s)
	if s.untrace, err = s.watch.traces(ctx, cfg.Traces, cfg.TraceShare); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	s.web = s.routes(keys)
	return s, nil
}

// Versions of the ledger's tables that are not numbers: this release's, and the
// present one, for looking only.
const (
	SchemaNewest = ledger.Newest
	SchemaAsIs   = ledger.AsIs
)

// Migrate brings the ledger's tables to a version, and says at which they are
// now and which is this release's. Going back drops what only newer releases
// know.
func Migrate(ctx context.Context, cfg Config, to int64) (at, release int64, err error) {
	s, err := ledger.Migrate(ctx, ledger.Config{DSN: cfg.dsn()}, to)
	return s.At, s.Release, err
}

// talks says how long talks are kept and how fast one applicant may write.
func (c Config) talks() talks.Config {
	t := talks.Defaults
	t.Burst = c.FloodBurst
	return t
}

// VerifyLedger opens every sealed value of the ledger with the keys and changes
// nothing. It says how many opened of each column, and names those that did
// not, ten of a column at most.
func VerifyLedger(ctx context.Context, cfg Config) (opened map[string]int, unreadable []string, err error) {
	keys, err := sealed.ParseKeys(cfg.SecretKeys.Reveal())
	if err != nil {
		return nil, nil, err
	}
	v, err := ledger.Verify(ctx, ledger.Config{DSN: cfg.dsn(), Keys: keys})
	return v.Opened, v.Unreadable, err
}

// dsn is where the ledger is.
func (c Config) dsn() string {
	if c.Embedded {
		return "sqlite:" + filepath.Join(c.DataDir, "ledger.db")
	}
	return c.DatabaseURL.Reveal()
}

// stores opens Redis and the ledger, or their embedded forms.
func (s *Server) stores(ctx context.Context, keys *sealed.Keys) error {
	dsn := s.cfg.dsn()
	if s.cfg.Embedded {
		if err := s.embedRedis(); err != nil {
			return err
		}
	}
	if dsn == "" || s.cfg.RedisURL.IsZero() {
		return errors.New("server: " + prefix + "REDIS_URL and " + prefix + "DATABASE_URL are needed, or --embedded")
	}
	var err error
	if s.redis, err = openRedis(s.cfg.RedisURL); err != nil {
		return err
	}
	if s.talks, err = talks.Open(ctx, s.redis, keys, s.cfg.talks()); err != nil {
		return err
	}
	s.book, err = ledger.Open(ctx, ledger.Config{DSN: dsn, Keys: keys, Hurry: max(s.cfg.Hurry, 1), PublicURL: s.cfg.PublicURL, Log: s.log, Retention: ledger.Retention(s.cfg.Keep)})
	return err
}

// partners makes the clients.
func (s *Server) partners() error {
	return errors.Join(s.wireWechat(), s.wireAlipay(), s.wireCourier(), s.wireTexter(), s.wireAuthority(), s.wireBank(), s.wireRegister())
}

func (s *Server) wireWechat() (err error) {
	w := s.cfg.WeChat
	s.account = bot.Account{OriginalID: w.OriginalID, Token: w.Token, MaxSkew: bot.MaxSkew}
	if w.Mode != "plain" {
		if s.account.Envelope, err = bot.NewEnvelope(w.Token.Reveal(), w.AESKey, w.AppID); err != nil {
			return err
		}
	}
	return nil
}

// wireVoice makes what speaks to the official account, once Redis is there to
// keep its token.
func (s *Server) wireVoice() {
	w := s.cfg.WeChat
	c := wechat.New(wechat.Config{AppID: w.AppID, AppSecret: w.AppSecret, APIURL: w.APIURL, OpenURL: w.OpenURL, MPURL: w.MPURL}, s.watch.guarded("wechat"), s.talks.Shelf(), s.now)
	// Reading pictures takes seconds and megabytes: what people are told does not
	// wait behind it.
	s.eyes = wechat.New(wechat.Config{AppID: w.AppID, AppSecret: w.AppSecret, APIURL: w.APIURL}, s.watch.guarded("wechat pictures"), s.talks.Shelf(), s.now)
	s.voice = &wechatVoice{client: c, links: s.links, shelf: s.talks.Shelf(), news: w.news(), now: s.now, log: s.log}
}

// wireHealth knows from the start who is not there at all.
func (s *Server) wireHealth(ctx context.Context) {
	s.health = &health{watch: s.watch, shelf: s.talks.Shelf(), log: s.log}
	if s.register == nil {
		s.health.absent = []string{"esign"}
	}
	s.health.look(ctx)
}

func (s *Server) wireAlipay() error {
	a := s.cfg.Alipay
	texts := make([]string, 5)
	var errs []error
	for i, name := range []string{a.PrivateKeyFile, a.PublicKeyFile, a.AppCertFile, a.CertFile, a.RootCertFile} {
		text, err := file(name)
		texts[i], errs = text, append(errs, err)
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("server: keys of Alipay: %w", err)
	}
	var err error
	s.alipay, err = alipay.New(alipay.Config{
		AppID: a.AppID, MiniAppID: a.MiniAppID, SellerID: a.SellerID, AESKey: a.AESKey, PrivateKey: flows.Conceal(texts[0]), PublicKey: texts[1],
		AppCert: texts[2], AlipayCert: texts[3], RootCert: texts[4], Gateway: a.GatewayURL, OAuth: a.OAuthURL, VerifyScope: a.VerifyScope,
		NotifyURL: s.cfg.PublicURL + "/alipay/notify", ReturnURL: s.cfg.PublicURL + "/h5/alipay/return",
	}, s.watch.guarded("alipay"))
	if err != nil {
		return err
	}
	s.face = s.alipay
	if a.Face == faceVerification {
		s.face = s.alipay.Verification()
	}
	return nil
}

func (s *Server) wireCourier() (err error) {
	f := s.cfg.SF
	s.courier, err = courier.New(courier.Config{
		URL: f.URL, PartnerID: f.PartnerID, Checkword: f.Checkword, SignMode: f.SignMode, MonthlyCard: f.MonthlyCard, ExpressType: f.ExpressType,
		Sender: courier.Sender{
			Company: f.SenderCompany, Contact: f.SenderContact, Phone: f.SenderPhone, Province: f.SenderProvince,
			City: f.SenderCity, District: f.SenderDistrict, Address: f.SenderAddress,
		},
	}, s.watch.guarded("courier"), s.now)
	return err
}

func (s *Server) wireTexter() (err error) {
	m := s.cfg.SMS
	s.texter, err = sms.New(sms.Config{
		Endpoint: m.Endpoint, KeyID: m.KeyID, KeySecret: m.KeySecret, SignName: m.SignName,
		Templates: map[flows.Purpose]string{flows.PurposeRegister: m.Register, flows.PurposeActivate: m.Activate, flows.PurposePhone: cmp.Or(m.Phone, m.Register)},
		Moved:     m.Moved,
	}, s.watch.guarded("sms"))
	if err != nil || m.Voice == "" {
		return err
	}
	voice, err := sms.NewVoice(sms.VoiceConfig{
		Endpoint: m.VoiceHost, KeyID: m.KeyID, KeySecret: m.KeySecret, Template: m.Voice, Number: m.VoiceFrom,
	}, s.watch.guarded("voice"))
	if err != nil {
		return err
	}
	s.caller = voice // never a nil client that looks like one
	return nil
}

func (s *Server) wireAuthority() error {
	a := s.cfg.CA
	root, err := file(a.RootFile)
	if err != nil {
		return fmt.Errorf("server: root of the authority: %w", err)
	}
	s.authority, err = ca.New(ca.Config{URL: a.URL, RootPEM: []byte(root), User: a.User, Password: a.Password}, s.now)
	return err
}

func (s *Server) wireBank() (err error) {
	b := s.cfg.Bank
	s.bank, err = bank.New(bank.Config{URL: b.URL, Account: b.Account, Token: b.Token}, s.watch.guarded("bank"))
	return err
}

// wireRegister leaves the register out when there is no account with it.
func (s *Server) wireRegister() error {
	e := s.cfg.ESign
	if e.AppID == "" && e.Secret.IsZero() {
		return nil
	}
	client, err := esign.New(esign.Config{URL: e.URL, AppID: e.AppID, Secret: e.Secret}, s.watch.guarded("esign"), s.now)
	if err != nil {
		return err
	}
	s.esign, s.register, s.factors = client, client, client // never a nil client that looks like one
	return nil
}

// branches are the lists in which the branches of banks are searched for: that of
// e签宝, when there is an organisation to search for it, then the operator's file.
func (s *Server) branches() []desk.Branches {
	lists := []desk.Branches{s.book}
	if e := s.cfg.ESign; e.searches() {
		lists = append([]desk.Branches{
			s.esign.Branches(esign.Searcher{Name: e.OrgName, CreditCode: e.OrgCode, Representative: e.OrgRepresentative}, s.talks.Shelf()),
		}, lists...)
	}
	return lists
}
