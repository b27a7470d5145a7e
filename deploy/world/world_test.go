package world_test

import (
	"encoding/base64"
	"fmt"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/skip2/go-qrcode"

	"certdesk/deploy/world"
	"certdesk/flows"
	"certdesk/miniapp/alipay"
	"certdesk/server/bank"
	"certdesk/server/ca"
	"certdesk/server/courier"
	"certdesk/server/sms"
)

// names are what the service reads, without CERTDESK_.
const names = `ALIPAY_AES_KEY ALIPAY_APP_CERT_FILE ALIPAY_APP_ID ALIPAY_CERT_FILE ALIPAY_GATEWAY_URL ALIPAY_MINIAPP_ID ALIPAY_OAUTH_URL
	ALIPAY_PRIVATE_KEY_FILE ALIPAY_ROOT_CERT_FILE ALIPAY_SELLER_ID BANK_ACCOUNT BANK_ACCOUNT_NAME BANK_BANK_NAME BANK_TOKEN BANK_URL
	CA_PASSWORD CA_ROOT_FILE CA_URL CA_USER ESIGN_APP_ID ESIGN_SECRET ESIGN_URL SERVICE_PHONE SF_CHECKWORD SF_MONTHLY_CARD SF_PARTNER_ID SF_PUSH_TOKEN SF_SIGN_MODE SF_URL
	SMS_ENDPOINT SMS_KEY_ID SMS_KEY_SECRET SMS_SIGN_NAME SMS_TEMPLATE_ACTIVATE SMS_TEMPLATE_PHONE SMS_TEMPLATE_PHONE_CHANGED SMS_TEMPLATE_REGISTER SMS_TEMPLATE_VOICE SMS_VOICE_ENDPOINT SMS_VOICE_NUMBER SMS_WORD
	WECHAT_AES_KEY WECHAT_API_URL WECHAT_APP_ID WECHAT_APP_SECRET WECHAT_MODE WECHAT_MP_URL WECHAT_OPEN_URL WECHAT_ORIGINAL_ID WECHAT_TEMPLATE_DELIVERY WECHAT_TEMPLATE_PROGRESS WECHAT_TOKEN`

func TestEnvIsComplete(t *testing.T) {
	c := newCity(t, t.TempDir())
	var got []string
	for name, value := range c.w.Env() {
		got = append(got, strings.TrimPrefix(name, "CERTDESK_"))
		if value == "" {
			t.Errorf("%s is empty", name)
		}
		if strings.HasSuffix(name, "_FILE") {
			if about, err := os.Stat(value); err != nil || about.Size() == 0 || about.Mode().Perm() != 0o600 {
				t.Errorf("%s = %s: %v, %v", name, value, about, err)
			}
		}
	}
	slices.Sort(got)
	if want := strings.Fields(names); !slices.Equal(got, want) {
		t.Errorf("Env has\n%s, want\n%s", got, want)
	}
}

func TestRestartKeepsEverything(t *testing.T) {
	dir := t.TempDir()
	c := newCity(t, dir)
	c.post("/world/wechat/"+person+"/follow", struct{}{}, http.StatusOK, nil)
	c.post("/world/wechat/"+person+"/say", map[string]string{"text": "你好"}, http.StatusOK, nil)
	c.inbox(2)
	before := c.w.Env()
	c.post("/world/bank/transfer", map[string]string{"payer": "王小明", "account": before["CERTDESK_BANK_ACCOUNT"], "amount": "1"}, http.StatusOK, nil)
	c.stop()
	again := newCity(t, dir)
	after := again.w.Env()
	for _, moved := range []string{"WECHAT_API_URL", "WECHAT_OPEN_URL", "WECHAT_MP_URL", "ALIPAY_GATEWAY_URL", "ALIPAY_OAUTH_URL", "SF_URL", "SMS_ENDPOINT", "SMS_VOICE_ENDPOINT", "BANK_URL", "CA_URL", "ESIGN_URL"} {
		delete(before, "CERTDESK_"+moved)
		delete(after, "CERTDESK_"+moved)
	}
	if !maps.Equal(before, after) {
		t.Error("a restart on the same directory changes credentials")
	}
	if got := again.inbox(2); len(got) != 2 {
		t.Errorf("after a restart the inbox has %d messages, want 2", len(got))
	}
	var chat struct {
		Following bool
		Lines     []struct{ From string }
	}
	again.get("/world/wechat/"+person+"/chat", &chat)
	if !chat.Following || len(chat.Lines) != 4 {
		t.Errorf("after a restart the telephone shows %+v, want two lines of each side", chat)
	}
	var books struct{ Lines []struct{ Amount int } }
	again.get("/world/bank/accounts", &books)
	if len(books.Lines) != 1 || books.Lines[0].Amount != 100 {
		t.Errorf("after a restart the bank has %+v", books)
	}
}

func TestNewRefuses(t *testing.T) {
	for _, tt := range []struct{ listen, service string }{
		{"0.0.0.0:8090", "http://127.0.0.1:8080"}, {"8090", "http://127.0.0.1:8080"}, {"certdesk.example:80", "http://127.0.0.1:8080"},
		{"127.0.0.1:8090", "127.0.0.1"},
	} {
		if _, err := world.New(world.Config{Listen: tt.listen, Service: tt.service, Dir: t.TempDir()}); err == nil {
			t.Errorf("New(%s, %s) = nil, want an error", tt.listen, tt.service)
		}
	}
}

// TestPartnersAnswer lets each of the service's clients talk to its partner,
// with what Env says and nothing else.
func TestPartnersAnswer(t *testing.T) {
	c := newCity(t, t.TempDir())
	t.Run("sms", func(t *testing.T) { texted(t, c) })
	t.Run("courier", func(t *testing.T) { delivered(t, c) })
	t.Run("bank", func(t *testing.T) { transferred(t, c) })
	t.Run("ca", func(t *testing.T) {
		root, err := os.ReadFile(env(c.w, "CA_ROOT_FILE"))
		if err != nil {
			t.Fatal(err)
		}
		client, err := ca.New(ca.Config{URL: env(c.w, "CA_URL"), RootPEM: root, User: env(c.w, "CA_USER"), Password: flows.Conceal(env(c.w, "CA_PASSWORD"))}, time.Now)
		if err != nil {
			t.Fatal(err)
		}
		if err := client.Check(t.Context()); err != nil {
			t.Errorf("Check = %v", err)
		}
	})
	t.Run("alipay", func(t *testing.T) { facedAndPaid(t, c) })
}

func texted(t *testing.T, c *city) {
	client, err := sms.New(sms.Config{
		Endpoint: env(c.w, "SMS_ENDPOINT"), KeyID: env(c.w, "SMS_KEY_ID"), KeySecret: flows.Conceal(env(c.w, "SMS_KEY_SECRET")),
		SignName:  env(c.w, "SMS_SIGN_NAME"),
		Templates: map[flows.Purpose]string{flows.PurposeRegister: env(c.w, "SMS_TEMPLATE_REGISTER"), flows.PurposeActivate: env(c.w, "SMS_TEMPLATE_ACTIVATE")},
	}, http.DefaultClient)
	if err != nil {
		t.Fatal(err)
	}
	if err := client.Code(t.Context(), flows.OneTime{ID: "r1", Mobile: flows.Conceal("13912345678"), Purpose: flows.PurposeActivate, Code: flows.Conceal("204816"), Word: "青松"}); err != nil {
		t.Fatal(err)
	}
	var inbox []struct{ Text, Code string }
	c.get("/world/sms/13912345678", &inbox)
	if len(inbox) != 1 || inbox[0].Code != "204816" || !strings.Contains(inbox[0].Text, "校验词青松，您的证书授权码是 204816") {
		t.Errorf("the telephone has %+v", inbox)
	}
	var all map[string][]struct{ Code string }
	c.get("/world/sms", &all)
	if len(all["13912345678"]) != 1 {
		t.Errorf("all telephones have %v", all)
	}
}

func delivered(t *testing.T, c *city) {
	client, err := courier.New(courier.Config{
		URL: env(c.w, "SF_URL"), PartnerID: env(c.w, "SF_PARTNER_ID"), Checkword: flows.Conceal(env(c.w, "SF_CHECKWORD")),
		SignMode: env(c.w, "SF_SIGN_MODE"), MonthlyCard: env(c.w, "SF_MONTHLY_CARD"), ExpressType: 2,
		Sender: courier.Sender{Company: "某某", Contact: flows.Conceal("某某"), Phone: flows.Conceal("0571-88123456"), Province: "浙江省", City: "杭州市", District: "西湖区", Address: "某某路1号"},
	}, http.DefaultClient, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	to := flows.Recipient{Name: flows.Conceal("王小明"), Mobile: flows.Conceal("13912345678"), Province: "浙江省", City: "杭州市", District: "西湖区", Detail: flows.Conceal("某某路12号")}
	if _, err := client.Book(t.Context(), flows.Parcel{Number: "S1", To: to, Goods: "UKey"}); err != nil {
		t.Fatal(err)
	}
	var step struct {
		Codes  []string
		Signed bool
	}
	c.post("/world/courier/advance", map[string]string{"order": "S1"}, http.StatusOK, &step)
	if !slices.Equal(step.Codes, []string{"50"}) || step.Signed {
		t.Errorf("the first step is %+v", step)
	}
	c.until("push of a route", func() bool {
		c.desk.mu.Lock()
		defer c.desk.mu.Unlock()
		return c.desk.routes > 0
	})
	c.post("/world/courier/mark", map[string]string{"order": "S1", "code": "70", "remark": "无人"}, http.StatusOK, nil)
	for range 3 {
		c.post("/world/courier/advance", map[string]string{"order": "S1"}, http.StatusOK, &step)
	}
	if !step.Signed {
		t.Errorf("after four steps the parcel is %+v", step)
	}
	c.post("/world/courier/advance", map[string]string{"order": "S1"}, http.StatusUnprocessableEntity, nil)
	var orders []struct{ Number string }
	c.get("/world/courier/orders", &orders)
	if len(orders) != 1 || orders[0].Number != "S1" {
		t.Errorf("the courier has %+v", orders)
	}
}

func transferred(t *testing.T, c *city) {
	ours := env(c.w, "BANK_ACCOUNT")
	order := func(payer, account string, amount any) map[string]any {
		return map[string]any{"payer": payer, "account": account, "amount": amount, "remark": "实名"}
	}
	var receipt struct{ Ref string }
	c.post("/world/bank/transfer", order("杭州某某信息科技有限公司", ours+"001", "0.01"), http.StatusOK, &receipt)
	c.post("/world/bank/transfer", order("王小明", ours+"001", 0.02), http.StatusOK, nil)
	if receipt.Ref == "" {
		t.Error("a transfer has no reference")
	}
	for _, bad := range []map[string]any{order("无名", ours, "1"), order("王小明", "1", "1"), order("王小明", ours, "0"), order("王小明", ours, "99999999")} {
		c.post("/world/bank/transfer", bad, http.StatusUnprocessableEntity, nil)
	}
	c.post("/world/bank/transfer", order("王小明", ours, "0.001"), http.StatusBadRequest, nil)
	feed, err := bank.New(bank.Config{URL: env(c.w, "BANK_URL"), Account: ours, Token: flows.Conceal(env(c.w, "BANK_TOKEN"))}, http.DefaultClient)
	if err != nil {
		t.Fatal(err)
	}
	credits, err := feed.Credits(t.Context(), time.Now().Add(-time.Hour))
	if err != nil || len(credits) != 2 || credits[0].Amount != 1 || credits[1].Amount != 2 {
		t.Errorf("the statement has %+v, %v", credits, err)
	}
}

func facedAndPaid(t *testing.T, c *city) {
	client := newAlipay(t, c)
	who := flows.Person{Name: flows.Conceal("王小明"), IDNumber: flows.Conceal("330106199003071236")}
	id, err := client.Begin(t.Context(), "F1", who)
	if err != nil {
		t.Fatal(err)
	}
	certify, err := client.Page(id)
	if err != nil {
		t.Fatal(err)
	}
	c.desk.show(certify)
	var opened struct{ Kind, ID, Amount string }
	c.post("/world/alipay/scan", map[string]string{"user": "2088000000000101", "url": c.desk.URL + "/h5/face/F1"}, http.StatusOK, &opened)
	if opened.Kind != "face" || opened.ID != id {
		t.Errorf("the face code leads to %+v, want %s", opened, id)
	}
	c.post("/world/alipay/face", map[string]string{"id": id, "outcome": "smile"}, http.StatusUnprocessableEntity, nil)
	c.post("/world/alipay/face", map[string]string{"id": id, "outcome": "pass"}, http.StatusOK, nil)
	if state, err := client.Result(t.Context(), id); err != nil || state != flows.FacePassed {
		t.Errorf("after the face passed Result = %v, %v", state, err)
	}
	content, err := client.QR(t.Context(), flows.Bill{Number: "P1", Amount: 11200, Subject: "UKey", Expires: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	png, err := qrcode.Encode(content, qrcode.Medium, 600)
	if err != nil {
		t.Fatal(err)
	}
	saved := "data:image/png;base64," + base64.StdEncoding.EncodeToString(png)
	c.post("/world/alipay/look", map[string]string{"user": "王小明", "at": saved}, http.StatusOK, &opened)
	if opened.Kind != "pay" || opened.Amount != "112.00" {
		t.Errorf("the saved code leads to %+v", opened)
	}
	c.post("/world/alipay/pay", map[string]string{"id": opened.ID}, http.StatusOK, nil)
	c.post("/world/alipay/pay", map[string]string{"id": opened.ID}, http.StatusUnprocessableEntity, nil)
	for _, at := range []string{"http://evil.example/", "data:image/png;base64,AAAA", "/world/wechat/media/none", c.desk.URL + "/h5/s/page"} {
		c.post("/world/alipay/look", map[string]string{"user": "王小明", "at": at}, http.StatusUnprocessableEntity, nil)
	}
	c.post("/world/alipay/scan", map[string]string{"user": "王小明", "url": "https://evil.example/"}, http.StatusUnprocessableEntity, nil)
}

func newAlipay(t *testing.T, c *city) *alipay.Client {
	t.Helper()
	text := func(name string) string {
		content, err := os.ReadFile(env(c.w, name))
		if err != nil {
			t.Fatal(err)
		}
		return string(content)
	}
	client, err := alipay.New(alipay.Config{
		AppID: env(c.w, "ALIPAY_APP_ID"), MiniAppID: env(c.w, "ALIPAY_MINIAPP_ID"), SellerID: env(c.w, "ALIPAY_SELLER_ID"),
		PrivateKey: flows.Conceal(text("ALIPAY_PRIVATE_KEY_FILE")), AppCert: text("ALIPAY_APP_CERT_FILE"),
		AlipayCert: text("ALIPAY_CERT_FILE"), RootCert: text("ALIPAY_ROOT_CERT_FILE"), Gateway: env(c.w, "ALIPAY_GATEWAY_URL"),
		NotifyURL: c.desk.URL + "/alipay/notify", ReturnURL: c.desk.URL + "/h5/alipay/return",
	}, http.DefaultClient)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

func TestFaultsReachTheirPartner(t *testing.T) {
	c := newCity(t, t.TempDir())
	type order struct {
		Partner string `json:"partner"`
		Fault   string `json:"fault"`
		Times   int    `json:"times"`
	}
	for _, partner := range []string{"wechat", "alipay", "courier", "sms", "esign", "ca"} {
		c.post("/world/faults", order{partner, "500", 1}, http.StatusOK, nil)
	}
	for _, partner := range []string{"wechat", "alipay", "courier", "sms"} {
		c.post("/world/faults", order{partner, " Time-Out", 0}, http.StatusOK, nil)
	}
	c.post("/world/faults", order{"bank", "duplicate", 1}, http.StatusOK, nil)
	c.post("/world/faults", order{"ca", "lost answer", 0}, http.StatusOK, nil)
	for _, partner := range []string{"wechat", "alipay", "courier", "sms", "bank", "esign", "ca"} {
		c.post("/world/faults", order{partner, "earthquake", 1}, http.StatusUnprocessableEntity, nil)
	}
	c.post("/world/faults", order{"tax", "500", 1}, http.StatusBadRequest, nil)
	c.post("/world/faults", order{"sms", "500", 1001}, http.StatusBadRequest, nil)

	// What was ordered happens, once, where it was ordered.
	for _, path := range []string{"/std/service", "/gateway.do", "/cgi-bin/stable_token", "/"} {
		for _, broken := range []bool{true, false} {
			answer, err := http.Post(c.at+path, "application/x-www-form-urlencoded", strings.NewReader(""))
			if err != nil {
				t.Fatal(err)
			}
			answer.Body.Close()
			if (answer.StatusCode == http.StatusInternalServerError) != broken {
				t.Errorf("POST %s answers %d, want it broken: %v", path, answer.StatusCode, broken)
			}
		}
	}
}

func TestBooksHaveEveryPartner(t *testing.T) {
	c := newCity(t, t.TempDir())
	var books map[string]any
	c.get("/world/books", &books)
	if got, want := slices.Sorted(maps.Keys(books)), []string{"alipay", "bank", "ca", "courier", "sms", "wechat"}; !slices.Equal(got, want) {
		t.Errorf("the books are of %s, want %s", got, want)
	}
	contains(t, fmt.Sprint(books["bank"]), "杭州某某信息科技有限公司")
}
