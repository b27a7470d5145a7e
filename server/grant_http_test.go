package server

import (
	"html"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"certdesk/flows"
)

// namesCompany walks a handler who is proved to the question how the company is
// to be.
func (c *citizen) namesCompany() {
	c.t.Helper()
	c.says("企业证书")
	c.says("我知道了")
	c.fills(map[flows.Key]string{flows.KeyLogin: c.Login, flows.KeyMobile: c.Mobile})
	account := c.account()
	account[flows.KeyOrgName], account[flows.KeyOrgName2] = c.Company.Name, c.Company.Name
	c.fills(account)
	c.reaches(flows.PersonStart)
	c.consents()
	c.showsFace()
	c.reaches(flows.CompanyPage)
	c.fills(map[flows.Key]string{flows.KeyCreditCode: c.Company.Code})
	c.reaches(flows.CompanyMethod)
}

// awaitsGrant walks a company to the code for the holder of its Alipay account,
// and returns the address in it.
func (c *citizen) awaitsGrant() string {
	c.t.Helper()
	c.namesCompany()
	c.says("企业支付宝")
	c.says("同意")
	c.reaches(flows.CompanyGrant)
	return c.talk().Case.Form.Text(flows.KeyGrantURL)
}

var alipayLogin = regexp.MustCompile(`href="(http[^"]*publicAppAuthorize[^"]*)"`)

// otherBrowser is somebody's, who is not asked by WeChat who they are.
func otherBrowser(t *testing.T) *http.Client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &http.Client{Jar: jar}
}

// agreed logs the company in at Alipay, and returns where Alipay leads back to.
func (c *citizen) agreed(login string) string {
	c.t.Helper()
	still := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	got, err := still.PostForm(html.UnescapeString(login), url.Values{"user": {c.Company.Alipay}})
	if err != nil {
		c.t.Fatal(err)
	}
	got.Body.Close()
	return got.Header.Get("Location")
}

// TestAGrantIsOfWhoeverWasAsked lets a holder agree at Alipay: only the browser
// that was shown who asks can bring the answer, once, and WeChat is shown no way
// to Alipay.
func TestAGrantIsOfWhoeverWasAsked(t *testing.T) {
	n := newTown(t)
	c := n.citizens(t)[0]
	address := c.awaitsGrant()

	if _, page := c.opens(&http.Client{Transport: telephone{}}, address); alipayLogin.MatchString(page) || !strings.Contains(page, "在浏览器打开") {
		t.Errorf("inside WeChat the page leads to Alipay, or does not say how to go on\n%s", page)
	}
	holder := otherBrowser(t)
	_, page := c.opens(holder, address)
	login := alipayLogin.FindStringSubmatch(page)
	if login == nil || !strings.Contains(page, c.Company.Name) || strings.Contains(page, c.Name) {
		t.Fatalf("the page does not say who asks for what\n%s", page)
	}
	back := c.agreed(login[1])
	c.stays(func() {
		for name, other := range map[string]*http.Client{"another browser": otherBrowser(t), "a browser without cookies": {}} {
			if status, page := c.opens(other, back); status != http.StatusNotFound || !strings.Contains(page, "没有授权成功") {
				t.Errorf("%s brings the answer: %d\n%s", name, status, page)
			}
		}
		if status, _ := c.opens(holder, strings.Replace(back, "state=", "state=x", 1)); status != http.StatusNotFound {
			t.Errorf("another state is answered with %d, want 404", status)
		}
		if _, page := c.opens(holder, strings.Replace(back, "auth_code=", "auth_code=x", 1)); !strings.Contains(page, "没有授权成功") || !strings.Contains(page, "重新授权") {
			t.Errorf("an invented code: %s", page)
		}
	})
	for range 2 { // the same address, opened again
		if status, page := c.opens(holder, back); status != http.StatusOK || !strings.Contains(page, "授权成功") {
			t.Fatalf("the holder's answer: %d\n%s", status, page)
		}
	}
	c.reaches(flows.ServiceChoose)
	if _, page := c.opens(holder, address); !strings.Contains(page, "授权成功") {
		t.Errorf("the code, after the proof: %s", page)
	}
	if status, page := c.opens(holder, n.base+"/h5/grant/Gunknown"); status != http.StatusNotFound || !strings.Contains(page, "已失效") {
		t.Errorf("no code of ours: %d\n%s", status, page)
	}
}
