package server

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
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

// The agents' desk, through its URLs. Behind it stands the real manual and a
// small desk in memory that keeps the promises of the real one.

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
	return ledger.Staff{Name: name, Display: display}, nil
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
		s.open[id] = desk.Help{Talk: id, Why: "applicant", Since: time.Now().Add(-5 * time.Minute), Name: flows.Conceal("王小明")}
	}
	s.cases[talkTwo].Form[flows.KeyOrderNo] = flows.Conceal("20261123000099")
	s.http = newConsole(consoleConfig{
		Desk: s, Lines: s, Help: s, Staff: s, Keys: keys, Now: s.now, Secure: true,
		Log: slog.New(slog.DiscardHandler), Pace: 5 * time.Millisecond,
	})
	s.app = fiber.New(fiber.Config{DisableStartupMessage: true})
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

func TestWithoutASeatEverythingLeadsToTheDoor(t *testing.T) {
	s := setUp(t)
	other := setUp(t).sit(t, "zhang").cookie // sealed with other keys
	for _, at := range []string{"GET /console/", "GET /console", "GET /console/talks/" + string(talkOne), "GET /console/stream",
		"POST /console/talks/" + string(talkOne) + "/take", "POST /console/sign-out"} {
		method, path, _ := strings.Cut(at, " ")
		for _, cookies := range [][]*http.Cookie{nil, {other}, {{Name: consoleCookie, Value: "AAAA"}}} {
			got := s.ask(t, method, path, url.Values{}, nil, cookies...)
			if got.status != fiber.StatusSeeOther || got.header.Get("Location") != "/console/sign-in" {
				t.Errorf("%s with %v = %d to %q, want the sign-in page", at, cookies, got.status, got.header.Get("Location"))
			}
		}
	}
	if len(s.events) != 0 {
		t.Errorf("%d events were handled without a seat", len(s.events))
	}
}

func TestASeatIsKeptFromScriptsAndEndsAfterADay(t *testing.T) {
	s := setUp(t)
	b := s.sit(t, "zhang")
	c := b.cookie
	if !c.HttpOnly || !c.Secure || c.SameSite != http.SameSiteStrictMode || c.Path != "/console" {
		t.Errorf("cookie = %v, want HttpOnly, Secure, SameSite=Strict below /console", c)
	}
	if strings.Contains(c.Value, "zhang") {
		t.Error("the cookie can be read")
	}
	if got := b.get(t, "/console/"); got.status != 200 || !strings.Contains(got.body, "张三") {
		t.Errorf("the desk = %d, want it with the agent's name", got.status)
	}
	s.wait(seatLife)
	if got := b.get(t, "/console/"); got.status != fiber.StatusSeeOther {
		t.Errorf("after %v the desk answers %d, want the door", seatLife, got.status)
	}
}

func TestWrongPasswordIsSaidAndLimited(t *testing.T) {
	s := setUp(t)
	for range signInsPerMinute {
		got := s.tryToSignIn(t, "zhang", "guess-1")
		if got.status != fiber.StatusUnauthorized || !strings.Contains(got.body, "用户名或密码不对") || !strings.Contains(got.body, `value="zhang"`) {
			t.Fatalf("wrong password = %d %q", got.status, got.body)
		}
		if strings.Contains(got.body, "guess-1") {
			t.Fatal("the password is sent back")
		}
	}
	if got := s.tryToSignIn(t, "zhang", "open-zhang"); got.status != fiber.StatusTooManyRequests {
		t.Errorf("the sixth try = %d, want 429 even with the right password", got.status)
	}
	if got := s.tryToSignIn(t, "li", "open-li"); got.status != fiber.StatusTooManyRequests {
		t.Errorf("another name from that address = %d, want 429", got.status)
	}
	s.wait(time.Minute + time.Second)
	s.sit(t, "zhang")
}

func TestRightPasswordsAreNotCounted(t *testing.T) {
	s := setUp(t)
	for range 3 * signInsPerMinute {
		s.sit(t, "zhang")
	}
}

func TestFormsWithoutTheirTokenAreRefused(t *testing.T) {
	s := setUp(t)
	zhang, li := s.sit(t, "zhang"), s.sit(t, "li")
	for _, action := range []string{"take", "say", "hand", "done"} {
		for _, token := range []string{"", "x", li.token} {
			forged := zhang
			forged.token = token
			if got := forged.press(t, talkOne, action, "好", "n"); got.status != fiber.StatusForbidden {
				t.Errorf("%s with token %q = %d, want 403", action, token, got.status)
			}
		}
	}
	if got := s.ask(t, "POST", "/console/sign-out", url.Values{}, nil, zhang.cookie); got.status != fiber.StatusForbidden {
		t.Errorf("sign-out without a token = %d, want 403", got.status)
	}
	bare := url.Values{"name": {"zhang"}, "password": {"open-zhang"}}
	if got := s.ask(t, "POST", "/console/sign-in", bare, nil); got.status != fiber.StatusForbidden {
		t.Errorf("sign-in without the door's token = %d, want 403", got.status)
	}
	if len(s.events)+len(s.answered) != 0 {
		t.Error("a forged form was obeyed")
	}
}

func TestSignOutTakesTheSeat(t *testing.T) {
	b := setUp(t).sit(t, "zhang")
	got := b.ask(t, "POST", "/console/sign-out", url.Values{"token": {b.token}}, nil, b.cookie)
	if got.status != fiber.StatusSeeOther || len(got.sealed) != 1 || got.sealed[0].Value != "" || got.sealed[0].Expires.After(time.Now()) {
		t.Errorf("sign-out = %d with cookies %v, want the seat's emptied", got.status, got.sealed)
	}
}

func TestTakeOverSpeakAndHandBack(t *testing.T) {
	s := setUp(t)
	b := s.sit(t, "zhang")
	if got := b.press(t, talkOne, "take", "", "n1"); got.status != 200 || !strings.Contains(got.body, "由您负责") {
		t.Fatalf("take = %d %s", got.status, got.body)
	}
	if got := b.press(t, talkOne, "say", " 您好，请讲 ", "n2"); got.status != 200 || strings.Contains(got.body, "请讲") {
		t.Fatalf("say = %d, want an empty form: %s", got.status, got.body)
	}
	if got := b.press(t, talkOne, "hand", "", "n3"); got.status != 200 || !strings.Contains(got.body, "机器人服务中") {
		t.Fatalf("hand = %d %s", got.status, got.body)
	}
	want := []flows.Happening{flows.Taken{Agent: "zhang", Name: "张三"}, flows.AgentSaid{Agent: "zhang", Text: "您好，请讲"}, flows.Handed{Agent: "zhang"}}
	if len(s.events) != len(want) {
		t.Fatalf("%d events, want %d", len(s.events), len(want))
	}
	for i, e := range s.events {
		if e.What != want[i] || e.Via != flows.Console || !strings.HasPrefix(e.ID, "console/n"+strconv.Itoa(i+1)) {
			t.Errorf("event %d = %+v, want %+v from the console", i, e, want[i])
		}
	}
	if !slices.Equal(s.answered, []desk.TalkID{talkOne}) {
		t.Errorf("answered calls = %v, want that of the talk", s.answered)
	}
}

func TestWithoutScriptAFormLeadsBackToTheTalk(t *testing.T) {
	b := setUp(t).sit(t, "zhang")
	form := url.Values{"token": {b.token}, "nonce": {"n1"}}
	got := b.ask(t, "POST", "/console/talks/"+string(talkOne)+"/take", form, nil, b.cookie)
	if got.status != fiber.StatusSeeOther || got.header.Get("Location") != "/console/talks/"+string(talkOne) {
		t.Errorf("take = %d to %q", got.status, got.header.Get("Location"))
	}
	form = url.Values{"token": {b.token}, "nonce": {"n2"}, "text": {"还没接管"}}
	got = b.ask(t, "POST", "/console/talks/"+string(talkTwo)+"/say", form, nil, b.cookie)
	if got.status != fiber.StatusConflict || !strings.Contains(got.body, "<title>") || !strings.Contains(got.body, "还没接管") {
		t.Errorf("refused = %d, want a whole page that keeps what was typed", got.status)
	}
}

func TestOnlyTheOwnerSpeaks(t *testing.T) {
	s := setUp(t)
	zhang, li := s.sit(t, "zhang"), s.sit(t, "li")
	got := zhang.press(t, talkOne, "say", "在吗", "n1")
	if got.status != fiber.StatusConflict || !strings.Contains(got.body, "不由您负责") || !strings.Contains(got.body, "在吗") {
		t.Errorf("speaking without owning = %d %s, want words and the draft", got.status, got.body)
	}
	li.press(t, talkOne, "take", "", "n2")
	for action, want := range map[string]string{"take": "李四已经接手", "say": "李四已经接手", "hand": "不由您负责", "done": "李四已经接手"} {
		if got := zhang.press(t, talkOne, action, "在吗", "n3"); got.status != fiber.StatusConflict || !strings.Contains(got.body, want) {
			t.Errorf("%s of a colleague's talk = %d %s, want %q", action, got.status, got.body, want)
		}
	}
	if strings.Contains(strings.Join(s.texts(talkOne), "\n"), "在吗") {
		t.Error("what was refused was said")
	}
	if page := zhang.get(t, "/console/talks/"+string(talkOne)).body; strings.Contains(page, "<textarea") || !strings.Contains(page, "李四已经接手") {
		t.Error("a colleague's talk can be written in, or does not say whose it is")
	}
}

func TestOfTwoWhoTakeOverOneDoes(t *testing.T) {
	s := setUp(t)
	agents := []browser{s.sit(t, "zhang"), s.sit(t, "li")}
	answers := make([]answer, len(agents))
	var both sync.WaitGroup
	for i, b := range agents {
		both.Go(func() { answers[i] = b.press(t, talkOne, "take", "", rand.Text()) })
	}
	both.Wait()
	won := slices.IndexFunc(answers, func(a answer) bool { return a.status == 200 })
	if won < 0 || answers[1-won].status != fiber.StatusConflict {
		t.Fatalf("answers %d and %d, want one 200 and one 409", answers[0].status, answers[1].status)
	}
	name := []string{"张三", "李四"}[won]
	if !strings.Contains(answers[1-won].body, name+"已经接手") {
		t.Errorf("the other reads %s, want who has it", answers[1-won].body)
	}
}

func TestAFormIsOneEvent(t *testing.T) {
	s := setUp(t)
	b := s.sit(t, "zhang")
	b.press(t, talkOne, "take", "", "n1")
	for range 3 {
		if got := b.press(t, talkOne, "say", "好的", "n2"); got.status != 200 {
			t.Fatalf("say = %d", got.status)
		}
	}
	b.press(t, talkOne, "say", "好的，请稍等", "n2") // edited before it was sent again
	b.press(t, talkOne, "say", "好的", "n3")
	want := []string{"好的", "好的，请稍等", "好的"}
	if got := s.texts(talkOne)[1:]; !slices.Equal(got, want) {
		t.Errorf("said %q, want %q", got, want)
	}
}

func TestWhenNobodyKnowsWhetherItWasDoneTheFormCanBeSentAgain(t *testing.T) {
	s := setUp(t)
	b := s.sit(t, "zhang")
	b.press(t, talkOne, "take", "", "n1")
	s.broken = errors.New("no answer from the store")
	got := b.press(t, talkOne, "say", "订单已查到", "nonce-2")
	if got.status != fiber.StatusServiceUnavailable || !strings.Contains(got.body, `value="nonce-2"`) || !strings.Contains(got.body, "订单已查到") {
		t.Fatalf("say = %d %s, want the same form with its draft", got.status, got.body)
	}
	if strings.Contains(got.body, "no answer") {
		t.Error("an error of the machine is shown")
	}
	s.broken = nil
	b.press(t, talkOne, "say", "订单已查到", "nonce-2")
	if n := len(s.texts(talkOne)); n != 2 {
		t.Errorf("%d lines, want the greeting and one", n)
	}
}

func TestWhatCannotBeSaid(t *testing.T) {
	s := setUp(t)
	b := s.sit(t, "zhang")
	b.press(t, talkOne, "take", "", "n1")
	for text, want := range map[string]string{" \n ": "请先写好", strings.Repeat("长", 501): "最多 500 个字"} {
		if got := b.press(t, talkOne, "say", text, "n2"); got.status != fiber.StatusConflict || !strings.Contains(got.body, want) {
			t.Errorf("say %d bytes = %d, want %q", len(text), got.status, want)
		}
	}
	if got := b.press(t, talkOne, "say", strings.Repeat("长", 500), "n3"); got.status != 200 {
		t.Errorf("500 characters = %d, want 200", got.status)
	}
}

func TestTalksThatDoNotExist(t *testing.T) {
	s := setUp(t)
	b := s.sit(t, "zhang")
	for _, id := range []desk.TalkID{"x", "AAAAAAAAAAAAAAAAAAAAAAAAAA", "zzzzzzzzzzzzzzzzzzzzzzzzzz", "..%2f..%2fetc"} {
		if got := b.get(t, "/console/talks/"+string(id)); got.status != 404 || !strings.Contains(got.body, "没有这个会话") {
			t.Errorf("talk %q = %d, want 404 in words", id, got.status)
		}
		b.press(t, id, "take", "", "n")
	}
	if len(s.events) != 0 {
		t.Errorf("taking over began %d talks", len(s.events))
	}
}

func TestACallIsClosedWithoutATakeOverWhenTheBotSpeaks(t *testing.T) {
	s := setUp(t)
	b := s.sit(t, "zhang")
	if got := b.press(t, talkOne, "done", "", "n1"); got.status != fiber.StatusConflict || len(s.answered) != 0 {
		t.Errorf("done while the applicant waits for a person = %d, want 409", got.status)
	}
	c := s.cases[talkTwo]
	c.Owner.Kind = flows.OwnerBot
	s.cases[talkTwo] = c
	if page := b.get(t, "/console/talks/"+string(talkTwo)).body; !strings.Contains(page, "已处理") {
		t.Error("the page does not offer to close the call")
	}
	if got := b.press(t, talkTwo, "done", "", "n2"); got.status != 200 || strings.Contains(got.body, "已处理") || !slices.Equal(s.answered, []desk.TalkID{talkTwo}) {
		t.Errorf("done = %d, answered %v", got.status, s.answered)
	}
}

func TestSearchFindsByWhatAgentsAreTold(t *testing.T) {
	s := setUp(t)
	b := s.sit(t, "zhang")
	tests := []struct {
		looked string
		one    bool // whether it is the first talk alone
		any    bool
	}{
		{"20261123000017", true, true},
		{"2026112300001", false, false},
		{"5678", false, true},
		{"78", false, false},
		{"青枫", false, true},
		{"青", false, false},
		{"sf1234567890123", false, true},
	}
	for _, tt := range tests {
		page := b.get(t, "/console/?q="+url.QueryEscape(tt.looked)).body
		one, two := strings.Contains(page, string(talkOne)), strings.Contains(page, string(talkTwo))
		if one != tt.any || two != (tt.any && !tt.one) {
			t.Errorf("search %q shows %v, %v", tt.looked, one, two)
		}
		if !tt.any && !strings.Contains(page, "没有找到") {
			t.Errorf("search %q does not say that there is nothing", tt.looked)
		}
	}
}

var inline = regexp.MustCompile(`<style|<script>|\son[a-z]+=|\sstyle=|javascript:`)

func TestPagesShowNothingTheyMustNot(t *testing.T) {
	s := setUp(t)
	b := s.sit(t, "zhang")
	b.press(t, talkOne, "take", "", "n1")
	s.says(talkOne, desk.WhoApplicant, `<script>alert("x")</script><img src=x onerror=alert(1)>`)
	s.says(talkOne, desk.WhoUnsent, "暂时无法送达：您好")
	c := s.cases[talkOne]
	c.Form[flows.KeyOrgName] = flows.Conceal(`青枫"><script>alert(2)</script>`)
	s.cases[talkOne] = c
	for _, path := range []string{"/console/", "/console/talks/" + string(talkOne), "/console/talks/" + string(talkTwo), "/console/?q=" + url.QueryEscape(`"><script>alert(3)</script>`)} {
		got := b.get(t, path)
		for _, secret := range secrets {
			if strings.Contains(got.body, secret) {
				t.Errorf("%s shows %q", path, secret)
			}
		}
		if strings.Contains(got.body, "<script>") || strings.Contains(got.body, "<img src=x") {
			t.Errorf("%s: an applicant's text is markup", path)
		}
		quiet := regexp.MustCompile(`&lt;[^<]*`).ReplaceAllString(got.body, "")
		if found := inline.FindString(quiet); found != "" {
			t.Errorf("%s has %q in it, which the policy forbids", path, found)
		}
		policy := got.header.Get("Content-Security-Policy")
		if !strings.Contains(policy, "default-src 'none'") || strings.Contains(policy, "unsafe") || got.header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: policy %q, cache %q", path, policy, got.header.Get("Cache-Control"))
		}
	}
	if page := b.get(t, "/console/talks/"+string(talkOne)).body; !strings.Contains(page, "未送达") {
		t.Error("a line that was not sent is not marked")
	}
}

var address = regexp.MustCompile(`(?:href|src|data-stream)="([^"]+)"`)

func TestWhatAPageLoadsIsThere(t *testing.T) {
	b := setUp(t).sit(t, "zhang")
	page := b.get(t, "/console/talks/"+string(talkOne)).body + b.ask(t, "GET", "/console/sign-in", nil, nil).body
	all := address.FindAllStringSubmatch(page, -1)
	if len(all) < 6 {
		t.Fatalf("the page names %d addresses", len(all))
	}
	for _, m := range all {
		if path := strings.ReplaceAll(m[1], "&amp;", "&"); !strings.Contains(path, "/stream") {
			if got := b.get(t, path); got.status != 200 {
				t.Errorf("%s = %d", path, got.status)
			}
		}
	}
	if got := b.get(t, "/console/assets/console.go"); got.status != 404 {
		t.Errorf("another file = %d, want 404", got.status)
	}
}

// news is one server-sent event as a browser reads it.
type news struct{ name, id, data string }

// live opens the stream of a page over a real connection.
func (b browser) live(t *testing.T, path string, header http.Header) <-chan news {
	t.Helper()
	server := httptest.NewUnstartedServer(nil)
	listener := server.Listener
	var served sync.WaitGroup
	served.Go(func() { _ = b.app.Listener(listener) })
	t.Cleanup(func() {
		b.http.close()
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		if err := b.app.ShutdownWithContext(ctx); err != nil {
			t.Errorf("a stop with an open stream: %v", err)
		}
		served.Wait()
	})
	r, err := http.NewRequestWithContext(t.Context(), "GET", "http://"+listener.Addr().String()+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	maps.Copy(r.Header, header)
	r.AddCookie(b.cookie)
	got, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	if got.StatusCode != 200 || !strings.HasPrefix(got.Header.Get("Content-Type"), "text/event-stream") {
		t.Fatalf("stream = %d %q", got.StatusCode, got.Header.Get("Content-Type"))
	}
	all := make(chan news, 100)
	go func() {
		defer close(all)
		defer got.Body.Close()
		readNews(got.Body, all)
	}()
	return all
}

// readNews parses a stream by the rules of the HTML standard, where a lone
// carriage return ends a line too.
func readNews(r io.Reader, all chan<- news) {
	in := bufio.NewScanner(r)
	in.Buffer(nil, 1<<20)
	in.Split(func(data []byte, _ bool) (int, []byte, error) {
		if i := bytes.IndexAny(data, "\r\n"); i >= 0 {
			return i + 1, data[:i], nil
		}
		return 0, nil, nil
	})
	var n news
	for in.Scan() {
		field, value, _ := strings.Cut(in.Text(), ":")
		value = strings.TrimPrefix(value, " ")
		switch field {
		case "":
			if n.data != "" {
				all <- n
			}
			n = news{}
		case "event":
			n.name = value
		case "id":
			n.id = value
		case "data":
			n.data += value + "\n"
		}
	}
}

// next waits for an event of a name that holds a text.
func next(t *testing.T, all <-chan news, name, text string) news {
	t.Helper()
	limit := time.After(10 * time.Second)
	for {
		select {
		case n, open := <-all:
			if !open {
				t.Fatalf("the stream ended before %s with %q", name, text)
			}
			if n.name == name && strings.Contains(n.data, text) {
				return n
			}
		case <-limit:
			t.Fatalf("no %s with %q came", name, text)
		}
	}
}

func TestStreamTellsWhatIsNew(t *testing.T) {
	s := setUp(t)
	zhang, li := s.sit(t, "zhang"), s.sit(t, "li")
	s.says(talkOne, desk.WhoApplicant, "从前说的")
	all := zhang.live(t, "/console/stream?talk="+string(talkOne)+"&after=1", nil)
	next(t, all, "swap", "客户在等人工")
	s.says(talkOne, desk.WhoApplicant, "有<b>新</b>消息")
	got := next(t, all, "lines", "有&lt;b&gt;新&lt;/b&gt;消息")
	if got.id != "2" || strings.Contains(got.data, "从前说的") {
		t.Errorf("event = %+v, want the new line alone, and its mark", got)
	}
	li.press(t, talkOne, "take", "", "n1")
	next(t, all, "swap", "李四已经接手")
	s.says(talkOne, desk.WhoBot, "一行\rdata: 假的\revent: swap\r\r二行")
	got = next(t, all, "lines", "二行")
	if got.name != "lines" || !strings.Contains(got.data, "\ndata: 假的\n") {
		t.Errorf("event = %+v: a carriage return began a field", got)
	}
}

func TestStreamGoesOnAfterTheLastMark(t *testing.T) {
	s := setUp(t)
	b := s.sit(t, "zhang")
	for _, text := range []string{"一", "二", "三"} {
		s.says(talkOne, desk.WhoApplicant, text)
	}
	all := b.live(t, "/console/stream?talk="+string(talkOne)+"&after=1", http.Header{"Last-Event-Id": {"2"}})
	if got := next(t, all, "lines", "三"); strings.Contains(got.data, "二") {
		t.Errorf("event = %+v, want only what is after the mark", got)
	}
}

func TestStreamEndsWithTheSeatAndWithTheProcess(t *testing.T) {
	for name, end := range map[string]func(*setting){
		"the seat":    func(s *setting) { s.wait(seatLife) },
		"the process": func(s *setting) { s.http.close() },
	} {
		t.Run(name, func(t *testing.T) {
			s := setUp(t)
			all := s.sit(t, "zhang").live(t, "/console/stream", nil)
			next(t, all, "swap", "queue")
			end(s)
			limit := time.After(10 * time.Second)
			for {
				select {
				case _, open := <-all:
					if !open {
						return
					}
				case <-limit:
					t.Fatal("the stream did not end")
				}
			}
		})
	}
}

func TestStreamRefusesMarksThatAreNone(t *testing.T) {
	b := setUp(t).sit(t, "zhang")
	for _, query := range []string{"talk=x", "talk=" + string(talkOne) + "&after=%0d%0aevil", "talk=" + string(talkOne) + "&after=" + strings.Repeat("1", 41)} {
		if got := b.get(t, "/console/stream?"+query); got.status != fiber.StatusBadRequest {
			t.Errorf("stream?%s = %d, want 400", query, got.status)
		}
	}
}

func FuzzSeat(f *testing.F) {
	keys, err := sealed.ParseKeys(sealed.NewKeys())
	if err != nil {
		f.Fatal(err)
	}
	c := newConsole(consoleConfig{Keys: keys, Now: time.Now})
	f.Add("")
	f.Add("AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA")
	f.Fuzz(func(t *testing.T, cookie string) {
		if s, ok := c.seated(cookie); ok {
			t.Errorf("%q is a seat of %q", cookie, s.Name)
		}
	})
}

func FuzzEvent(f *testing.F) {
	f.Add("一\r二\n\n三\r\n")
	f.Fuzz(func(t *testing.T, html string) {
		var b bytes.Buffer
		out := bufio.NewWriter(&b)
		event(out, "lines", "7", html)
		out.Flush()
		all := make(chan news, len(html)+2)
		readNews(&b, all)
		want := news{"lines", "7", plainLines.Replace(html) + "\n"}
		if len(all) != 1 || <-all != want {
			t.Errorf("event of %q is not read back", html)
		}
	})
}
