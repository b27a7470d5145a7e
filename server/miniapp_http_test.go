package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"

	"certdesk/flows"
	"certdesk/miniapp"
	"certdesk/miniapp/alipay"
	"certdesk/server/desk"
	"certdesk/server/sealed"
)

// miniDesk is a desk with one talk, which it decides by the manual.
type miniDesk struct {
	flow   *flows.Flow
	talk   desk.Talk
	people map[desk.Identity]bool
	events []flows.Event
	seen   map[string]desk.Answer
	fails  error
}

func (d *miniDesk) Handle(ctx context.Context, who desk.Identity, e flows.Event) (desk.Answer, error) {
	d.people[who] = true
	return d.HandleTalk(ctx, d.talk.ID, e)
}

func (d *miniDesk) HandleTalk(_ context.Context, id desk.TalkID, e flows.Event) (desk.Answer, error) {
	if d.fails != nil || id != d.talk.ID {
		return desk.Answer{}, errors.Join(d.fails, fmt.Errorf("talk %s", id))
	}
	if a, ok := d.seen[e.ID]; ok {
		return a, nil
	}
	d.events = append(d.events, e)
	out := d.flow.Decide(d.talk.Case, e)
	d.talk.Case = out.Case
	a := desk.Answer{Replies: out.Replies, Refusals: out.Refusals, At: out.Case.At, Entry: out.Case.Entry, Talk: id}
	d.seen[e.ID] = a
	return a, nil
}

func (d *miniDesk) Look(context.Context, desk.TalkID) (desk.Talk, flows.Reply, error) {
	return d.talk, d.flow.Question(d.talk.Case), d.fails
}

func (d *miniDesk) Flow() *flows.Flow { return d.flow }

// miniGate knows one person and one face verification.
type miniGate struct{}

func (miniGate) Login(_ context.Context, code string) (string, error) {
	if code != "good-code" {
		return "", fmt.Errorf("login: %w", &flows.RefusedError{Partner: "alipay", Code: "isv.code-invalid", Public: "登录已过期，请重新打开小程序。"})
	}
	return "openid-7", nil
}

func (miniGate) Phone(response string) (flows.Secret, error) {
	if response != "sealed" {
		return flows.Secret{}, alipay.ErrPhone
	}
	return flows.Conceal("13912345678"), nil
}

func (miniGate) KnowsPhones() bool { return true }

func (miniGate) Camera(_ context.Context, short string) (camera, error) {
	if short != "https://desk.example/h5/face/F7" {
		return camera{}, desk.ErrExpired
	}
	return camera{CertifyID: "certify-7", CertifyURL: "https://openapi.example/gateway.do?sign=s"}, nil
}

type miniLines struct{ lines []desk.Line }

func (l *miniLines) Lines(context.Context, desk.TalkID, string) ([]desk.Line, string, error) {
	return l.lines, "", nil
}

// miniWorld is the API, what stands behind it, and its document.
type miniWorld struct {
	t     *testing.T
	app   *fiber.App
	desk  *miniDesk
	lines *miniLines
	clock time.Time
	token string
	doc   map[string]any
}

const miniTalk desk.TalkID = "abcdefghijklmnopqrstuvwxyz"

func newMiniWorld(t *testing.T) *miniWorld {
	keys, err := sealed.ParseKeys(sealed.NewKeys())
	if err != nil {
		t.Fatal(err)
	}
	w := &miniWorld{
		t: t, app: fiber.New(fiber.Config{DisableStartupMessage: true}), lines: &miniLines{}, clock: time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC),
		desk: &miniDesk{
			flow: flows.Manual("400-0878-198"), talk: desk.Talk{ID: miniTalk},
			people: map[desk.Identity]bool{}, seen: map[string]desk.Answer{},
		},
	}
	now := func() time.Time { return w.clock }
	m := &miniApp{
		desk: w.desk, gate: miniGate{}, heard: w.lines, now: now, log: slog.New(slog.DiscardHandler),
		seats: &links{keys: keys, now: now, life: miniSeat},
	}
	m.mount(w.app)
	w.token = m.seats.token(miniPlace, miniTalk, "", miniSeat)
	status, doc := w.call("GET", "openapi.json", "")
	if status != 200 {
		t.Fatalf("the document: status %d", status)
	}
	w.doc = doc
	return w
}

// call makes a call and holds its answer against the document.
func (w *miniWorld) call(method, name, body string) (int, map[string]any) {
	w.t.Helper()
	r := httptest.NewRequest(method, miniBase+"/"+name, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+w.token)
	res, err := w.app.Test(r, -1)
	if err != nil {
		w.t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	var answer map[string]any
	if err := json.Unmarshal(text, &answer); err != nil {
		w.t.Fatalf("%s %s: status %d, %v in %q", method, name, res.StatusCode, err, text)
	}
	if res.Header.Get("Cache-Control") != "no-store" {
		w.t.Errorf("%s %s: may be stored by caches", method, name)
	}
	if w.doc != nil && name != "openapi.json" {
		w.obeys(method, name, res.StatusCode, answer)
	}
	return res.StatusCode, answer
}

// at puts the case somewhere.
func (w *miniWorld) at(state flows.State, form flows.Form) {
	if form == nil {
		form = flows.Form{}
	}
	w.desk.talk.Case = flows.Case{At: state, Entry: "entry-1", Form: form, Last: flows.Alipay}
}

// view asks for the step and returns it in our own types.
func (w *miniWorld) view(method, name, body string) miniapp.View {
	w.t.Helper()
	status, answer := w.call(method, name, body)
	if status != 200 {
		w.t.Fatalf("%s %s: status %d, %v", method, name, status, answer)
	}
	return viewOf(w.t, answer)
}

func viewOf(t *testing.T, answer map[string]any) (v miniapp.View) {
	t.Helper()
	text, err := json.Marshal(answer)
	if err == nil {
		err = json.Unmarshal(text, &v)
	}
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestMiniappSignIn(t *testing.T) {
	w := newMiniWorld(t)
	status, got := w.call("POST", "sign-in", `{"auth_code":"good-code","scene":"project-3"}`)
	if status != 200 || got["expires_in"] != 43200.0 {
		t.Fatalf("sign-in: %d, %v", status, got)
	}
	if !w.desk.people[desk.Identity{Channel: flows.Alipay, ID: "openid-7"}] {
		t.Error("nobody with that open_id reached the desk")
	}
	if e := w.desk.events[0]; e.Via != flows.Alipay || e.What != (flows.Followed{Scene: "project-3"}) {
		t.Errorf("event = %+v, want Followed in Alipay with its scene", e)
	}
	if strings.Contains(w.desk.events[0].ID, "good-code") {
		t.Error("the event's identifier shows the code")
	}
	w.token = got["token"].(string)
	if v := w.view("GET", "step", ""); v.At != string(flows.Welcome) || len(v.Choices) != 2 {
		t.Errorf("first step = %s with %d choices, want welcome with 2", v.At, len(v.Choices))
	}
}

func TestMiniappSignInRefused(t *testing.T) {
	w := newMiniWorld(t)
	status, got := w.call("POST", "sign-in", `{"auth_code":"used-code"}`)
	if status != 422 || got["why"] != "登录已过期，请重新打开小程序。" {
		t.Errorf("a used code: %d %v, want 422 and Alipay's words", status, got)
	}
	if len(w.desk.events) > 0 {
		t.Error("a refused code made an event")
	}
}

func TestMiniappPhone(t *testing.T) {
	w := newMiniWorld(t)
	w.at(flows.RegisterAccount, flows.Form{flows.KeyKind: flows.Conceal(flows.KindPerson)})
	for _, body := range []string{`{}`, `{"nonce":"nonce-01"}`, `{"nonce":"n","response":"sealed"}`, `{"nonce":"nonce-01","response":"sealed","mobile":"1"}`} {
		if status, got := w.call("POST", "phone", body); status != 400 || got["why"] == "" {
			t.Errorf("%s = %d %v, want 400 and words", body, status, got)
		}
	}
	if status, got := w.call("POST", "phone", `{"nonce":"nonce-01","response":"forged"}`); status != 422 || !strings.Contains(fmt.Sprint(got["why"]), "请直接填写") {
		t.Errorf("a forged number = %d %v, want 422 and words", status, got)
	}
	if len(w.desk.events) > 0 {
		t.Error("a number that was not taken made an event")
	}
	if status, _ := w.call("POST", "phone", `{"nonce":"nonce-01","response":"sealed"}`); status != 200 || len(w.desk.events) != 1 {
		t.Fatalf("a number = %d, and %d events", status, len(w.desk.events))
	}
	if e := w.desk.events[0]; e.What != (flows.PhoneKnown{Mobile: flows.Conceal("13912345678")}) || e.Via != flows.Alipay || !strings.HasSuffix(e.ID, "/nonce-01") {
		t.Errorf("the event is %+v", e)
	}
}

func TestMiniappSeat(t *testing.T) {
	w := newMiniWorld(t)
	good := w.token
	page := (&links{keys: mustKeys(t), now: func() time.Time { return w.clock }}).token(miniPlace, miniTalk, "", miniSeat)
	for name, token := range map[string]string{"none": "", "nonsense": "x", "another key": page, "cut": good[:len(good)-2]} {
		w.token = token
		if status, got := w.call("GET", "step", ""); status != 401 || !strings.Contains(fmt.Sprint(got["why"]), "登录已过期") {
			t.Errorf("token %s: %d %v, want 401 with words", name, status, got)
		}
	}
	w.token = good
	w.clock = w.clock.Add(miniSeat - time.Second)
	if status, _ := w.call("GET", "step", ""); status != 200 {
		t.Errorf("a second before the end: %d", status)
	}
	w.clock = w.clock.Add(2 * time.Second)
	for _, call := range [][2]string{{"GET", "step"}, {"GET", "face"}, {"POST", "answer"}} {
		if status, _ := w.call(call[0], call[1], `{"nonce":"nonce-01","text":"帮助"}`); status != 401 {
			t.Errorf("%s a second after the end: %d, want 401", call[1], status)
		}
	}
}

func mustKeys(t *testing.T) *sealed.Keys {
	keys, err := sealed.ParseKeys(sealed.NewKeys())
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

func TestMiniappLinkIsNoSeat(t *testing.T) {
	w := newMiniWorld(t)
	keys := mustKeys(t)
	l := &links{keys: keys, now: func() time.Time { return w.clock }, life: linkLife}
	m := &miniApp{seats: l}
	if _, err := m.seat("Bearer " + l.token(linkPlace, miniTalk, "", linkLife)); !errors.Is(err, errLink) {
		t.Errorf("the token of a page's link opens a seat: %v", err)
	}
}

func TestMiniappAnswer(t *testing.T) {
	w := newMiniWorld(t)
	w.at(flows.Welcome, nil)
	before := w.view("GET", "step", "")
	body := fmt.Sprintf(`{"nonce":%q,"choice":%q}`, before.Nonce, before.Choices[0].ID)
	after := w.view("POST", "answer", body)
	if after.At != string(flows.RegisterNotice) || after.Nonce == before.Nonce || after.Stay == before.Stay {
		t.Errorf("after the choice: at %s, want %s with another nonce and stay", after.At, flows.RegisterNotice)
	}
	w.view("POST", "answer", body)
	if len(w.desk.events) != 1 {
		t.Errorf("%d events of one nonce, want 1", len(w.desk.events))
	}
	if e := w.desk.events[0]; e.ID != "miniapp/"+string(miniTalk)+"/"+before.Nonce || e.Via != flows.Alipay || !e.At.Equal(w.clock) {
		t.Errorf("event = %+v", e)
	}
	help := w.view("POST", "answer", `{"nonce":"nonce-02","text":"帮助"}`)
	if len(help.Said) < 2 || strings.Contains(strings.Join(help.Said, ""), help.Text[0]) {
		t.Errorf("help: said %q beside %q, want the help and not the question", help.Said, help.Text)
	}
}

const accountPage = `{"nonce":"nonce-%d","page":"register.person","values":{"code":"123456","password":%q,"password2":%q,"terms":"on","duty":"on"}}`

func TestMiniappPassword(t *testing.T) {
	w := newMiniWorld(t)
	w.at(flows.RegisterPerson, flows.Form{flows.KeyKind: flows.Conceal(flows.KindPerson), flows.KeyMobile: flows.Conceal("13800138000")})
	refused := w.view("POST", "answer", fmt.Sprintf(accountPage, 111, "weak", "weak"))
	if refused.At != string(flows.RegisterPerson) || refused.Refusals["password"] == "" || len(w.desk.events) > 0 {
		t.Fatalf("a weak password: at %s, %v, %d events; want the same page, a refusal and no event", refused.At, refused.Refusals, len(w.desk.events))
	}
	taken := w.view("POST", "answer", fmt.Sprintf(accountPage, 222, "Pass-word-1", "Pass-word-1"))
	if taken.At != string(flows.RegisterWait) || !taken.Waiting {
		t.Fatalf("a good password: at %s, waiting %v", taken.At, taken.Waiting)
	}
	values := w.desk.events[0].What.(flows.Filled).Values
	for _, key := range []flows.Key{flows.KeyPassword, flows.KeyPassword2} {
		if got := values.Text(key); !strings.HasPrefix(got, "$argon2id$") || strings.Contains(got, "Pass-word-1") {
			t.Errorf("%s went on as %.12q, want a hash", key, got)
		}
	}
}

func TestMiniappRefusesWithoutQuoting(t *testing.T) {
	w := newMiniWorld(t)
	w.at(flows.RegisterPerson, nil)
	const secret = "Sesame-open-77"
	for name, body := range map[string]string{
		"empty":         ``,
		"no JSON":       secret,
		"cut":           `{"nonce":"nonce-01","page":"register.person","values":{"password":"` + secret,
		"wrong type":    `{"nonce":"nonce-01","page":"register.person","values":{"password":["` + secret + `"]}}`,
		"unknown field": `{"nonce":"nonce-01","text":"x","` + secret + `":1}`,
		"too long":      `{"nonce":"nonce-01","text":"` + strings.Repeat(secret, 3000) + `"}`,
	} {
		status, got := w.call("POST", "answer", body)
		if (status != 400 && status != 413) || strings.Contains(fmt.Sprint(got), secret) || !han(fmt.Sprint(got["why"])) {
			t.Errorf("%s: %d %v, want a refusal in Chinese that quotes nothing", name, status, got)
		}
	}
	if len(w.desk.events) > 0 {
		t.Error("a malformed answer made an event")
	}
}

func han(text string) bool {
	return strings.ContainsFunc(text, func(r rune) bool { return r > 0x4e00 })
}

func TestMiniappTroubles(t *testing.T) {
	for _, tt := range []struct {
		fails  error
		status int
	}{
		{desk.ErrFlood, 429}, {desk.ErrBusy, 503}, {errors.New("redis is down"), 503},
	} {
		w := newMiniWorld(t)
		w.desk.fails = tt.fails
		status, got := w.call("POST", "answer", `{"nonce":"nonce-01","text":"帮助"}`)
		if status != tt.status || !han(fmt.Sprint(got["why"])) || strings.Contains(fmt.Sprint(got), "redis") {
			t.Errorf("%v: %d %v, want %d with words", tt.fails, status, got, tt.status)
		}
	}
}

// TestMiniappSeatOfALeftTalk makes the client sign in again, which leads to the
// case that its user goes on with.
func TestMiniappSeatOfALeftTalk(t *testing.T) {
	w := newMiniWorld(t)
	w.at(flows.Moved, nil)
	if status, _ := w.call("GET", "step", ""); status != 401 {
		t.Errorf("the step of a talk that was left = %d, want 401", status)
	}
	w.desk.fails = desk.ErrMoved
	if status, _ := w.call("POST", "answer", `{"nonce":"nonce-09","text":"你好"}`); status != 401 {
		t.Errorf("a word in a talk that was left = %d, want 401", status)
	}
}

func TestMiniappFace(t *testing.T) {
	w := newMiniWorld(t)
	w.at(flows.PersonScan, flows.Form{flows.KeyFaceURL: flows.Conceal("https://desk.example/h5/face/F7")})
	if v := w.view("GET", "step", ""); v.Face == nil || v.Face.CertifyURL != "https://desk.example/h5/face/F7" {
		t.Errorf("face = %+v", v.Face)
	}
	if status, got := w.call("GET", "face", ""); status != 200 || got["certify_id"] != "certify-7" {
		t.Errorf("face: %d %v", status, got)
	}
	w.at(flows.PersonScan, flows.Form{flows.KeyFaceURL: flows.Conceal("https://desk.example/h5/face/OLD")})
	if status, _ := w.call("GET", "face", ""); status != 409 {
		t.Errorf("an old face: %d, want 409", status)
	}
	w.at(flows.Welcome, nil)
	if status, _ := w.call("GET", "face", ""); status != 409 {
		t.Errorf("a face at the welcome: %d, want 409", status)
	}
}

func TestMiniappNews(t *testing.T) {
	w := newMiniWorld(t)
	w.at(flows.PaymentPay, flows.Form{flows.KeyOrderNo: flows.Conceal("20261123000017"), flows.KeyTotal: flows.Conceal("212.00"), flows.KeyTrade: flows.Conceal("2026112322001")})
	question := w.desk.flow.Question(w.desk.talk.Case).Text
	who, bot := desk.WhoApplicant, desk.WhoBot
	w.lines.lines = []desk.Line{
		{Who: desk.WhoWorld, Text: "pay-opened"}, {Who: bot, Text: "很久以前的话"},
		{Who: who, Text: "我已付款"}, {Who: bot, Text: "好的，请稍候。"},
		{Who: desk.WhoAgent, Name: "小李", Text: "请稍等，我来看看。", Via: viaAgentSaid},
		{Who: desk.WhoAgent, Name: "小王", Text: "没有发出的话", Via: "not the owner"},
		{Who: desk.WhoWorld, Text: "pay-not-yet"}, {Who: bot, Text: "还没有收到付款结果。"},
		{Who: bot, Text: strings.Replace(question, "20261123000017", "2************7", 1) + "\n· 我已付款"},
		{Who: desk.WhoWorld, Text: string(flows.KindUnheard)}, {Who: desk.WhoUnsent, Text: "暂时无法送达"},
	}
	want := []string{"客服小李：请稍等，我来看看。", "还没有收到付款结果。"}
	if got := w.view("GET", "step", "").Said; !slices.Equal(got, want) {
		t.Errorf("said %q, want %q", got, want)
	}
}

// TestMiniappAgentMark holds the mark of an agent's words against the manual's.
func TestMiniappAgentMark(t *testing.T) {
	owner := flows.Owner{Kind: flows.OwnerAgent, Agent: "a1", Name: "小李", Epoch: 1}
	out := flows.Manual("1").Decide(flows.Case{At: flows.Welcome, Owner: owner}, flows.Event{ID: "e", Via: flows.Console, What: flows.AgentSaid{Agent: "a1", Text: "您好"}})
	if out.Via != viaAgentSaid {
		t.Errorf("an agent's words are marked %q, want %q", out.Via, viaAgentSaid)
	}
}
