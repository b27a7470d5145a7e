package alipaytest

// Face verification, the newer product: it is begun with an address of its own,
// and says FAIL when it was not passed.

import (
	"fmt"
	"net/http"
	"net/url"
)

const (
	pathFace     = "/face/verification"
	faceBizCode  = "DATA_DIGITAL_BIZ_CODE_FACE_VERIFICATION"
	faceIdentity = "CERT_INFO"
)

func (g *Gateway) verificationInitialize(q request) fields {
	var in struct {
		OuterOrderNo string `json:"outer_order_no"`
		BizCode      string `json:"biz_code"`
		IdentityType string `json:"identity_type"`
		CertType     string `json:"cert_type"`
		CertName     string `json:"cert_name"`
		CertNo       string `json:"cert_no"`
	}
	if !q.decode(&in) || !outerOrderNo.MatchString(in.OuterOrderNo) || in.BizCode != faceBizCode || in.IdentityType != faceIdentity ||
		in.CertType != "IDENTITY_CARD" || in.CertName == "" || !identityCard.MatchString(in.CertNo) {
		return no("INVALID_PARAMETER", "参数错误")
	}
	subject := digest(in.CertName, in.CertNo)
	for _, old := range g.books.Certifies {
		if old.OuterOrderNo != in.OuterOrderNo || !old.Newer {
			continue
		}
		if old.Subject != subject {
			return no("INVALID_PARAMETER", "商户请求号重复")
		}
		return yes(g.verification(old))
	}
	made := Certify{ID: drawn(hexadecimal, 32), OuterOrderNo: in.OuterOrderNo, Newer: true, Subject: subject, Created: g.now()}
	g.books.Certifies = append(g.books.Certifies, made)
	return yes(g.verification(made))
}

func (g *Gateway) verification(c Certify) fields {
	return fields{"certify_id": c.ID, "web_url": g.cfg.Address + pathFace + "?certify_id=" + c.ID}
}

func (g *Gateway) verificationQuery(q request) fields {
	c, refused := g.askedFace(q)
	if c == nil || !c.Newer {
		return refused
	}
	state := map[bool]string{true: "SUCCESS", false: "FAIL"}[c.Passed]
	if c.Outcome == "" {
		state = "PROCESSING"
	}
	return yes(fields{"certify_state": state, "score": "99.1", "quality": "80.0", "alive_photo": "AAAA", "attack_flag": "false"})
}

// showVerification is what a browser sees.
func (g *Gateway) showVerification(w http.ResponseWriter, r *http.Request) {
	showPage(w, page{Title: "支付宝身份验证", Lines: []string{"请本人拍摄面部。", "验证编号 " + r.URL.Query().Get("certify_id")}})
}

// scanVerification notes who opened the camera.
func (g *Gateway) scanVerification(u User, at *url.URL) (Scanned, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	c := g.certify(at.Query().Get("certify_id"))
	if c == nil || !c.Newer || c.Outcome != "" || g.now().Sub(c.Created) >= g.span(certifyOpens) {
		return Scanned{}, fmt.Errorf("%w: the verification is unknown, used or too old", ErrScan)
	}
	c.User = u.ID
	return Scanned{Kind: KindFace, ID: c.ID, Title: "身份验证"}, g.save()
}
