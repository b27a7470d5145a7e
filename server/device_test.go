package server

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"certdesk/flows"
)

// A link that two browsers have, outside of WeChat.

// TestALinkOpensInOneBrowser forwards a link that its applicant has opened: it
// opens nowhere else, and goes on where it was opened.
func TestALinkOpensInOneBrowser(t *testing.T) {
	n := newTown(t)
	c := n.citizens(t)[0]
	c.begins()
	link := n.base + c.link()
	mine, other := otherBrowser(t), otherBrowser(t)
	if status, page := c.opens(mine, link); status != http.StatusOK || !strings.Contains(page, "登录名") {
		t.Fatalf("the first browser gets %d\n%s", status, page)
	}
	refused := func(where string, status int, page string) {
		t.Helper()
		if status != http.StatusNotFound || !strings.Contains(page, "已经在另一台设备上打开") || !kind(page) {
			t.Errorf("%s answers %d, want it refused in words\n%s", where, status, page)
		}
	}
	status, page := c.opens(other, link)
	refused("another browser", status, page)
	for _, spelt := range c.spellings(link) {
		status, page = c.opens(other, spelt)
		refused("another spelling of the link", status, page)
	}
	_, sheet := c.sheet(map[flows.Key]string{flows.KeyLogin: c.Login, flows.KeyMobile: c.Mobile})
	c.stays(func() {
		status, page := c.submits(other, link, sheet)
		refused("what another browser sends in", status, page)
		if status, page := c.opens(other, n.base+"/h5/now"); status != http.StatusNotFound {
			t.Errorf("who was refused has a seat: %d\n%s", status, page)
		}
	})
	if status, page := c.opens(mine, link); status != http.StatusOK {
		t.Errorf("the first browser gets %d the second time\n%s", status, page)
	}
	if status, page := c.submits(mine, link, sheet); status != http.StatusOK || strings.Contains(page, "没有提交") {
		t.Errorf("what the first browser sends in answers %d\n%s", status, page)
	}
	c.reaches(flows.RegisterPerson)
	if status, page := c.opens(mine, n.base+"/h5/now"); status != http.StatusOK || !strings.Contains(page, "验证码") {
		t.Errorf("the first browser does not go on: %d\n%s", status, page)
	}
}

// spellings are other addresses that say the same: the last character carries
// bits that are not read.
func (c *citizen) spellings(link string) (others []string) {
	c.t.Helper()
	for _, last := range "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_" {
		spelt := link[:len(link)-1] + string(last)
		if _, err := c.links.read(linkPlace, strings.TrimPrefix(spelt, c.base+pagePath)); err == nil && spelt != link {
			others = append(others, spelt)
		}
	}
	if len(others) == 0 {
		c.t.Fatal("the link has no other spelling")
	}
	return others
}

func (c *citizen) submits(browser *http.Client, address string, sheet url.Values) (int, string) {
	c.t.Helper()
	sent, err := browser.PostForm(address, sheet)
	if err != nil {
		c.t.Fatal(err)
	}
	return sent.StatusCode, c.read(sent)
}

// TestGoingOnAtTheComputer opens a page in a telephone and goes on at a computer,
// by a new link from the chat and by the one on the page.
func TestGoingOnAtTheComputer(t *testing.T) {
	n := newTown(t, "WECHAT_OAUTH=false")
	c := n.citizens(t)[0]
	c.registers()
	c.consents()
	c.fills(map[flows.Key]string{flows.KeyName: c.Name, flows.KeyIDNumber: c.IDNumber})
	c.reaches(flows.PersonScan)
	telephone := c.phone()
	link := n.base + c.link()
	status, page := c.opens(telephone, link)
	carried := regexp.MustCompile(`id="carry-link" type="text" value="([^"]+)"`).FindStringSubmatch(page)
	if status != http.StatusOK || carried == nil {
		t.Fatalf("inside WeChat, which is not asked, there is no address for the computer: %d\n%s", status, page)
	}
	computer := otherBrowser(t)
	if status, _ := c.opens(computer, link); status != http.StatusNotFound {
		t.Errorf("the telephone's link answers %d at the computer", status)
	}
	for _, fresh := range []string{carried[1], n.base + c.link()} {
		if status, page := c.opens(otherBrowser(t), fresh); status != http.StatusOK || !strings.Contains(page, "二维码") {
			t.Errorf("a new link answers %d at the computer\n%s", status, page)
		}
	}
	if status, _ := c.opens(telephone, link); status != http.StatusOK {
		t.Errorf("the telephone lost its page: %d", status)
	}
}

// TestAGlanceTakesNoLink looks at a link as what draws previews does: without
// keeping a cookie, or without reading.
func TestAGlanceTakesNoLink(t *testing.T) {
	n := newTown(t)
	c := n.citizens(t)[0]
	c.begins()
	link := n.base + c.link()
	preview := &http.Client{} // follows where it is sent, and keeps nothing
	if status, page := c.opens(preview, link); status != http.StatusNotFound || !strings.Contains(page, "不保存网站数据") || strings.Contains(page, "登录名") || !kind(page) {
		t.Errorf("a preview gets %d\n%s", status, page)
	}
	scanner := otherBrowser(t)
	if got, err := scanner.Head(link); err != nil || got.StatusCode != http.StatusOK || len(got.Cookies()) > 0 {
		t.Errorf("a HEAD is answered %v, %v", got, err)
	}
	c.stays(func() {
		_, sheet := c.sheet(map[flows.Key]string{flows.KeyLogin: c.Login, flows.KeyMobile: c.Mobile})
		if status, page := c.submits(preview, link, sheet); status != http.StatusNotFound || !strings.Contains(page, "这一页没有提交") || !kind(page) {
			t.Errorf("a form without a cookie gets %d\n%s", status, page)
		}
	})
	if status, page := c.opens(otherBrowser(t), link); status != http.StatusOK || !strings.Contains(page, "登录名") {
		t.Errorf("the applicant gets %d after the previews\n%s", status, page)
	}
}

// TestOneOfManyBrowsersTakesALink opens a link in many at once.
func TestOneOfManyBrowsersTakesALink(t *testing.T) {
	n := newTown(t)
	c := n.citizens(t)[0]
	c.begins()
	link := n.base + c.link()
	var opened atomic.Int32
	var all sync.WaitGroup
	for range 12 {
		browser := otherBrowser(t)
		all.Go(func() {
			if status, page := c.opens(browser, link); status == http.StatusOK {
				opened.Add(1)
			} else if !strings.Contains(page, "已经在另一台设备上打开") {
				t.Errorf("a browser that came second gets %d\n%s", status, page)
			}
		})
	}
	all.Wait()
	if opened.Load() != 1 {
		t.Errorf("%d browsers opened one link", opened.Load())
	}
}

// TestALinkThatLivesForDaysIsOneBrowsersToo opens what a template carries, again
// after a day.
func TestALinkThatLivesForDaysIsOneBrowsersToo(t *testing.T) {
	n := newTown(t)
	c := n.citizens(t)[0]
	c.begins()
	link := n.links.status(c.talk().ID)
	mine := otherBrowser(t)
	if status, page := c.opens(mine, link); status != http.StatusOK {
		t.Fatalf("the link answers %d\n%s", status, page)
	}
	n.clock.later(20*time.Hour, func() {
		if status, page := c.opens(otherBrowser(t), link); status != http.StatusNotFound || !strings.Contains(page, "另一台设备") {
			t.Errorf("a day later another browser gets %d\n%s", status, page)
		}
		if status, page := c.opens(mine, link); status != http.StatusOK {
			t.Errorf("a day later the first browser gets %d\n%s", status, page)
		}
	})
}

// TestWhoseALinkIsMustBeKnown spoils what is kept of a link: where nobody can
// tell whose it is, nothing is shown.
func TestWhoseALinkIsMustBeKnown(t *testing.T) {
	n := newTown(t)
	c := n.citizens(t)[0]
	c.begins()
	link := c.link()
	k, err := n.links.read(linkPlace, strings.TrimPrefix(link, pagePath))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := n.embedded.Push("certdesk:link:"+k.id, "not a browser"); err != nil {
		t.Fatal(err)
	}
	if got, page := c.ask(t, "GET", link, "", http.Header{"Accept": {"text/html"}}); got.StatusCode != http.StatusInternalServerError ||
		strings.Contains(page, "登录名") || got.Header.Get("Set-Cookie") != "" || !kind(page) {
		t.Errorf("a link of nobody knows whom answers %d, %s\n%s", got.StatusCode, got.Header.Get("Set-Cookie"), page)
	}
}
