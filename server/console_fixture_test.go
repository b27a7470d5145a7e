package server

import (
	"context"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"

	"certdesk/flows"
	"certdesk/server/desk"
	"certdesk/server/ledger"
	"certdesk/server/sealed"
)

// The agents' desk, through its URLs. Behind it stands the real manual, a real
// ledger for the bank's lines, and a small desk in memory that keeps the promises
// of the real one.

const (
	talkOne = desk.TalkID("aaaaaaaaaaaaaaaaaaaaaaaaa2")
	talkTwo = desk.TalkID("aaaaaaaaaaaaaaaaaaaaaaaaa3")
)

// counter is a desk, its transcripts, its queue and its staff, in memory.
type counter struct {
	mu       sync.Mutex
	flow     *flows.Flow
	cases    map[desk.TalkID]flows.Case
	lines    map[desk.TalkID][]desk.Line
	answers  map[string]desk.Answer
	events   []flows.Event
	open     map[desk.TalkID]desk.Help
	answered []desk.TalkID
	broken   error // what HandleTalk returns although it has decided
}

func (d *counter) Flow() *flows.Flow { return d.flow }

func (d *counter) Look(_ context.Context, id desk.TalkID) (desk.Talk, flows.Reply, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	c := d.cases[id]
	c.Form = maps.Clone(c.Form)
	if c.At == "" {
		return desk.Talk{ID: id}, flows.Reply{}, nil
	}
	return desk.Talk{ID: id, Case: c}, d.flow.Question(c), nil
}

func (d *counter) HandleTalk(_ context.Context, id desk.TalkID, e flows.Event) (desk.Answer, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if a, again := d.answers[e.ID]; again {
		return a, d.broken
	}
	out := d.flow.Decide(d.cases[id], e)
	d.cases[id] = out.Case
	d.events = append(d.events, e)
	d.answers[e.ID] = desk.Answer{Replies: out.Replies, Refusals: out.Refusals}
	for _, r := range out.Replies {
		d.lines[id] = append(d.lines[id], desk.Line{At: e.At, Who: desk.WhoAgent, Name: out.Case.Owner.Name, Text: r.Text, Step: string(out.Case.At)})
	}
	return d.answers[e.ID], d.broken
}

// Attempts implements [consoleTried]: the first talk has tried two ways.
func (d *counter) Attempts(_ context.Context, id desk.TalkID, at time.Time) ([]flows.Attempt, error) {
	if id != talkOne {
		return nil, nil
	}
	return []flows.Attempt{
		{Way: flows.WayFace, Number: "F1", Status: flows.Approved, At: at.Add(-time.Hour), Until: at},
		{Way: flows.WayTransfer, Number: "T1", Status: flows.AwaitingUser, Wrong: 2, At: at.Add(-time.Minute), Until: at.Add(time.Hour)},
	}, nil
}

func (d *counter) Lines(_ context.Context, id desk.TalkID, after string) ([]desk.Line, string, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	n := 0
	if after != "" {
		var err error
		if n, err = strconv.Atoi(after); err != nil {
			return nil, after, err
		}
	}
	all := d.lines[id]
	if len(all) > 0 {
		after = strconv.Itoa(len(all))
	}
	return slices.Clone(all[min(n, len(all)):]), after, nil
}

func (d *counter) Waiting(context.Context) ([]desk.Help, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	var all []desk.Help
	for _, id := range slices.Sorted(maps.Keys(d.open)) {
		h := d.open[id]
		h.Owner = d.cases[id].Owner
		all = append(all, h)
	}
	return all, nil
}

func (d *counter) Answered(_ context.Context, id desk.TalkID, _ time.Time) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.answered = append(d.answered, id)
	delete(d.open, id)
	return nil
}

func (d *counter) VerifyStaff(_ context.Context, name string, password flows.Secret) (ledger.Staff, error) {
	display, ok := map[string]string{"zhang": "张三", "li": "李四"}[name]
	if !ok || password.Reveal() != "open-"+name {
		return ledger.Staff{}, desk.ErrWrong
	}
	role := map[string]Role{"zhang": RoleSupervisor, "li": RoleAgent}[name]
	return ledger.Staff{Name: name, Display: display, Role: role}, nil
}

func (d *counter) says(id desk.TalkID, who desk.Who, text string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.lines[id] = append(d.lines[id], desk.Line{At: time.Now(), Who: who, Text: text, Step: string(d.cases[id].At)})
}

func (d *counter) texts(id desk.TalkID) []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	var all []string
	for _, l := range d.lines[id] {
		all = append(all, l.Text)
	}
	return all
}

// applicant is a form as it stands before an order, with everything in it that
// must not be shown.
func applicant() flows.Form {
	form := flows.Form{}
	for k, text := range map[flows.Key]string{
		flows.KeyKind: flows.KindCompany, flows.KeyLogin: "13812345678", flows.KeyMobile: "13812345678", flows.KeyOrgName: "杭州青枫信息科技有限公司",
		flows.KeyName: "王小明", flows.KeyIDNumber: "330106199001011234", flows.KeyPassword: "$argon2id$hash", flows.KeyCode: "864209",
		flows.KeyOrderNo: "20261123000017", flows.KeyTotal: "222.00", flows.KeyTicket: "TICKET77", flows.KeyPayQR: "https://qr.example/pay-me",
		flows.KeyFaceURL: "https://face.example/me", flows.KeyRecipient: "陈收货", flows.KeyToMobile: "13987654321", flows.KeyLandline: "0571-88123456",
		flows.KeyDetail: "文三路90号东部软件园1号楼502", flows.KeyBankAccount: "33001616781053000001", flows.KeyWaybill: "SF1234567890123",
	} {
		form[k] = flows.Conceal(text)
	}
	return form
}

// secrets must be on no screen.
var secrets = []string{
	"13812345678", "王小明", "330106199001011234", "argon2id", "864209", "TICKET77", "pay-me", "face.example", "陈收货",
	"13987654321", "88123456", "东部软件园", "33001616781053000001",
}

// setting is one desk with a clock that tests may turn.
type setting struct {
	*counter
	http  *consoleHTTP
	app   *fiber.App
	mu    sync.Mutex
	later time.Duration
}

func (s *setting) now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return time.Now().Add(s.later)
}

func (s *setting) wait(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.later += d
}

func setUp(t *testing.T) *setting {
	t.Helper()
	keys, err := sealed.ParseKeys(sealed.NewKeys())
	if err != nil {
		t.Fatal(err)
	}
	s := &setting{counter: &counter{
		flow:  flows.Manual("400-0878-198"),
		cases: map[desk.TalkID]flows.Case{}, lines: map[desk.TalkID][]desk.Line{},
		answers: map[string]desk.Answer{}, open: map[desk.TalkID]desk.Help{},
	}}
	for _, id := range []desk.TalkID{talkOne, talkTwo} {
		s.cases[id] = flows.Case{At: flows.ServiceConfirm, Entry: "e", Form: applicant(), Owner: flows.Owner{Kind: flows.OwnerQueue, Epoch: 1}}
		s.open[id] = desk.Help{Talk: id, Why: []string{"applicant"}, Since: time.Now().Add(-5 * time.Minute), Name: flows.Conceal("王小明")}
	}
	heard := s.cases[talkOne]
	heard.Last, heard.Contact.Wrote = flows.WeChat, flows.SecondOf(time.Now())
	s.cases[talkOne] = heard
	s.cases[talkTwo].Form[flows.KeyOrderNo] = flows.Conceal("20261123000099")
	book, err := ledger.Open(t.Context(), ledger.Config{
		DSN: "sqlite:" + filepath.Join(t.TempDir(), "ledger.db"), Keys: keys, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := book.Close(); err != nil {
			t.Error(err)
		}
	})
	s.http = newConsole(consoleConfig{
		Desk: s, Lines: s, Help: s, Tried: s, Staff: s, Book: book, Account: ourAccount, Keys: keys, Now: s.now, Secure: true,
		Reach: func(context.Context, desk.TalkID, flows.Contact) (int, time.Time, error) {
			return 2, time.Date(2026, 11, 28, 4, 0, 0, 0, time.UTC), nil
		},
		Log: slog.New(slog.DiscardHandler), Pace: 5 * time.Millisecond,
	})
	s.app = fiber.New(fiber.Config{DisableStartupMessage: true})
	s.app.Server().HeaderReceived = s.http.allowed
	s.http.mount(s.app.Group("/console"))
	t.Cleanup(s.http.close)
	return s
}

// answer is a response, read.
type answer struct {
	status int
	header http.Header
	body   string
	sealed []*http.Cookie
}

func (s *setting) ask(t *testing.T, method, path string, form url.Values, header http.Header, cookies ...*http.Cookie) answer {
	t.Helper()
	r := httptest.NewRequest(method, path, strings.NewReader(form.Encode()))
	if header != nil {
		r.Header = header
	}
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for _, c := range cookies {
		r.AddCookie(c)
	}
	return s.send(t, r)
}

func (s *setting) send(t *testing.T, r *http.Request) answer {
	t.Helper()
	got, err := s.app.Test(r, -1)
	if err != nil {
		t.Fatal(err)
	}
	defer got.Body.Close()
	body, err := io.ReadAll(got.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{got.StatusCode, got.Header, string(body), got.Cookies()}
}

var tokenField = regexp.MustCompile(`name="token" value="([^"]+)"`)

// tryToSignIn fills the sign-in form as a browser does.
func (s *setting) tryToSignIn(t *testing.T, name, password string) answer {
	t.Helper()
	door := s.ask(t, "GET", "/console/sign-in", nil, nil)
	token := tokenField.FindStringSubmatch(door.body)[1]
	return s.ask(t, "POST", "/console/sign-in", url.Values{"token": {token}, "name": {name}, "password": {password}}, nil, door.sealed...)
}

// browser is an agent, signed in.
type browser struct {
	*setting
	cookie *http.Cookie
	token  string
}

func (s *setting) sit(t *testing.T, name string) browser {
	t.Helper()
	got := s.tryToSignIn(t, name, "open-"+name)
	if got.status != fiber.StatusSeeOther || got.header.Get("Location") != "/console/" || len(got.sealed) != 1 {
		t.Fatalf("sign-in of %s = %d to %q", name, got.status, got.header.Get("Location"))
	}
	b := browser{s, got.sealed[0], ""}
	b.token = tokenField.FindStringSubmatch(b.get(t, "/console/").body)[1]
	return b
}

func (b browser) get(t *testing.T, path string) answer {
	t.Helper()
	return b.ask(t, "GET", path, nil, nil, b.cookie)
}

// press sends a form of a talk as the script does.
func (b browser) press(t *testing.T, id desk.TalkID, action, text, nonce string) answer {
	t.Helper()
	form := url.Values{"token": {b.token}, "nonce": {nonce}, "text": {text}}
	return b.ask(t, "POST", "/console/talks/"+string(id)+"/"+action, form, http.Header{"X-Desk": {"live"}}, b.cookie)
}

// serve puts the desk on an address of its own, without https, and checks that
// open streams do not hold up a stop.
func (s *setting) serve(t *testing.T) string {
	t.Helper()
	s.http.Secure = false
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var served sync.WaitGroup
	served.Go(func() { _ = s.app.Listener(listener) })
	t.Cleanup(func() {
		s.http.close()
		if err := s.app.ShutdownWithTimeout(5 * time.Second); err != nil {
			t.Errorf("a stop with open streams: %v", err)
		}
		served.Wait()
	})
	return "http://" + listener.Addr().String()
}
