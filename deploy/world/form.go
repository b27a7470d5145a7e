// Filling in a page with a person's own data, so that nobody who looks at the
// demo has to type an identity number. The page is read and sent as a browser
// would; what it does not ask for it does not get.

package world

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/html"

	"certdesk/flows"
	"certdesk/server/sms/smstest"
)

// answers is what a person would write on the service's pages. The SMS code is
// the last that came.
func (p person) answers(code string) map[flows.Key]string {
	return map[flows.Key]string{
		flows.KeyLogin: p.Login, flows.KeyMobile: p.Mobile, flows.KeyCode: code,
		flows.KeyPassword: p.Password, flows.KeyPassword2: p.Password,
		flows.KeyTerms: "on", flows.KeyDuty: "on",
		flows.KeyName: p.Name, flows.KeyIDNumber: p.IDNumber, flows.KeyPaperNumber: "E12345678",
		flows.KeyConsent: "on", flows.KeyBankCard: p.Card, flows.KeyOrgNumber: p.Company.Code,
		flows.KeyProofAccount: p.Company.Account, flows.KeyProofBank: "中国建设银行", flows.KeyProofBranch: p.Company.Branch, flows.KeyBranchSaid: p.Company.Branch,
		flows.KeyProofProvince: p.Address.Province, flows.KeyProofCity: p.Address.City,
		flows.KeyOrgName: p.Company.Name, flows.KeyOrgName2: p.Company.Name,
		flows.KeyCreditCode: p.Company.Code, flows.KeyTaxNumber: p.Company.Code,
		flows.KeyBank: p.Company.Bank, flows.KeyBankAccount: p.Company.Account,
		flows.KeyOrgAddress: p.Company.Address, flows.KeyOrgPhone: p.Company.Telephone,
		flows.KeyRecipient: p.Name, flows.KeyToMobile: p.Mobile,
		flows.KeyProvince: p.Address.Province, flows.KeyCity: p.Address.City,
		flows.KeyDistrict: p.Address.District, flows.KeyDetail: p.Address.Street,
	}
}

// keyboard is that of the telephone on which a page is open.
type keyboard struct {
	sms     *smstest.Service
	service string
}

func (k keyboard) mount(mux *http.ServeMux) { mux.HandleFunc("POST /h5/fill", control(k.fill)) }

// fill fills in and sends the page that this browser has open. Like
// [payPhone.lookAtScreen] it lives under the path of the service's pages, so
// that the browser's cookie for them comes along.
func (k keyboard) fill(r *http.Request, q struct{ Person string }) (any, error) {
	i := slices.IndexFunc(people, func(p person) bool { return p.OpenID == q.Person })
	if i < 0 {
		return nil, no(http.StatusNotFound, "没有这个人。")
	}
	cookie := r.Header.Get("Cookie")
	page, err := fetch(r.Context(), k.service+"/h5/now", cookie)
	if err != nil {
		return nil, err
	}
	sheet := filled(page, people[i].answers(k.lastCode(people[i])))
	if !strings.HasPrefix(sheet.action, k.service+"/") {
		return nil, no(http.StatusConflict, "这一页没有要填写的内容。")
	}
	accepted, err := sheet.submit(r.Context(), cookie)
	if err != nil {
		return nil, err
	}
	if !accepted {
		return nil, no(http.StatusConflict, "页面没有接受示例资料，可能短信还没有到。请稍后再试，或自己填写。")
	}
	return done, nil
}

// lastCode is the code of the last SMS to somebody.
func (k keyboard) lastCode(p person) string {
	inbox := k.sms.Inbox(p.Mobile)
	if len(inbox) == 0 {
		return ""
	}
	return inbox[len(inbox)-1].Code
}

// sheet is a form, filled in.
type sheet struct {
	action string // empty when there is none
	values url.Values
	file   string // of the field that takes files; empty when there is none
}

// filled reads the form of a page and answers it. What the form carries by
// itself goes back as it came.
func filled(page []byte, answers map[flows.Key]string) sheet {
	tokens := html.NewTokenizer(bytes.NewReader(page))
	s := sheet{values: url.Values{}}
	isPage := false // and not a row of buttons
	for {
		switch kind := tokens.Next(); kind {
		case html.ErrorToken:
			return sheet{}
		case html.EndTagToken:
			if name, _ := tokens.TagName(); string(name) == "form" && isPage {
				return s
			}
		case html.StartTagToken, html.SelfClosingTagToken:
			token := tokens.Token()
			name := attribute(token, "name")
			switch token.Data {
			case "form":
				s, isPage = sheet{action: attribute(token, "action"), values: url.Values{}}, false
			case "input", "select", "textarea":
				isPage = isPage || name == "_page"
				if answer, known := answers[flows.Key(name)]; known {
					s.values.Set(name, answer)
				} else if attribute(token, "type") == "file" {
					s.file = name
				} else if name != "" {
					s.values.Set(name, attribute(token, "value"))
				}
			}
		}
	}
}

func attribute(token html.Token, name string) string {
	for _, a := range token.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

var fingers = &http.Client{
	Timeout:       10 * time.Second,
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// samplePaper is what a demo shows instead of a passport.
const samplePaper = "%PDF-1.4\n% a sample without any content\n%%EOF\n"

// body is the form as a browser sends it, with a sample where files are wanted.
func (s sheet) body() (kind string, body []byte, err error) {
	if s.file == "" {
		return "application/x-www-form-urlencoded", []byte(s.values.Encode()), nil
	}
	var b bytes.Buffer
	form := multipart.NewWriter(&b)
	for name := range s.values {
		err = errors.Join(err, form.WriteField(name, s.values.Get(name)))
	}
	w, wrong := form.CreateFormFile(s.file, "sample.pdf")
	if wrong == nil {
		_, wrong = io.WriteString(w, samplePaper)
	}
	err = errors.Join(err, wrong, form.Close())
	return form.FormDataContentType(), b.Bytes(), err
}

// submit reports whether the page was accepted: then it leads on to another.
func (s sheet) submit(ctx context.Context, cookie string) (bool, error) {
	kind, body, err := s.body()
	if err != nil {
		return false, fmt.Errorf("world: page: %w", err)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.action, bytes.NewReader(body))
	if err != nil {
		return false, fmt.Errorf("world: page: %w", err)
	}
	r.Header.Set("Content-Type", kind)
	r.Header.Set("Origin", origin(s.action))
	r.Header.Set("Cookie", cookie)
	answer, err := fingers.Do(r)
	if err != nil {
		return false, fmt.Errorf("world: page: %w", err)
	}
	defer answer.Body.Close()
	return answer.StatusCode == http.StatusSeeOther, nil
}
