package server

import (
	"bytes"
	"crypto/rand"
	"crypto/sha1"
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"html"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"certdesk/bot"
	"certdesk/flows"
	"certdesk/server/desk"
)

// The people of the town: what they send, and where their case stands then.

// delivery is one push as the platform would send it, to be spoilt.
type delivery struct {
	query url.Values
	body  []byte
}

// shaped is a push that says what inner says, signed now.
func (n *town) shaped(t *testing.T, openid, inner string) delivery {
	t.Helper()
	return n.shapedAt(t, openid, inner, time.Now())
}

func (n *town) shapedAt(t *testing.T, openid, inner string, at time.Time) delivery {
	t.Helper()
	nonce := rand.Text()
	box, err := n.account.Envelope.Seal([]byte(inner), at, nonce, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	var made struct{ Encrypt, MsgSignature, TimeStamp string }
	if err := xml.Unmarshal(box, &made); err != nil {
		t.Fatal(err)
	}
	parts := []string{n.cfg.WeChat.Token.Reveal(), made.TimeStamp, nonce}
	slices.Sort(parts)
	sum := sha1.Sum([]byte(strings.Join(parts, "")))
	return delivery{
		url.Values{
			"signature": {hex.EncodeToString(sum[:])}, "timestamp": {made.TimeStamp}, "nonce": {nonce},
			"openid": {openid}, "encrypt_type": {"aes"}, "msg_signature": {made.MsgSignature},
		},
		fmt.Appendf(nil, "<xml><ToUserName><![CDATA[%s]]></ToUserName><Encrypt><![CDATA[%s]]></Encrypt></xml>", n.cfg.WeChat.OriginalID, made.Encrypt),
	}
}

// inner is the clear text of a push; fields are names and values.
func (n *town) inner(openid, kind string, fields ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "<xml><ToUserName>%s</ToUserName><FromUserName>%s</FromUserName><CreateTime>%d</CreateTime><MsgType>%s</MsgType>",
		n.cfg.WeChat.OriginalID, openid, time.Now().Unix(), kind)
	for i := 0; i < len(fields); i += 2 {
		fmt.Fprintf(&b, "<%s><![CDATA[%s]]></%s>", fields[i], fields[i+1], fields[i])
	}
	b.WriteString("</xml>")
	return b.String()
}

// message is the clear text of a message with a number of its own.
func (n *town) message(openid, kind string, fields ...string) string {
	return n.inner(openid, kind, append(fields, "MsgId", strconv.FormatInt(8_000_000_000+n.last.Add(1), 10))...)
}

// push delivers, and returns the status and what was answered: the words, or
// the body as it is.
func (n *town) push(t *testing.T, d delivery) (int, string) {
	t.Helper()
	got, body := n.ask(t, "POST", "/wechat?"+d.query.Encode(), string(d.body), http.Header{"Content-Type": {"text/xml"}})
	if got.StatusCode != http.StatusOK || body == bot.NoAnswer {
		return got.StatusCode, body
	}
	var box struct{ Encrypt, MsgSignature, TimeStamp, Nonce string }
	if err := xml.Unmarshal([]byte(body), &box); err != nil {
		t.Fatalf("the answer is not XML: %v: %s", err, body)
	}
	clear, err := n.account.Envelope.Open(bot.Query{MsgSignature: box.MsgSignature, Timestamp: box.TimeStamp, Nonce: box.Nonce}, box.Encrypt)
	if err != nil {
		t.Fatalf("the answer does not open: %v", err)
	}
	var said struct{ Content string }
	if err := xml.Unmarshal(clear, &said); err != nil {
		t.Fatalf("the answer is not XML: %v: %s", err, clear)
	}
	return got.StatusCode, said.Content
}

// resident is one of the world's people, as the world tells.
type resident struct {
	OpenID   string `json:"openid"`
	Alipay   string `json:"alipay"`
	Name     string `json:"name"`
	IDNumber string `json:"id_number"`
	Mobile   string `json:"mobile"`
	Login    string `json:"login"`
	Password string `json:"password"`
	Account  string `json:"account"` // at the bank
	Company  struct {
		Name    string `json:"name"`
		Code    string `json:"code"`
		Alipay  string `json:"alipay"`
		Account string `json:"account"`
	} `json:"company"`
	Card string `json:"card"`
}

// citizen is somebody with a telephone.
type citizen struct {
	*town
	resident
	t *testing.T
}

// citizens are the people of the world, each of whom follows the account now.
func (n *town) citizens(t *testing.T) []*citizen {
	t.Helper()
	var people []resident
	n.learns(t, "/world/people", &people)
	all := make([]*citizen, len(people))
	for i, who := range people {
		all[i] = &citizen{n, who, t}
		n.tells(t, "/world/wechat/"+who.OpenID+"/follow", map[string]string{}, nil)
		all[i].reaches(flows.Welcome)
	}
	return all
}

// in is the same person in a part of a test.
func (c *citizen) in(t *testing.T) *citizen { return &citizen{c.town, c.resident, t} }

func (c *citizen) says(text string) string {
	c.t.Helper()
	status, said := c.push(c.t, c.shaped(c.t, c.OpenID, c.message(c.OpenID, "text", "Content", text)))
	if status != http.StatusOK {
		c.t.Fatalf("%.40q was answered with %d", text, status)
	}
	return said
}

func (c *citizen) talk() desk.Talk {
	c.t.Helper()
	talk, _, err := c.desk.Look(c.t.Context(), c.talkOf(c.t, c.OpenID))
	if err != nil {
		c.t.Fatal(err)
	}
	return talk
}

func (c *citizen) reaches(at flows.State) {
	c.t.Helper()
	was, there := flows.State(""), false
	defer func() {
		if !there {
			c.t.Logf("%s stands at %s", c.OpenID, was)
		}
	}()
	c.wait(c.t, string(at), func() bool { was = c.talk().Case.At; there = was == at; return there })
}

// stays checks that something leaves the case where it stands, with everything
// that was told.
func (c *citizen) stays(do func()) {
	c.t.Helper()
	before := c.talk().Case
	do()
	after := c.talk().Case
	if after.At != before.At || after.Entry != before.Entry {
		c.t.Errorf("the case went from %s to %s", before.At, after.At)
	}
	for _, byUs := range []flows.Key{flows.KeyCodes, flows.KeyAloud} { // nothing that was told
		delete(before.Form, byUs)
		delete(after.Form, byUs)
	}
	if !maps.Equal(before.Form, after.Form) {
		c.t.Errorf("what was told has changed")
	}
}

// link is the path of the present step's page, as a chat has it now.
func (c *citizen) link() string {
	talk := c.talk()
	return strings.TrimPrefix(c.links.to(talk.ID, talk.Case.Entry), c.base)
}

var formToken = regexp.MustCompile(`name="_(nonce|page)" value="([^"]*)"`)

// sheet is what the present page sends in beside what a person fills in.
func (c *citizen) sheet(filled map[flows.Key]string) (path string, sheet url.Values) {
	c.t.Helper()
	path, sheet = c.link(), url.Values{}
	got, page := c.ask(c.t, "GET", path, "", nil)
	if got.StatusCode != http.StatusOK {
		c.t.Fatalf("the page of %s: %d\n%s", c.talk().Case.At, got.StatusCode, page)
	}
	for _, m := range formToken.FindAllStringSubmatch(page, -1) {
		sheet.Set("_"+m[1], html.UnescapeString(m[2]))
	}
	for key, text := range filled {
		sheet.Set(string(key), text)
	}
	return path, sheet
}

func (c *citizen) sends(path string, sheet url.Values) (*http.Response, string) {
	c.t.Helper()
	return c.ask(c.t, "POST", path, sheet.Encode(), http.Header{"Content-Type": {"application/x-www-form-urlencoded"}})
}

// fills sends the present page in, and expects it to be accepted.
func (c *citizen) fills(filled map[flows.Key]string) {
	c.t.Helper()
	if got, page := c.sends(c.sheet(filled)); got.StatusCode != http.StatusSeeOther {
		c.t.Fatalf("the page of %s was refused: %d\n%s", c.talk().Case.At, got.StatusCode, page)
	}
}

// texts are the codes that the telephone has received.
func (c *citizen) texts() (codes []string) {
	c.t.Helper()
	var inbox []struct{ Code string }
	c.learns(c.t, "/world/sms/"+c.Mobile, &inbox)
	for _, sms := range inbox {
		codes = append(codes, sms.Code)
	}
	return codes
}

// begins goes as far as the first page.
func (c *citizen) begins() {
	c.t.Helper()
	c.says("个人证书")
	c.reaches(flows.RegisterAccount)
}

// account is what the second page asks, once the code has come.
func (c *citizen) account() map[flows.Key]string {
	c.t.Helper()
	c.wait(c.t, "an SMS", func() bool { return len(c.texts()) > 0 })
	codes := c.texts()
	return map[flows.Key]string{
		flows.KeyCode: codes[len(codes)-1], flows.KeyPassword: c.Password, flows.KeyPassword2: c.Password,
		flows.KeyTerms: "on", flows.KeyDuty: "on",
	}
}

func (c *citizen) registers() {
	c.t.Helper()
	c.begins()
	c.fills(map[flows.Key]string{flows.KeyLogin: c.Login, flows.KeyMobile: c.Mobile})
	c.fills(c.account())
	c.reaches(flows.PersonStart)
}

// consents goes as far as the page that asks for the identity number.
func (c *citizen) consents() {
	c.t.Helper()
	c.says("立即实名")
	c.says("同意并继续")
	c.reaches(flows.PersonPage)
}

func (c *citizen) proves() {
	c.t.Helper()
	c.showsFace()
	c.reaches(flows.ServiceChoose)
}

func (c *citizen) showsFace() {
	c.t.Helper()
	c.fills(map[flows.Key]string{flows.KeyName: c.Name, flows.KeyIDNumber: c.IDNumber})
	c.reaches(flows.PersonScan)
	id := c.scans(flows.KeyFaceURL)
	c.tells(c.t, "/world/alipay/face", map[string]string{"id": id, "outcome": "pass"}, nil)
}

func (c *citizen) scans(code flows.Key) (id string) {
	c.t.Helper()
	var opened struct{ ID string }
	c.tells(c.t, "/world/alipay/scan", map[string]string{"user": c.Alipay, "url": c.talk().Case.Form.Text(code)}, &opened)
	return opened.ID
}

// orders goes as far as the code to pay by.
func (c *citizen) orders() {
	c.t.Helper()
	c.says("购买")
	c.fills(nil)
	c.fills(map[flows.Key]string{
		flows.KeyRecipient: c.Name, flows.KeyProvince: "浙江省", flows.KeyCity: "杭州市", flows.KeyDistrict: "西湖区",
		flows.KeyDetail: "某某路12号3单元401室", flows.KeyToMobile: c.Mobile,
	})
	c.says("确认并付款")
	c.reaches(flows.PaymentPay)
}

// askedForAnAddress does something on the page that a picture can fill, and goes
// back.
func (c *citizen) askedForAnAddress(do func()) {
	c.t.Helper()
	c.says("购买")
	c.fills(nil)
	do()
	c.says("返回")
}

// pays, and waits until the UKey has come.
func (c *citizen) pays() {
	c.t.Helper()
	c.tells(c.t, "/world/alipay/pay", map[string]string{"id": c.scans(flows.KeyPayQR)}, nil)
	c.wait(c.t, "the UKey", func() bool {
		var parcels []struct {
			Number string
			Routes []struct{ Code string }
		}
		c.learns(c.t, "/world/courier/orders", &parcels)
		for _, p := range parcels {
			if len(p.Routes) == 0 || p.Routes[len(p.Routes)-1].Code != "80" {
				c.tells(c.t, "/world/courier/advance", map[string]string{"order": p.Number}, nil)
			}
		}
		return c.talk().Case.At == flows.ActivationReady
	})
}

// heard is the transcript as the desk shows it.
func (c *citizen) heard() string {
	c.t.Helper()
	lines, _, err := c.talks.Lines(c.t.Context(), c.talkOf(c.t, c.OpenID), "")
	if err != nil {
		c.t.Fatal(err)
	}
	var b bytes.Buffer
	for _, line := range lines {
		fmt.Fprintf(&b, "%s %s\n", line.Who, line.Text)
	}
	return b.String()
}
