package server

import (
	"html"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"certdesk/flows"
)

// What comes to the pages and should not: links that are old, used or not
// ours, forms sent twice, and answers that break a rule.

func TestBadPages(t *testing.T) {
	n := newTown(t)
	people := n.citizens(t)
	people[0].begins()
	t.Run("links", people[0].in(t).badLinks)
	t.Run("answers", people[0].in(t).badAnswers)
	t.Run("button", people[0].in(t).button)
	t.Run("button of the step", people[2].in(t).resend)
	t.Run("twice", people[0].in(t).twice)
	t.Run("spent", people[0].in(t).spent)
	t.Run("identity number", people[1].in(t).wrongNumber)
}

// refused checks that a link is refused in words, by looking and by sending.
func (c *citizen) refused(path, why string) {
	c.t.Helper()
	for _, method := range []string{"GET", "POST"} {
		c.stays(func() {
			got, page := c.ask(c.t, method, path, url.Values{"_page": {"register.account"}, "login": {c.Login}, "mobile": {c.Mobile}}.Encode(), nil)
			if got.StatusCode != http.StatusNotFound || !strings.Contains(page, why) || !kind(page) {
				c.t.Errorf("%s = %d, want 404 and %q\n%s", method, got.StatusCode, why, page)
			}
			if got.Header.Get("Set-Cookie") != "" {
				c.t.Errorf("%s gave a seat", method)
			}
		})
	}
}

func (c *citizen) badLinks(t *testing.T) {
	good := c.link()
	c.clock.later(linkLife+time.Second, func() {
		c.refused(good, "链接已过期")
		if _, page := c.ask(t, "POST", good, "", nil); !strings.Contains(page, "这一页没有提交") {
			t.Errorf("who fills in for too long is not told that it was for nothing\n%s", page)
		}
	})
	at := len("/h5/s/")
	for i := at; i < len(good); i++ {
		other := byte('A')
		if good[i] == other {
			other = 'B'
		}
		// The last character carries bits that are not read.
		if flipped := good[:i] + string(other) + good[i+1:]; i < len(good)-1 {
			if _, err := c.links.read(linkPlace, flipped[at:]); err == nil {
				t.Errorf("a link with character %d changed was read", i-at)
			}
		}
	}
	c.refused(good[:at+9]+strings.Map(flip, good[at+9:at+10])+good[at+10:], "链接不完整")
	c.refused(good[:len(good)-4], "链接不完整")
	c.refused("/h5/s/"+strings.Repeat("A", 400), "链接不完整")
	c.refused("/h5/s/"+c.links.token(seatPlace, c.talk().ID, c.talk().Case.Entry, linkLife), "链接不完整")
	for _, path := range []string{"/h5/now", "/h5/face/F0", "/h5/terms/none", "/h5/nothing", "/", "/help"} {
		if got, page := c.ask(t, "GET", path, "", http.Header{"Accept": {"text/html"}}); got.StatusCode != http.StatusNotFound || !kind(page) {
			t.Errorf("GET %s = %d, want 404 and words\n%s", path, got.StatusCode, page)
		}
	}
	// A new link leads on, with everything where it was.
	if said := c.says("帮助"); !strings.Contains(said, "/h5/s/") {
		t.Errorf("no new link in %q", said)
	}
	if got, page := c.ask(t, "GET", c.link(), "", nil); got.StatusCode != http.StatusOK || !strings.Contains(page, "用户注册") {
		t.Errorf("the new link leads to %d\n%s", got.StatusCode, page)
	}
}

func flip(r rune) rune {
	if r == 'A' {
		return 'B'
	}
	return 'A'
}

// badAnswers are refused by name, and everything else that was typed stays.
func (c *citizen) badAnswers(t *testing.T) {
	for _, tt := range []struct{ login, mobile, why, kept string }{
		{"not a login", c.Mobile, "登录名请填手机号码或邮箱", c.Mobile},
		{c.Login, "1391234", "手机号码应为11位数字", "1391234"},
		{strings.Repeat("9", 3000), c.Mobile, "登录名请填手机号码或邮箱", c.Mobile},
		{`"><script>alert(1)</script>`, c.Mobile, "登录名请填手机号码或邮箱", `&#34;&gt;&lt;script&gt;`},
		{"👨‍👩‍👧‍👦", "\x00\x01", "登录名请填手机号码或邮箱", "👨‍👩‍👧‍👦"},
		{"", "", "请填写登录名", ""},
	} {
		c.stays(func() {
			got, page := c.sends(c.sheet(map[flows.Key]string{flows.KeyLogin: tt.login, flows.KeyMobile: tt.mobile}))
			if got.StatusCode != http.StatusOK || !strings.Contains(page, tt.why) || !strings.Contains(page, tt.kept) {
				t.Errorf("%.20q, %q = %d, want %q and %q kept\n%s", tt.login, tt.mobile, got.StatusCode, tt.why, tt.kept, page)
			}
			if strings.Contains(page, "<script") {
				t.Errorf("markup was believed\n%s", page)
			}
		})
	}
	path := c.link()
	for name, body := range map[string]string{"not a form": "%zz", "a hundred fields": strings.Repeat("a=1&", 50) + manyFields()} {
		c.stays(func() {
			if got, page := c.ask(t, "POST", path, body, nil); got.StatusCode != http.StatusBadRequest || !strings.Contains(page, "没有收下") || !kind(page) {
				t.Errorf("%s = %d, want 400 and words\n%s", name, got.StatusCode, page)
			}
		})
	}
}

func manyFields() string {
	form := url.Values{}
	for r := range 100 {
		form.Set("f"+strings.Repeat("x", r), "1")
	}
	return form.Encode()
}

// button presses a button of the page while its fields are filled: what was
// typed is still there afterwards.
func (c *citizen) button(t *testing.T) {
	c.stays(func() {
		path, sheet := c.sheet(map[flows.Key]string{flows.KeyLogin: c.Login, flows.KeyMobile: "13900000000", "_choice": "00000000"})
		got, page := c.sends(path, sheet)
		if got.StatusCode != http.StatusOK || !strings.Contains(page, c.Login) || !strings.Contains(page, "13900000000") {
			t.Errorf("a button and fields = %d, want what was typed\n%s", got.StatusCode, page)
		}
	})
}

var resendButton = regexp.MustCompile(`name="_choice" value="(\d+)"[^>]*>重新获取验证码`)

// resend asks for another SMS from the middle of a page: the names are still
// there, the secrets are not.
func (c *citizen) resend(t *testing.T) {
	c.says("企业证书")
	c.says("我知道了")
	c.fills(map[flows.Key]string{flows.KeyLogin: c.Login, flows.KeyMobile: c.Mobile})
	c.reaches(flows.RegisterCompany)
	const org, begun = "杭州某某信息科技有限公司", "杭州某某信息"
	path, sheet := c.sheet(map[flows.Key]string{
		flows.KeyOrgName: org, flows.KeyOrgName2: begun, flows.KeyPassword: c.Password, flows.KeyPassword2: c.Password, flows.KeyCode: "246813",
	})
	_, page := c.ask(t, "GET", path, "", nil)
	button := resendButton.FindStringSubmatch(page)
	if button == nil {
		t.Fatalf("no button\n%s", page)
	}
	sheet.Set("_choice", button[1])
	c.stays(func() {
		got, page := c.sends(path, sheet)
		if got.StatusCode != http.StatusOK || !strings.Contains(page, `value="`+org+`"`) || !strings.Contains(page, `value="`+begun+`"`) {
			t.Errorf("the button = %d, want what was typed\n%s", got.StatusCode, page)
		}
		if strings.Contains(page, c.Password) || strings.Contains(page, "246813") {
			t.Errorf("a secret is on the page\n%s", page)
		}
	})
}

// twice sends one filled page again and again, at once too: it is one event,
// with one answer.
func (c *citizen) twice(t *testing.T) {
	path, sheet := c.sheet(map[flows.Key]string{flows.KeyLogin: c.Login, flows.KeyMobile: c.Mobile})
	opened, _ := c.ask(t, "GET", path, "", nil)
	browser := http.Header{"Content-Type": {"application/x-www-form-urlencoded"}, "Cookie": {strings.Join(opened.Header.Values("Set-Cookie"), "; ")}}
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			got, page := c.ask(t, "POST", path, sheet.Encode(), browser)
			if got.StatusCode != http.StatusSeeOther || got.Header.Get("Location") != "/h5/now" {
				t.Errorf("sent again = %d to %q\n%s", got.StatusCode, got.Header.Get("Location"), page)
			}
		})
	}
	all.Wait()
	c.reaches(flows.RegisterPerson)
	c.wait(t, "the SMS", func() bool { return len(c.texts()) > 0 })
	if codes := c.texts(); len(codes) != 1 {
		t.Errorf("one page, sent eight times, brought %d SMS", len(codes))
	}
	if n := strings.Count(c.heard(), "（提交页面 register.account）"); n != 1 {
		t.Errorf("one page is %d times in the transcript", n)
	}
}

// spent uses a link when its step is over.
func (c *citizen) spent(t *testing.T) {
	path, sheet := c.sheet(c.account())
	wrong := maps.Clone(sheet)
	wrong.Set("code", "12345")
	c.stays(func() {
		if got, page := c.sends(path, wrong); got.StatusCode != http.StatusOK || !strings.Contains(page, "6位数字") || strings.Contains(page, c.Password) {
			t.Errorf("a short code = %d\n%s", got.StatusCode, page)
		}
	})
	if got, page := c.sends(path, sheet); got.StatusCode != http.StatusSeeOther {
		t.Fatalf("the page was refused: %d\n%s", got.StatusCode, page)
	}
	c.reaches(flows.PersonStart)
	c.stays(func() {
		if got, page := c.ask(t, "GET", path, "", nil); got.StatusCode != http.StatusNotFound || !strings.Contains(page, "这一步已经完成") || !kind(page) {
			t.Errorf("a used link shows %d\n%s", got.StatusCode, page)
		}
		sheet.Set("_nonce", "another")
		got, page := c.sends(path, sheet) // by whoever the link was forwarded to
		if got.StatusCode != http.StatusNotFound || !strings.Contains(page, "这一步已经完成") || got.Header.Get("Set-Cookie") != "" {
			t.Errorf("a used link lets a stranger in: %d %s\n%s", got.StatusCode, got.Header.Get("Set-Cookie"), page)
		}
		press := url.Values{"_choice": {"1"}, "_nonce": {"third"}}
		if got, _ := c.sends(path, press); got.StatusCode != http.StatusNotFound {
			t.Errorf("a used link presses buttons: %d", got.StatusCode)
		}
	})
	if n := c.count(t, "SELECT count(*) FROM account"); n != 1 {
		t.Errorf("%d accounts", n)
	}
}

// wrongNumber is refused with its rule; what was typed stays on the page and
// goes nowhere else.
func (c *citizen) wrongNumber(t *testing.T) {
	c.registers()
	c.consents()
	for typed, why := range map[string]string{
		c.IDNumber[:17] + "1":     "最后一位校验不对",
		"11010519991331" + "002X": "不是有效的出生日期",
		"990105194912310" + "02X": "不是有效的省份代码",
		"1101054912310" + "02":    "15位身份证已停用",
		"１１０１０５１９４９１２３１００２":       "身份证号应为18位",
		"我没有身份证":                  "身份证号应为18位",
	} {
		c.stays(func() {
			got, page := c.sends(c.sheet(map[flows.Key]string{flows.KeyName: c.Name, flows.KeyIDNumber: typed}))
			if got.StatusCode != http.StatusOK || !strings.Contains(page, why) {
				t.Errorf("%s = %d, want %q\n%s", typed, got.StatusCode, why, page)
			}
			if !strings.Contains(page, html.EscapeString(typed)) || !strings.Contains(page, c.Name) {
				t.Errorf("%s: what was typed is gone\n%s", typed, page)
			}
		})
		for place, text := range map[string]string{"log": c.log.String(), "transcript": c.heard()} {
			if strings.Contains(text, typed) || strings.Contains(text, c.Name) {
				t.Errorf("%s is in the %s", typed, place)
			}
		}
	}
	c.proves()
}
