package alipaytest

// The gateway's protocol: one address, the checks in Alipay's order, and
// answers signed over the very bytes that are sent.

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"regexp"
	"strings"
)

const (
	pathGateway = "/gateway.do"
	pathOAuth   = "/oauth2/publicAppAuthorize.htm"
	maxRequest  = 1 << 20
	certifyPage = "alipay.user.certify.open.certify"
)

// fields are what stands inside an answer.
type fields map[string]any

func yes(f fields) fields {
	f["code"], f["msg"] = "10000", "Success"
	return f
}

// no is a business refusal.
func no(sub, words string) fields {
	return fields{"code": "40004", "msg": "Business Failed", "sub_code": sub, "sub_msg": words}
}

// bad is a refusal of the gateway itself.
func bad(code, sub string) fields {
	msg := map[string]string{
		"20000": "Service Currently Unavailable",
		"40001": "Missing Required Arguments",
		"40002": "Invalid Arguments",
		"40003": "Insufficient Conditions",
		"40006": "Insufficient Permissions",
	}[code]
	return fields{"code": code, "msg": msg, "sub_code": sub, "sub_msg": sub}
}

// request is one that passed the checks.
type request struct {
	params map[string]string
}

// decode reads biz_content, however strict out is.
func (q request) decode(out any) bool {
	return json.Unmarshal([]byte(q.params["biz_content"]), out) == nil
}

// handler answers one method. It is called under the lock.
type handler func(*Gateway, request) fields

func handlerOf(method string) handler {
	switch method {
	case "alipay.user.certify.open.initialize":
		return (*Gateway).certifyInitialize
	case "alipay.user.certify.open.query":
		return (*Gateway).certifyQuery
	case certifyPage:
		return (*Gateway).certifyOpen
	case "datadigital.fincloud.generalsaas.face.verification.initialize":
		return (*Gateway).verificationInitialize
	case "datadigital.fincloud.generalsaas.face.verification.query":
		return (*Gateway).verificationQuery
	case "alipay.trade.precreate":
		return (*Gateway).precreate
	case "alipay.trade.create":
		return (*Gateway).create
	case "alipay.trade.query":
		return (*Gateway).query
	case "alipay.trade.close":
		return (*Gateway).close
	case "alipay.trade.refund":
		return (*Gateway).refund
	case "alipay.trade.fastpay.refund.query":
		return (*Gateway).refundQuery
	case "alipay.fund.trans.uni.transfer":
		return (*Gateway).payOut
	case "alipay.fund.trans.common.query":
		return (*Gateway).payOutQuery
	case "alipay.system.oauth.token":
		return (*Gateway).token
	case "alipay.user.info.share":
		return (*Gateway).share
	case "alipay.user.certdoc.certverify.preconsult":
		return (*Gateway).preconsult
	case "alipay.user.certdoc.certverify.consult":
		return (*Gateway).consult
	case "alipay.open.app.alipaycert.download":
		return (*Gateway).download
	default:
		return nil
	}
}

// ServeHTTP answers /gateway.do and shows the page of /oauth2/.
func (g *Gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case pathGateway:
		g.serveGateway(w, r)
	case pathOAuth:
		g.showLogin(w, r)
	case pathFace:
		g.showVerification(w, r)
	default:
		http.NotFound(w, r)
	}
}

func (g *Gateway) serveGateway(w http.ResponseWriter, r *http.Request) {
	params, err := merged(r)
	if err != nil {
		http.Error(w, "400 Bad Request", http.StatusBadRequest)
		return
	}
	if params["method"] == certifyPage {
		g.showCertify(w, params)
		return
	}
	body, outcome := g.answer(params)
	switch outcome {
	case Fault500:
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(http.StatusInternalServerError)
		write(w, []byte("<html><head><title>500</title></head><body>Internal Server Error</body></html>"))
	case FaultTimeout:
		panic(http.ErrAbortHandler) // net/http closes the connection and logs nothing
	default:
		w.Header().Set("Content-Type", "text/html;charset=utf-8")
		write(w, body)
	}
}

// write sends an answer to whoever is still there.
func write(w http.ResponseWriter, body []byte) {
	if _, err := w.Write(body); err != nil {
		panic(http.ErrAbortHandler)
	}
}

// merged reads query and form together: some clients put the common parameters
// into the address. A parameter given twice is an error.
func merged(r *http.Request) (map[string]string, error) {
	out := map[string]string{}
	texts := []string{r.URL.RawQuery}
	if r.Method == http.MethodPost {
		kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
		if err != nil || kind != "application/x-www-form-urlencoded" {
			return nil, errors.New("alipaytest: not a form")
		}
		body, err := io.ReadAll(io.LimitReader(r.Body, maxRequest+1))
		if err != nil || len(body) > maxRequest {
			return nil, errors.New("alipaytest: form cannot be read, or is too long")
		}
		texts = append(texts, string(body))
	}
	for _, text := range texts {
		values, err := url.ParseQuery(text)
		if err != nil {
			return nil, fmt.Errorf("alipaytest: form: %w", err)
		}
		for name, given := range values {
			if _, twice := out[name]; twice || len(given) > 1 {
				return nil, fmt.Errorf("alipaytest: form: %q is repeated", name)
			}
			out[name] = given[0]
		}
	}
	return out, nil
}

// answer does what is asked and returns the bytes to send, or the fault that
// is to be played instead.
func (g *Gateway) answer(params map[string]string) (body []byte, outcome string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.strikes(Fault500) {
		return nil, Fault500
	}
	name := strings.ReplaceAll(params["method"], ".", "_") + "_response"
	if refused, signed := g.admit(params); refused != nil {
		return g.wrap(name, refused, signed), ""
	}
	if g.strikes(FaultUnknown) {
		return g.wrap(name, bad("20000", "aop.unknow-error"), true), ""
	}
	g.expire()
	said := handlerOf(params["method"])(g, request{params})
	if err := g.save(); err != nil {
		return g.wrap(name, bad("20000", "isp.unknow-error"), true), ""
	}
	if g.strikes(FaultTimeout) {
		return nil, FaultTimeout
	}
	switch {
	case g.strikes(FaultSystemError):
		return g.wrap(name, no("ACQ.SYSTEM_ERROR", "系统错误"), true), ""
	case params["method"] == "alipay.system.oauth.token" && said["code"] != nil:
		return g.wrap("error_response", said, false), ""
	case params["method"] == "alipay.open.app.alipaycert.download":
		return g.wrap(name, said, false), ""
	}
	return g.wrap(name, said, !g.strikes(FaultUnsigned)), ""
}

// wrap signs the exact bytes that it embeds. Alipay writes a slash inside them
// as \/, so that whoever encodes the object again to check it is wrong; in the
// signature it leaves slashes alone.
func (g *Gateway) wrap(name string, said fields, signed bool) []byte {
	var value bytes.Buffer
	encoder := json.NewEncoder(&value)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(said); err != nil {
		panic(fmt.Sprintf("alipaytest: answer: %v", err)) // texts and numbers only
	}
	inner := bytes.ReplaceAll(bytes.TrimSpace(value.Bytes()), []byte("/"), []byte(`\/`))
	if !signed {
		return fmt.Appendf(nil, `{"%s":%s}`, name, inner)
	}
	signature := g.sign(inner)
	if g.strikes(FaultForgedAnswer) {
		signature = g.sign([]byte("something else"))
	}
	if g.cfg.Mode == ModeKey {
		return fmt.Appendf(nil, `{"%s":%s,"sign":"%s"}`, name, inner, signature)
	}
	return fmt.Appendf(nil, `{"%s":%s,"alipay_cert_sn":"%s","sign":"%s"}`, name, inner, g.alipaySN, signature)
}

var stamp = regexp.MustCompile(`^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$`)

// admit makes the checks that come before any business, in Alipay's order. An
// application that Alipay does not know gets an answer without a signature.
//
// Source: facts/alipay.md 1.3 and 7.2.
func (g *Gateway) admit(p map[string]string) (refused fields, signed bool) {
	for _, check := range []struct {
		wrong     bool
		code, sub string
	}{
		{p["app_id"] == "", "40001", "isv.missing-app-id"},
		{p["app_id"] != g.cfg.AppID, "40002", "isv.invalid-app-id"},
		{p["method"] == "", "40001", "isv.missing-method"},
		{handlerOf(p["method"]) == nil, "40002", "isv.invalid-method"},
		{!strings.EqualFold(p["charset"], "utf-8"), "40002", "isv.invalid-charset"},
		{p["format"] != "" && !strings.EqualFold(p["format"], "json"), "40002", "isv.invalid-format"},
		{p["version"] != "1.0", "40001", "isv.missing-version"},
		{p["sign_type"] == "", "40001", "isv.missing-signature-type"},
		{p["sign_type"] != "RSA2", "40002", "isv.invalid-signature-type"},
		{p["timestamp"] == "", "40001", "isv.missing-timestamp"},
		{!stamp.MatchString(p["timestamp"]), "40002", "isv.invalid-timestamp"},
		{p["sign"] == "", "40001", "isv.missing-signature"},
	} {
		if check.wrong {
			return bad(check.code, check.sub), !strings.HasSuffix(check.sub, "app-id")
		}
	}
	if !g.genuine(p) {
		said := bad("40002", "isv.invalid-signature")
		// As the real one does: the explanation quotes the whole request.
		said["sub_msg"] = "验签出错，建议检查签名字符串或签名私钥与应用公钥是否匹配，网关生成的验签字符串为：" +
			strings.ReplaceAll(requestText(p), "&", "&amp;")
		return said, true
	}
	return g.admitCertificates(p), true
}

func (g *Gateway) admitCertificates(p map[string]string) fields {
	certificates := g.cfg.Mode == ModeCertificate
	for _, check := range []struct {
		wrong     bool
		code, sub string
	}{
		{certificates && p["app_cert_sn"] == "", "40001", "isv.missing-app-cert-sn"},
		{certificates && p["app_cert_sn"] != g.appSN, "40002", "isv.app-cert-not-exist"},
		{certificates && p["alipay_root_cert_sn"] == "", "40001", "isv.missing-alipay-root-cert-sn"},
		{certificates && p["alipay_root_cert_sn"] != g.rootSN, "40002", "isv.invalid-parameter"},
		{p["encrypt_type"] != "", "40001", "isv.missing-encrypt-key"},
		{p["biz_content"] != "" && !json.Valid([]byte(p["biz_content"])), "40002", "isv.invalid-parameter"},
	} {
		if check.wrong {
			return bad(check.code, check.sub)
		}
	}
	return nil
}
