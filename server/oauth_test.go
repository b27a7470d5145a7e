package server

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"

	"certdesk/bot/wechat/wechattest"
	"certdesk/flows"
)

// A link that was forwarded, opened inside WeChat by its applicant and by
// somebody else.

// telephone is the browser inside WeChat.
type telephone struct{}

func (telephone) RoundTrip(r *http.Request) (*http.Response, error) {
	r.Header.Set("User-Agent", "Mozilla/5.0 (iPhone) MicroMessenger/8.0.50")
	return http.DefaultTransport.RoundTrip(r)
}

// phone is the browser of this person's WeChat.
func (c *citizen) phone() *http.Client {
	jar, err := cookiejar.New(nil)
	if err != nil {
		c.t.Fatal(err)
	}
	city, err := url.Parse(c.city)
	if err != nil {
		c.t.Fatal(err)
	}
	jar.SetCookies(city, []*http.Cookie{{Name: wechattest.PersonCookie, Value: c.OpenID, Path: "/"}})
	return &http.Client{Jar: jar, Transport: telephone{}}
}

func (c *citizen) opens(phone *http.Client, address string) (int, string) {
	c.t.Helper()
	got, err := phone.Get(address)
	if err != nil {
		c.t.Fatal(err)
	}
	return got.StatusCode, c.read(got)
}

func (c *citizen) read(got *http.Response) string {
	c.t.Helper()
	defer got.Body.Close()
	text, err := io.ReadAll(got.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	return string(text)
}

func TestALinkInsideWeChatIsItsApplicantsOnly(t *testing.T) {
	n := newTown(t)
	people := n.citizens(t)
	owner, other := people[0], people[1]
	owner.begins()
	link := n.base + owner.link()

	stranger := other.phone()
	if status, page := other.opens(stranger, link); status != http.StatusNotFound || !strings.Contains(page, "只能由本人打开") {
		t.Errorf("a forwarded link answers %d, want 404 and why\n%s", status, page)
	}
	owner.stays(func() {
		sent, err := stranger.PostForm(link, url.Values{"_page": {"register.account"}, "login": {other.Login}, "mobile": {other.Mobile}})
		if err != nil {
			t.Fatal(err)
		}
		if page := owner.read(sent); sent.StatusCode != http.StatusNotFound || !strings.Contains(page, "没有提交") {
			t.Errorf("a page sent by somebody else answers %d\n%s", sent.StatusCode, page)
		}
	})

	n.tells(t, "/world/faults", map[string]any{"partner": "wechat", "fault": wechattest.Snapshot, "times": 1}, nil)
	mine := owner.phone()
	if status, page := owner.opens(mine, link); status != http.StatusNotFound || !strings.Contains(page, "使用完整服务") {
		t.Errorf("a snapshot answers %d\n%s", status, page)
	}
	if status, page := owner.opens(mine, link); status != http.StatusOK || !strings.Contains(page, "登录名") {
		t.Fatalf("the applicant's own link answers %d\n%s", status, page)
	}
	_, sheet := owner.sheet(map[flows.Key]string{flows.KeyLogin: owner.Login, flows.KeyMobile: owner.Mobile})
	sent, err := mine.PostForm(link, sheet)
	if err != nil {
		t.Fatal(err)
	}
	if page := owner.read(sent); sent.StatusCode != http.StatusOK || strings.Contains(page, "没有提交") {
		t.Errorf("the applicant's own page answers %d\n%s", sent.StatusCode, page)
	}
	owner.reaches(flows.RegisterPerson)
}

func TestASignInThatNobodyBeganLeadsNowhere(t *testing.T) {
	n := newTown(t)
	c := n.citizens(t)[0]
	c.begins()
	phone := c.phone()
	if status, page := c.opens(phone, n.base+"/h5/oauth/wechat?code=stolen&state=guessed"); status != http.StatusNotFound || !strings.Contains(page, openAgain) {
		t.Errorf("a return without a beginning answers %d\n%s", status, page)
	}
	phone.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	away, err := phone.Get(n.base + c.link())
	if err != nil {
		t.Fatal(err)
	}
	c.read(away)
	to, err := url.Parse(away.Header.Get("Location"))
	if err != nil || to.Query().Get("state") == "" {
		t.Fatalf("the browser is sent to %s, %v", to, err)
	}
	if status, page := c.opens(phone, n.base+"/h5/oauth/wechat?code=stolen&state="+to.Query().Get("state")); status != http.StatusNotFound || !strings.Contains(page, openAgain) {
		t.Errorf("a code that WeChat did not give answers %d\n%s", status, page)
	}
}
