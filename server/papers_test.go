package server

import (
	"bytes"
	"mime/multipart"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/valyala/fasthttp"

	"certdesk/flows"
	"certdesk/server/ledger"
)

// TestPapersComeWithAPage has somebody without an identity card send bad files,
// good ones with a page that is refused, and a page that is good, and two
// members of staff look at what came.
func TestPapersComeWithAPage(t *testing.T) {
	t.Parallel()
	n := newTown(t)
	c := n.citizens(t)[1]
	c.registers()
	c.says("立即实名")
	c.says("持其他证件")
	c.says("护照")
	c.reaches(flows.PersonPapers)
	filled := map[flows.Key]string{flows.KeyName: "JOHN DOE", flows.KeyPaperNumber: "E1234567", flows.KeyConsent: "on"}

	for _, tt := range []struct {
		name, want string
		status     int
		files      [][]byte
	}{
		{"nothing", "请至少上传一份", 200, nil},
		{"a text", "第1份打不开", 200, [][]byte{[]byte("<script>alert(1)</script>")}},
		{"a picture that is none", "第1份打不开", 200, [][]byte{append([]byte("\x89PNG\r\n\x1a\n"), make([]byte, 100)...)}},
		{"a file too large", "第1份超过 8 MB", 200, [][]byte{make([]byte, largestFile+1)}},
	} {
		c.stays(func() {
			if status, page := c.uploads(filled, tt.files...); status != tt.status || !strings.Contains(page, tt.want) {
				t.Errorf("%s = %d, want %d and %q\n%s", tt.name, status, tt.status, tt.want, page)
			}
		})
	}
	_, page := c.ask(t, "GET", c.link(), "", nil)
	filled["_choice"] = otherPaper.FindStringSubmatch(page)[1] // leaves the page, whatever stands in it
	if status, page := c.uploads(filled, []byte("no picture")); status != http.StatusSeeOther {
		t.Errorf("a button beside a bad file = %d, want 303\n%s", status, page)
	}
	c.reaches(flows.PersonPaper)
	c.says("护照")
	c.reaches(flows.PersonPapers)
	delete(filled, "_choice")
	delete(filled, flows.KeyConsent)
	if _, page := c.uploads(filled, photo(t), []byte("%PDF-1.7\nx\n%%EOF\n")); !strings.Contains(page, "请先阅读并同意") || !strings.Contains(page, "已收到 2 份") || !strings.Contains(page, `value="JOHN DOE"`) {
		t.Errorf("a page refused for something else does not keep what came:\n%s", page)
	}
	filled[flows.KeyConsent] = "on"
	if status, page := c.uploads(filled); status != http.StatusSeeOther {
		t.Fatalf("the page = %d, want 303: the files have come\n%s", status, page)
	}
	c.reaches(flows.PersonReviewing)
	var reviews []ledger.Review
	c.wait(t, "the papers to lie before staff", func() bool {
		var err error
		reviews, err = c.book.Reviews(t.Context())
		return err == nil && len(reviews) == 1 && len(reviews[0].Papers) == 2
	})
	for _, by := range []ledger.Staff{{Name: "li", Role: RoleAgent}, {Name: "zhang", Role: RoleSupervisor}} {
		if err := c.book.Judge(t.Context(), reviews[0].Number, 2, ledger.Right, by, "一致", c.now()); err != nil {
			t.Fatal(err)
		}
	}
	c.reaches(flows.ServiceChoose)
}

var otherPaper = regexp.MustCompile(`name="_choice" value="(\d+)"[^>]*>换一种证件`)

// TestLargeBodies lets files through with a link of ours, ten times a minute.
func TestLargeBodies(t *testing.T) {
	t.Parallel()
	n := newTown(t)
	c := n.citizens(t)[0]
	most := func(method, path, kind string) int {
		var h fasthttp.RequestHeader
		h.SetMethod(method)
		h.SetRequestURI(path)
		h.SetContentType(kind)
		return n.allowed(&h).MaxRequestBodySize
	}
	const files = "multipart/form-data; boundary=x"
	for path, kind := range map[string]string{
		"/h5/s/" + strings.Repeat("A", 80): files, c.link() + "A": files, c.link(): "application/x-www-form-urlencoded",
		"/wechat": files, "/console/bank/statements": files,
	} {
		if got := most("POST", path, kind); got != 0 {
			t.Errorf("%s %s may bring %d bytes, want no more than anything else", kind, path, got)
		}
	}
	for range filesAMinute {
		if got := most("POST", c.link(), files); got < allFiles {
			t.Fatalf("a page with files may bring %d bytes, want %d", got, allFiles)
		}
	}
	if got := most("POST", c.link(), files); got != 0 {
		t.Errorf("form %d of a minute may bring %d bytes", filesAMinute+1, got)
	}
}

// uploads sends the present page in with files, as a browser does.
func (c *citizen) uploads(filled map[flows.Key]string, files ...[]byte) (int, string) {
	c.t.Helper()
	path, sheet := c.sheet(filled)
	var b bytes.Buffer
	form := multipart.NewWriter(&b)
	for name := range sheet {
		if err := form.WriteField(name, sheet.Get(name)); err != nil {
			c.t.Fatal(err)
		}
	}
	for _, body := range files {
		w, err := form.CreateFormFile(string(flows.KeyPapers), "photo.jpg")
		if err == nil {
			_, err = w.Write(body)
		}
		if err != nil {
			c.t.Fatal(err)
		}
	}
	if err := form.Close(); err != nil {
		c.t.Fatal(err)
	}
	got, page := c.ask(c.t, "POST", path, b.String(), http.Header{"Content-Type": {form.FormDataContentType()}})
	return got.StatusCode, page
}

// FuzzPaperKind gives it anything: what is kept is a picture or a PDF.
func FuzzPaperKind(f *testing.F) {
	f.Add([]byte("%PDF-1.7\nx\n%%EOF\n"))
	f.Add([]byte("\x89PNG\r\n\x1a\n"))
	f.Add([]byte("\xff\xd8\xff\xe0"))
	f.Fuzz(func(t *testing.T, body []byte) {
		switch kind, ok := paperKind(body); {
		case !ok:
		case kind != "application/pdf" && kind != "image/jpeg" && kind != "image/png":
			t.Errorf("%q was taken for %s", body, kind)
		}
	})
}
