package alipaytest

// Face verification, alipay.user.certify.open: begun by the application,
// opened by a person inside Alipay, asked for afterwards.

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"time"
)

// Spans of Alipay's own. Source: facts/alipay.md 2.1.
const (
	certifyOpens = 23 * time.Hour
	certifyKept  = 90 * 24 * time.Hour
)

var (
	outerOrderNo = regexp.MustCompile(`^[0-9A-Za-z]{1,32}$`)
	identityCard = regexp.MustCompile(`^[0-9]{17}[0-9Xx]$`)
	faceProducts = regexp.MustCompile(`^(FACE|CERT_PHOTO|CERT_PHOTO_FACE|SMART_FACE)$`)
)

// loose reads an object that older clients send as a text.
func loose(raw json.RawMessage, out any) bool {
	var quoted string
	if json.Unmarshal(raw, &quoted) == nil {
		raw = json.RawMessage(quoted)
	}
	return json.Unmarshal(raw, out) == nil
}

// certifyInitialize refuses a number that was used for somebody else; the same
// content again, as after a lost answer, gives the same identifier.
func (g *Gateway) certifyInitialize(q request) fields {
	var in struct {
		OuterOrderNo   string          `json:"outer_order_no"`
		BizCode        string          `json:"biz_code"`
		IdentityParam  json.RawMessage `json:"identity_param"`
		MerchantConfig json.RawMessage `json:"merchant_config"`
	}
	var who struct {
		IdentityType string `json:"identity_type"`
		CertType     string `json:"cert_type"`
		CertName     string `json:"cert_name"`
		CertNo       string `json:"cert_no"`
	}
	var merchant struct {
		ReturnURL string `json:"return_url"`
	}
	if !q.decode(&in) || !outerOrderNo.MatchString(in.OuterOrderNo) || !faceProducts.MatchString(in.BizCode) {
		return no("INVALID_PARAMETER", "参数错误")
	}
	if !loose(in.IdentityParam, &who) || !loose(in.MerchantConfig, &merchant) {
		return no("UNKNOWN_ERROR", "未知错误")
	}
	if who.IdentityType != "CERT_INFO" || who.CertType != "IDENTITY_CARD" || who.CertName == "" || !identityCard.MatchString(who.CertNo) {
		return no("INVALID_PARAMETER", "参数错误")
	}
	subject := digest(who.CertName, who.CertNo)
	for _, old := range g.books.Certifies {
		if old.OuterOrderNo != in.OuterOrderNo || old.Newer {
			continue
		}
		if old.Subject != subject || old.ReturnURL != merchant.ReturnURL {
			return no("INVALID_PARAMETER", "商户请求号重复")
		}
		return yes(fields{"certify_id": old.ID})
	}
	made := Certify{
		ID: drawn(hexadecimal, 32), OuterOrderNo: in.OuterOrderNo,
		Subject: subject, ReturnURL: merchant.ReturnURL, Created: g.now(),
	}
	g.books.Certifies = append(g.books.Certifies, made)
	return yes(fields{"certify_id": made.ID})
}

// certifyQuery says F for "not passed" and for "not begun" alike.
func (g *Gateway) certifyQuery(q request) fields {
	c, refused := g.askedFace(q)
	if c == nil || c.Newer {
		return refused
	}
	passed := "F"
	if c.Passed {
		passed = "T"
	}
	return yes(fields{"passed": passed})
}

// askedFace finds the verification that a query is about, or says why there is
// none. Each product knows its own only.
func (g *Gateway) askedFace(q request) (*Certify, fields) {
	unknown := no("OPEN_CERTIFY_BILL_NOT_EXIST", "认证单据不存在")
	var in struct {
		CertifyID string `json:"certify_id"`
	}
	if !q.decode(&in) || in.CertifyID == "" {
		return nil, no("INVALID_PARAMETER", "参数错误")
	}
	c := g.certify(in.CertifyID)
	if c == nil || g.now().Sub(c.Created) >= g.span(certifyKept) {
		return nil, unknown
	}
	return c, unknown
}

// certifyOpen checks whether a page may be shown; it is used up by its first
// outcome, good or bad.
func (g *Gateway) certifyOpen(q request) fields {
	var in struct {
		CertifyID string `json:"certify_id"`
	}
	if !q.decode(&in) {
		return no("INVALID_PARAMETER", "参数错误")
	}
	c := g.certify(in.CertifyID)
	if c == nil || c.Newer || c.Outcome != "" || g.now().Sub(c.Created) >= g.span(certifyOpens) {
		return no("OPEN_CERTIFY_BILL_NOT_EXIST", "认证单据不存在或已失效")
	}
	return yes(fields{"certify_id": c.ID})
}

func (g *Gateway) certify(id string) *Certify {
	for i := range g.books.Certifies {
		if g.books.Certifies[i].ID == id {
			return &g.books.Certifies[i]
		}
	}
	return nil
}

// showCertify is what a browser sees. Nobody is recognised by it; a person
// opens the page through [Gateway.Scan].
func (g *Gateway) showCertify(w http.ResponseWriter, params map[string]string) {
	id, err := g.openCertify(params, "")
	if err != nil {
		showPage(w, page{Title: "支付宝身份验证", Lines: []string{"链接无效或已过期，请返回原页面重新获取。"}})
		return
	}
	showPage(w, page{Title: "支付宝身份验证", Lines: []string{"请本人拍摄面部。", "验证编号 " + id}})
}

// openCertify checks a certify address, and notes who opened it.
func (g *Gateway) openCertify(params map[string]string, userID string) (id string, err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if refused, _ := g.admit(params); refused != nil {
		return "", fmt.Errorf("alipaytest: certify page: %v", refused["sub_code"])
	}
	said := g.certifyOpen(request{params})
	if said["code"] != "10000" {
		return "", fmt.Errorf("alipaytest: certify page: %v", said["sub_code"])
	}
	c := g.certify(said["certify_id"].(string))
	if userID == "" {
		return c.ID, nil
	}
	c.User = userID
	return c.ID, g.save()
}

// ErrOutcome is returned for an outcome of a face that the stand-in does not
// know, or one that cannot happen now.
var ErrOutcome = errors.New("alipaytest: no such outcome now")

// Outcomes of a face verification.
const (
	FacePass        = "pass"
	FaceFail        = "fail"
	FaceOtherPerson = "other-person"
)

// Face lets the person who scanned the page look into the camera. The outcome
// "pass" passes only if that person is the one who was to be verified; "fail"
// and "other-person" do not. Each uses the page up.
func (g *Gateway) Face(id, outcome string) error {
	if outcome != FacePass && outcome != FaceFail && outcome != FaceOtherPerson {
		return fmt.Errorf("%w: %q", ErrOutcome, outcome)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	c := g.certify(id)
	if c == nil || c.User == "" || c.Outcome != "" || g.now().Sub(c.Created) >= g.span(certifyOpens) {
		return fmt.Errorf("%w: the page is unknown, not open, used or too old", ErrOutcome)
	}
	u, err := g.user(c.User)
	if err != nil {
		return err
	}
	c.Outcome = outcome
	c.Passed = outcome == FacePass && u.digest() == c.Subject
	return g.save()
}
