package server

import (
	"crypto/rand"
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/gofiber/fiber/v2"

	"certdesk/flows"
	"certdesk/server/desk"
)

// What agents do at their desk, through its URLs.

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

// TestAColleagueIsReplacedByName is the way out when the owner is away: whoever
// takes over must have seen whom from.
func TestAColleagueIsReplacedByName(t *testing.T) {
	s := setUp(t)
	zhang, li := s.sit(t, "zhang"), s.sit(t, "li")
	li.press(t, talkOne, "take", "", "n1")
	if page := zhang.get(t, "/console/talks/"+string(talkOne)).body; !strings.Contains(page, `name="from" value="li"`) {
		t.Error("the page does not offer to replace the colleague")
	}
	take := func(from string) answer {
		form := url.Values{"token": {zhang.token}, "nonce": {"n2"}, "from": {from}}
		return zhang.ask(t, "POST", "/console/talks/"+string(talkOne)+"/take", form, http.Header{"X-Desk": {"live"}}, zhang.cookie)
	}
	for _, from := range []string{"", "wang"} {
		if got := take(from); got.status != fiber.StatusConflict || !strings.Contains(got.body, "李四已经接手") {
			t.Errorf("taken from %q = %d %s, want a refusal", from, got.status, got.body)
		}
	}
	if got := take("li"); got.status != 200 || !strings.Contains(got.body, "由您负责") {
		t.Errorf("taken from li = %d %s, want the talk", got.status, got.body)
	}
	if got := li.press(t, talkOne, "say", "在吗", "n3"); got.status != fiber.StatusConflict || !strings.Contains(got.body, "张三已经接手") {
		t.Errorf("the colleague who was replaced speaks = %d %s", got.status, got.body)
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

// TestAnAgentSeesWhatWasTried reads the side of a talk: each way of proving the
// applicant that was gone, and how far it is.
func TestAnAgentSeesWhatWasTried(t *testing.T) {
	s := setUp(t)
	page := s.sit(t, "zhang").get(t, "/console/talks/"+string(talkOne)).body
	for _, want := range []string{"<b>支付宝刷脸</b>：通过", "<b>对公汇款</b>：等客户，不对 2 次", "前有效，T1"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page of a talk does not say %q", want)
		}
	}
}
