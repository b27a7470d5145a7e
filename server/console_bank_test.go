package server

import (
	"bytes"
	"fmt"
	"html"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"

	"certdesk/flows"
	"certdesk/server/bank"
	"certdesk/server/desk"
	"certdesk/server/desk/desktest"
)

// The page of the bank's statement, on a real ledger.

const (
	ourAccount = "33001616781053000001"
	someOrg    = "杭州青枫信息科技有限公司"
)

// till is a desk in whose ledger one organisation waits for its cent.
type till struct {
	*setting
	talk   desk.TalkID
	opened flows.TransferOpened
}

func setUpTill(t *testing.T) till {
	t.Helper()
	s := setUp(t)
	book := s.http.Book
	talk := desktest.NewTalk(t, book, "openid")
	desktest.Save(t, book, talk, "page", flows.CompanyPage, string(flows.KeyOrgName), someOrg, string(flows.KeyCreditCode), "91330106MA0000015K")
	ref := desktest.Ref(talk, "open")
	if err := book.OpenTransfer(t.Context(), ref, flows.Payee{Name: "某认证", Account: ourAccount, Bank: "某银行"}, s.now().Add(-time.Hour)); err != nil {
		t.Fatal(err)
	}
	s.cases[talk] = flows.Case{At: flows.CompanyTransfer, Form: flows.Form{flows.KeyOrgName: flows.Conceal(someOrg)}}
	return till{s, talk, desktest.Answer(t, book, ref).(flows.TransferOpened)}
}

func (s till) proved(t *testing.T) bool {
	t.Helper()
	return desktest.Facts(t, s.http.Book, s.talk).CompanyVerified
}

// csv is a statement with lines of one cent: a reference, a payer, and our account.
func (s till) csv(lines ...[3]string) string {
	var b strings.Builder
	b.WriteString("交易时间,收入,对方户名,对方账号,账号,流水号\n")
	for _, l := range lines {
		b.WriteString(s.now().In(flows.Beijing).Format(time.DateTime) + ",0.01," + l[1] + ",1202022719900000001," + l[2] + "," + l[0] + "\n")
	}
	return b.String()
}

// upload sends a statement as the form of the page does.
func (b browser) upload(t *testing.T, token, text string) answer {
	t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	w, err := form.CreateFormFile("file", "流水.csv")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := form.WriteField("token", token); err != nil {
		t.Fatal(err)
	}
	if err := form.Close(); err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodPost, "/console/bank/statements", &body)
	r.Header.Set("Content-Type", form.FormDataContentType())
	r.AddCookie(b.cookie)
	return b.send(t, r)
}

// decides sends a form about a line.
func (b browser) decides(t *testing.T, what, ref, proof, why string) answer {
	t.Helper()
	form := url.Values{"token": {b.token}, "ref": {ref}, "proof": {proof}, "why": {why}}
	return b.ask(t, "POST", "/console/bank/"+what, form, nil, b.cookie)
}

var proofOption = regexp.MustCompile(`<option value="([^"]+)"`)

func TestASupervisorBringsAStatement(t *testing.T) {
	s := setUpTill(t)
	zhang := s.sit(t, "zhang")
	text := s.csv([3]string{"R1", someOrg, s.opened.To.Account}, [3]string{"R2", "王小明", ourAccount})
	first := zhang.upload(t, zhang.token, text)
	if first.status != fiber.StatusOK || !strings.Contains(first.body, "读到 2 笔收款；1 笔通过认证；1 笔没有人在等。") || !s.proved(t) {
		t.Errorf("the first time: %d, proved %t:\n%s", first.status, s.proved(t), first.body)
	}
	for _, secret := range []string{"王小明", "1202022719900000001", ourAccount} {
		if strings.Contains(first.body, secret) {
			t.Errorf("the page shows %s", secret)
		}
	}
	if again := zhang.upload(t, zhang.token, text); !strings.Contains(again.body, "读到 2 笔收款；2 笔以前登记过。") {
		t.Errorf("the second time: %s", again.body)
	}
}

func TestAStatementThatCannotBeRead(t *testing.T) {
	s := setUpTill(t)
	zhang := s.sit(t, "zhang")
	for name, tt := range map[string]struct {
		text, words string
		status      int
	}{
		"a bad line":      {s.csv([3]string{"R1", someOrg, s.opened.To.Account}) + "没有日期,0.01,甲,1,,R2\n", "第 3 行：日期读不出来。请核对这一行，或重新导出。没有登记任何一笔。", fiber.StatusUnprocessableEntity},
		"another account": {s.csv([3]string{"R1", someOrg, "6222"}), "不是我方收款账户", fiber.StatusUnprocessableEntity},
		"too long":        {strings.Repeat(" ", bank.MaxFile+1), "文件太大", fiber.StatusUnprocessableEntity},
	} {
		if got := zhang.upload(t, zhang.token, tt.text); got.status != tt.status || !strings.Contains(got.body, tt.words) {
			t.Errorf("%s: %d without %q", name, got.status, tt.words)
		}
	}
	if s.proved(t) {
		t.Error("a line of a file that was refused has counted")
	}
}

func TestOnlyASupervisorDecidesAboutMoney(t *testing.T) {
	s := setUpTill(t)
	zhang, li := s.sit(t, "zhang"), s.sit(t, "li")
	text := s.csv([3]string{"R1", someOrg, s.opened.To.Account})
	if got := li.get(t, "/console/bank"); got.status != fiber.StatusForbidden || !strings.Contains(got.body, "由主管核对") {
		t.Errorf("an agent sees the statement: %d", got.status)
	}
	if strings.Contains(li.get(t, "/console/").body, "银行流水") || !strings.Contains(zhang.get(t, "/console/").body, "银行流水") {
		t.Error("the way to the statement is shown to the wrong people")
	}
	if got := li.upload(t, li.token, text); got.status != fiber.StatusForbidden {
		t.Errorf("an agent brings a statement: %d", got.status)
	}
	if got := zhang.upload(t, li.token, text); got.status != fiber.StatusForbidden {
		t.Errorf("a form that we did not draw brings a statement: %d", got.status)
	}
	if got := li.decides(t, "match", "R1", "T1", "因为"); got.status != fiber.StatusForbidden {
		t.Errorf("an agent matches a line: %d", got.status)
	}
	if s.proved(t) {
		t.Error("a statement that was refused has proved a company")
	}
}

// TestOthersKeepToTheUsualLimit asks what may be sent before it is sent.
func TestOthersKeepToTheUsualLimit(t *testing.T) {
	s := setUpTill(t)
	zhang, li := s.sit(t, "zhang"), s.sit(t, "li")
	for _, tt := range []struct {
		name, method, path string
		cookie             *http.Cookie
		long               bool
	}{
		{"a supervisor's statement", "POST", "/console/bank/statements", zhang.cookie, true},
		{"an agent's", "POST", "/console/bank/statements", li.cookie, false},
		{"nobody's", "POST", "/console/bank/statements", &http.Cookie{Name: consoleCookie, Value: "x"}, false},
		{"a supervisor's elsewhere", "POST", "/console/bank/match", zhang.cookie, false},
		{"a supervisor's look", "GET", "/console/bank/statements", zhang.cookie, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var h fasthttp.RequestHeader
			h.SetMethod(tt.method)
			h.SetRequestURI(tt.path)
			h.SetCookie(consoleCookie, tt.cookie.Value)
			if got := s.http.allowed(&h); (got.MaxRequestBodySize > bank.MaxFile) != tt.long || (got.MaxRequestBodySize != 0) != tt.long {
				t.Errorf("%d bytes are allowed, want more than the usual: %t", got.MaxRequestBodySize, tt.long)
			}
		})
	}
}

func TestDecisionsAboutLines(t *testing.T) {
	s := setUpTill(t)
	zhang := s.sit(t, "zhang")
	got := zhang.upload(t, zhang.token, s.csv([3]string{"R1", someOrg, ourAccount}, [3]string{"R2", "路过的贸易公司", ourAccount}))
	option := proofOption.FindStringSubmatch(got.body)
	if option == nil || s.proved(t) {
		t.Fatalf("nobody is proposed for the line, or it was matched by the name: %s", got.body)
	}
	proof := option[1]
	for _, tt := range []struct {
		name, what, ref, proof, why string
		status                      int
		words                       string
	}{
		{"no reason", "match", "R1", proof, " ", fiber.StatusUnprocessableEntity, "请写一句理由"},
		{"a stranger's money", "match", "R2", proof, "因为", fiber.StatusConflict, "对不上"},
		{"a line that is not there", "match", "R9", proof, "因为", fiber.StatusConflict, "没有这一笔"},
		{"the right one", "match", "R1", proof, "<b>核对过</b>", fiber.StatusSeeOther, ""},
		{"the right one again", "match", "R1", proof, "因为", fiber.StatusConflict, "已经处理过"},
	} {
		if got := zhang.decides(t, tt.what, tt.ref, tt.proof, tt.why); got.status != tt.status || !strings.Contains(got.body, tt.words) {
			t.Errorf("%s: %d without %q", tt.name, got.status, tt.words)
		}
	}
	page := zhang.get(t, "/console/bank").body
	if !s.proved(t) || !strings.Contains(page, "zhang 对上：&lt;b&gt;核对过&lt;/b&gt;") {
		t.Errorf("proved %t, or the reason is not shown as text:\n%s", s.proved(t), page)
	}
	if got := zhang.decides(t, "unmatch", "R1", "", "弄错了"); got.status != fiber.StatusSeeOther || s.proved(t) {
		t.Errorf("unmatch: %d, proved %t", got.status, s.proved(t))
	}
}

func TestAStatementInABrowser(t *testing.T) {
	ctx := chromium(t)
	s := setUpTill(t)
	home := s.serve(t) + "/console/"
	file := filepath.Join(t.TempDir(), "statement.csv")
	if err := os.WriteFile(file, []byte(s.csv([3]string{"R1", someOrg, ourAccount}, [3]string{"R2", "路过的贸易有限公司", ourAccount})), 0o600); err != nil {
		t.Fatal(err)
	}
	line := `[data-ref="R1"]`
	err := chromedp.Do(ctx,
		chromedp.EmulateViewport(1280, 800), chromedp.Navigate(home), wait("#name"),
		keys("#name", "zhang"), keys("#password", "open-zhang"), press("button"), wait("#live.on"),
		press(`a[href="/console/bank"]`), wait("#file"),
		chromedp.SetUploadFiles(chromedp.CSS("#file"), []string{file}), press(".upload button"), wait(".done"), wait(line+".ambiguous"),
		photograph("bank"),
		keys(line+` form[action$="/match"] input[name="why"]`, "网银里核对过付款账号"), press(line+` form[action$="/match"] button`),
		wait(line+".matched"), meanwhile(func() {
			if !s.proved(t) {
				t.Error("the company is not proved")
			}
		}),
		photograph("bank-matched"),
		keys(line+` form[action$="/unmatch"] input[name="why"]`, "弄错了"), press(line+` form[action$="/unmatch"] button`),
		wait(line+".unmatched"), photograph("bank-unmatched"),
	)
	if err != nil {
		t.Fatalf("browser: %v", err)
	}
	if s.proved(t) {
		t.Error("the company is still proved")
	}
}

// TestLinesAreLeafedThrough brings more lines than a page shows, follows the
// page's own links to the last, and looks for one.
func TestLinesAreLeafedThrough(t *testing.T) {
	s := setUpTill(t)
	zhang := s.sit(t, "zhang")
	var lines [][3]string
	for i := range 75 {
		lines = append(lines, [3]string{fmt.Sprintf("LEAF%02d", i), fmt.Sprintf("宁波%02d商行", i), ourAccount})
	}
	page := zhang.upload(t, zhang.token, s.csv(lines...)).body
	seen := map[string]bool{}
	for pages := 1; ; pages++ {
		for _, m := range leafed.FindAllStringSubmatch(page, -1) {
			if seen[m[1]] {
				t.Errorf("%s is shown twice", m[1])
			}
			seen[m[1]] = true
		}
		more := olderLines.FindStringSubmatch(page)
		if more == nil {
			if pages != 3 || len(seen) != 75 {
				t.Errorf("%d lines on %d pages, want 75 on 3", len(seen), pages)
			}
			break
		}
		page = zhang.get(t, html.UnescapeString(more[1])).body
	}
	found := zhang.get(t, "/console/bank?"+url.Values{"q": {"宁波42商行"}}.Encode()).body
	if got := leafed.FindAllString(found, -1); len(got) != 1 || !strings.Contains(found, "LEAF42") || !strings.Contains(found, "返回全部流水") {
		t.Errorf("looking for one line shows %d:\n%s", len(got), found)
	}
	if got := zhang.get(t, "/console/bank?pile=nobodys&after=x/y"); got.status != fiber.StatusSeeOther {
		t.Errorf("a mark that is none = %d, want the first page", got.status)
	}
	if got := zhang.get(t, "/console/bank?pile=secret&after=1/x"); got.status != fiber.StatusOK || leafed.MatchString(got.body) {
		t.Errorf("a pile that is none = %d with lines, want none", got.status)
	}
}

var (
	leafed     = regexp.MustCompile(`data-ref="(LEAF\d+)"`)
	olderLines = regexp.MustCompile(`<a href="([^"]+)">更早的</a>`)
)
