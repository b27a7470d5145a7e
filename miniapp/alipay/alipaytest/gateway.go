package alipaytest

// The gateway as a whole: what it is made of, and how it keeps its books.

import (
	"cmp"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"strings"
	"sync"
	"time"

	"certdesk/flows"
)

// Mode is how the application proves itself; a real one has exactly one mode.
type Mode string

// The two modes.
const (
	ModeCertificate Mode = "certificate"
	ModeKey         Mode = "key"
)

// Config is how a stand-in differs from another. Every field has a default.
type Config struct {
	Credentials Credentials      // kept in Dir, or new ones, when empty
	Clock       func() time.Time // time.Now
	Hurry       int              // divides the deadlines and intervals of Alipay's own; 1
	Dir         string           // where books and credentials are kept; nowhere when empty
	Mode        Mode             // ModeCertificate

	AppID     string // "2021000000000001"
	MiniAppID string // a mini-program bound to it; AppID
	SellerID  string // "2088000000000001"

	AESKey flows.Secret // of the mini-program's content encryption, base64 of 16 bytes; none when empty

	Users []User

	Address    string       // where the stand-in is reached, "http://127.0.0.1:8090"; any when empty
	Hosts      []string     // "127.0.0.1:8080": where a scanned address or a login may lead
	MessageURL string       // the application's gateway, for messages; none when empty
	Client     *http.Client // for notifications and scanned addresses; ten seconds
}

// User is somebody with an Alipay account.
type User struct {
	ID       string // 2088 and twelve digits
	OpenID   string // how the application knows the user; made from ID when empty
	Name     flows.Secret
	IDNumber flows.Secret
	LogonID  string // as merchants see it, masked: 138****0000
	Mobile   flows.Secret

	CreditCode  flows.Secret // of a company's account, whose Name is the company's; empty for a person's
	Uncertified bool         // Alipay has not proved who holds the account
}

// Gateway is one stand-in. Its methods may be called at the same time.
type Gateway struct {
	cfg                     Config
	alipayKey               *rsa.PrivateKey
	appKey                  *rsa.PublicKey
	alipaySN, appSN, rootSN string
	calls                   *http.Client
	wake                    chan struct{}
	mu                      sync.Mutex // guards the fields below
	books                   Books
	logins                  map[string]*login // by authorisation code
	tokens                  map[string]login  // by access token
	agreed                  map[string]bool   // who lets the mini-program know their number, by user
	verifies                map[string]string // by verify_id: digest of whom the application named
	faults                  map[string]int
	busy                    map[string]bool // notices being sent, by identifier
}

// New returns a gateway with the books kept in cfg.Dir, or with empty ones.
// Notifications wait until [Gateway.Run] or [Gateway.Deliver] is called.
func New(cfg Config) (*Gateway, error) {
	cfg = cfg.withDefaults()
	made, err := credentialsOf(cfg.Credentials, cfg.Dir, cfg.Clock())
	if err != nil {
		return nil, err
	}
	cfg.Credentials = made
	g := &Gateway{
		cfg:    cfg,
		calls:  quiet(cfg.Client),
		wake:   make(chan struct{}, 1),
		logins: map[string]*login{}, tokens: map[string]login{}, verifies: map[string]string{},
		faults: map[string]int{},
		busy:   map[string]bool{},
		agreed: map[string]bool{},
	}
	if err := g.readKeys(); err != nil {
		return nil, err
	}
	return g, g.load()
}

func (cfg Config) withDefaults() Config {
	if cfg.Clock == nil {
		cfg.Clock = time.Now
	}
	cfg.Hurry = max(cfg.Hurry, 1)
	cfg.Mode = cmp.Or(cfg.Mode, ModeCertificate)
	cfg.AppID = cmp.Or(cfg.AppID, "2021000000000001")
	cfg.MiniAppID = cmp.Or(cfg.MiniAppID, cfg.AppID)
	cfg.SellerID = cmp.Or(cfg.SellerID, "2088000000000001")
	users := make([]User, len(cfg.Users))
	for i, u := range cfg.Users {
		u.OpenID = cmp.Or(u.OpenID, openID(u.ID))
		users[i] = u
	}
	cfg.Users = users
	return cfg
}

func (g *Gateway) readKeys() error {
	app, appErr := rsaKey(g.cfg.Credentials.AppKey.Reveal())
	alipay, alipayErr := rsaKey(g.cfg.Credentials.AlipayKey.Reveal())
	if err := errors.Join(appErr, alipayErr); err != nil {
		return err
	}
	g.appKey, g.alipayKey = &app.PublicKey, alipay
	for _, part := range []struct {
		sn   *string
		text string
	}{
		{&g.appSN, g.cfg.Credentials.AppCert},
		{&g.alipaySN, g.cfg.Credentials.AlipayCert},
		{&g.rootSN, g.cfg.Credentials.RootCert},
	} {
		var err error
		if *part.sn, err = serialNumbers(part.text); err != nil {
			return err
		}
	}
	return nil
}

// quiet never follows a redirect: a notification must be answered where it was
// sent, and a scanned address is followed step by step.
func quiet(given *http.Client) *http.Client {
	c := http.Client{Timeout: 10 * time.Second}
	if given != nil {
		c = *given
	}
	c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &c
}

// Credentials returns what the application has to be configured with.
func (g *Gateway) Credentials() Credentials { return g.cfg.Credentials }

// span is a span of Alipay's own time, in a hurry.
func (g *Gateway) span(d time.Duration) time.Duration { return d / time.Duration(g.cfg.Hurry) }

func (g *Gateway) now() time.Time {
	return g.cfg.Clock().In(time.FixedZone("Asia/Shanghai", 8*60*60))
}

const clockLayout = "2006-01-02 15:04:05"

// user finds somebody by either identifier.
func (g *Gateway) user(id string) (User, error) {
	for _, u := range g.cfg.Users {
		if id != "" && (u.ID == id || u.OpenID == id) {
			return u, nil
		}
	}
	return User{}, fmt.Errorf("alipaytest: no user %q", id)
}

// ErrFault is returned for the name of a fault that the stand-in cannot play.
var ErrFault = errors.New("alipaytest: no such fault")

// Faults that a [Gateway] can be told to have, each for a number of times. The
// first six spoil notifications, the others answers of the gateway.
const (
	FaultDuplicate      = "duplicate"       // sent twice, both times at once
	FaultDelay          = "delay"           // first sent after four minutes
	FaultDrop           = "drop"            // lost on the way, as if never answered
	FaultReorder        = "reorder"         // held back until a later one is through
	FaultWrongSignature = "wrong-signature" // signed by nobody
	FaultRuleV2         = "rule-v2"         // signed by the rule of application messages
	Fault500            = "500"             // HTTP 500 with a page; nothing was done
	FaultTimeout        = "timeout"         // done, and the answer lost
	FaultUnknown        = "unknown"         // code 20000; nothing was done
	FaultSystemError    = "system-error"    // done, and answered by ACQ.SYSTEM_ERROR
	FaultUnsigned       = "unsigned-answer" // done, answered without a signature
	FaultForgedAnswer   = "forged-answer"   // done, answered with a wrong signature
	FaultNumbers        = "numbers"         // amounts of a query as numbers, real_amount empty
)

// Fault makes the next times occasions go wrong. Case, and blanks for hyphens,
// do not matter; "time-out" is understood. An unknown name is [ErrFault].
func (g *Gateway) Fault(name string, times int) error {
	name = strings.ReplaceAll(strings.ToLower(strings.TrimSpace(name)), " ", "-")
	switch name {
	case "time-out":
		name = FaultTimeout
	case FaultDuplicate, FaultDelay, FaultDrop, FaultReorder, FaultWrongSignature, FaultRuleV2,
		Fault500, FaultTimeout, FaultUnknown, FaultSystemError, FaultUnsigned, FaultForgedAnswer, FaultNumbers:
	default:
		return fmt.Errorf("%w: %q", ErrFault, name)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.faults[name] = max(times, 0)
	return nil
}

// strikes uses up one occasion of a fault. The caller holds the lock.
func (g *Gateway) strikes(name string) bool {
	if g.faults[name] == 0 {
		return false
	}
	g.faults[name]--
	return true
}

// drawn returns n random characters of an alphabet.
func drawn(alphabet string, n int) string {
	size := big.NewInt(int64(len(alphabet)))
	var out strings.Builder
	for range n {
		i, err := rand.Int(rand.Reader, size)
		if err != nil {
			panic(fmt.Sprintf("alipaytest: no random numbers: %v", err))
		}
		out.WriteByte(alphabet[i.Int64()])
	}
	return out.String()
}

const (
	decimal     = "0123456789"
	hexadecimal = "0123456789abcdef"
)
