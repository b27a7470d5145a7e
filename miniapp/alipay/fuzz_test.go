package alipay_test

// Whatever comes from outside: nothing unsigned is believed, nothing panics.

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"certdesk/flows"
	"certdesk/miniapp/alipay"
	"certdesk/miniapp/alipay/alipaytest"
)

func fuzzed(f *testing.F, answer *string) *alipay.Client {
	made, err := credentials()
	if err != nil {
		f.Fatal(err)
	}
	client, err := alipay.New(alipay.Config{
		AppID: "2021000000000001", SellerID: seller, PrivateKey: made.AppKey,
		AppCert: made.AppCert, AlipayCert: made.AlipayCert, RootCert: made.RootCert,
		NotifyURL: "https://shop.example/alipay/notify", AESKey: flows.Conceal(aesKey),
	}, &http.Client{Transport: canned{answer}})
	if err != nil {
		f.Fatal(err)
	}
	return client
}

type canned struct{ body *string }

func (c canned) RoundTrip(*http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader(*c.body))}, nil
}

func FuzzNotice(f *testing.F) {
	client := fuzzed(f, new(string))
	f.Add([]byte(notice().Encode()))
	f.Add([]byte("sign=QUJD&alipay_cert_sn=0&total_amount=88.00"))
	f.Add([]byte("%zz=1;2&&="))
	f.Fuzz(func(t *testing.T, form []byte) {
		if got, err := client.Notice(form); err == nil {
			t.Errorf("Notice(%q) = %+v, want an error: nobody signed it", form, got)
		}
	})
}

func FuzzPhone(f *testing.F) {
	client := fuzzed(f, new(string))
	for _, seed := range []string{
		`{"response":"QUJDREVGR0hJSktMTU5PUA==","sign":"QUJD","sign_type":"RSA2","encrypt_type":"AES","charset":"UTF-8"}`,
		`{"response":"QUJDREVGR0hJSktMTU5PUA=="}`,
		`{"response":{"code":"40001","subCode":"isv.missing-encrypt-key"}}`,
		`{"code":40003,"subCode":"isv.invalid-auth-relations"}`,
		`{"response":{"code":"10000","mobile":"13800138000"},"sign":"QUJD"}`,
		`{"response":null,"sign":null}`, `[]`, `{"response":""}`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := client.Phone(text)
		if refused, ok := errors.AsType[*flows.RefusedError](err); ok {
			if refused.Public == "" || len(refused.Code) > 65 {
				t.Errorf("Phone(%q) refuses with %+v", text, refused)
			}
			return
		}
		if !errors.Is(err, alipay.ErrPhone) {
			t.Errorf("Phone(%q) = %q, %v, want an error: nobody signed it", text, got.Reveal(), err)
		}
	})
}

func FuzzAnswer(f *testing.F) {
	var answer string
	client := fuzzed(f, &answer)
	for _, seed := range []string{
		`{"alipay_trade_query_response":{"code":"10000","out_trade_no":"P_1","trade_status":"TRADE_SUCCESS","total_amount":"88.00"},"sign":"QUJD"}`,
		`{"alipay_trade_query_response":{"code":"40004","sub_code":"ACQ.TRADE_NOT_EXIST"}}`,
		`{"alipay_trade_query_response":null}`,
		`{"alipay_trade_query_response":null,"sign":"QUJD"}`,
		`{"alipay_trade_query_response":"QUJDREVGR0hJSktMTU5PUA==","sign":"QUJD"}`,
		`{"alipay_system_oauth_token_response":{"access_token":"a","open_id":"0"}}`,
		`{"alipay_system_oauth_token_response":{"code":"10000","access_token":"a","open_id":"0"}}`,
		`{"error_response":null}`,
		`{"error_response":{"code":40002}}`,
		`{"error_response":{"code":"10000"}}`,
		`{"alipay_trade_query_response":{"code":"10000"},"alipay_cert_sn":1,"sign":"`,
		`<html>502</html>`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		answer = body
		if got, err := client.Query(t.Context(), "P_1"); err == nil {
			t.Errorf("Query answered by %q = %+v, want an error: nobody signed it", body, got)
		}
		if id, err := client.Login(t.Context(), "code"); err == nil {
			t.Errorf("Login answered by %q = %q, want an error: nobody signed it", body, id)
		}
	})
}

// A proxy's page, a redirect and an endless answer are unknown results.
func TestAnswersThatAreNotAlipays(t *testing.T) {
	made, err := credentials()
	if err != nil {
		t.Fatal(err)
	}
	for name, answer := range map[string]*http.Response{
		"a proxy's page":  {StatusCode: http.StatusBadGateway, Body: io.NopCloser(strings.NewReader("<html>502</html>"))},
		"a page with 200": {StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader("<html>502</html>"))},
		"a redirect": {StatusCode: http.StatusTemporaryRedirect, Header: http.Header{"Location": {"http://192.0.2.1/"}},
			Body: io.NopCloser(strings.NewReader(""))},
		"an endless answer": {StatusCode: http.StatusOK, Body: io.NopCloser(endless{})},
	} {
		t.Run(name, func(t *testing.T) {
			client, err := alipay.New(alipay.Config{
				AppID: "2021000000000001", SellerID: seller, PrivateKey: made.AppKey, PublicKey: made.AlipayPublic,
				NotifyURL: "https://shop.example/alipay/notify",
			}, &http.Client{Transport: once{answer}, Timeout: time.Minute})
			if err != nil {
				t.Fatal(err)
			}
			_, err = client.QR(t.Context(), bill)
			if err == nil {
				t.Fatal("QR = nil, want an error")
			}
			if _, refused := errors.AsType[*flows.RefusedError](err); refused {
				t.Errorf("QR = %v, which reads as a refusal", err)
			}
		})
	}
}

type once struct{ answer *http.Response }

func (o once) RoundTrip(*http.Request) (*http.Response, error) { return o.answer, nil }

type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}

// A genuine answer is believed once, for the trade that was asked about, and
// only with the status that the gateway gives it.
func TestGenuineAnswerInTheWrongPlace(t *testing.T) {
	c := newCity(t, alipaytest.ModeCertificate)
	c.paid(t, bill)
	var body []byte
	status := http.StatusOK
	tape := taped{&body, &status}
	client, err := alipay.New(c.config(t, alipaytest.ModeCertificate), &http.Client{Transport: tape})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := client.Query(t.Context(), bill.Number); err != nil || got.State != flows.TradePaid {
		t.Fatalf("Query = %+v, %v, want paid", got, err)
	}
	if got, err := client.Query(t.Context(), "P_2"); !errors.Is(err, alipay.ErrUnclear) {
		t.Errorf("Query of another trade = %+v, %v, want ErrUnclear", got, err)
	}
	status = http.StatusInternalServerError
	if got, err := client.Query(t.Context(), bill.Number); err == nil {
		t.Errorf("Query answered with 500 = %+v, want an error", got)
	}
}

// A refusal of a code comes unsigned and is believed; anything better is not.
func TestUnsignedLogin(t *testing.T) {
	for body, want := range map[string]error{
		`{"error_response":{"code":"10000","access_token":"a","open_id":"0"}}`:                           alipay.ErrUnsigned,
		`{"alipay_system_oauth_token_response":{"access_token":"a","open_id":"0"}}`:                      alipay.ErrUnclear,
		`{"alipay_system_oauth_token_response":{"code":"10000","access_token":"a","open_id":"0"}}`:       alipay.ErrUnsigned,
		`{"error_response":{"code":"40002","sub_code":"isv.invalid-app-id","sub_msg":"invalid app-id"}}`: alipay.ErrUnclear,
	} {
		c := newCity(t, alipaytest.ModeCertificate)
		client, err := alipay.New(c.config(t, alipaytest.ModeCertificate), &http.Client{Transport: canned{&body}})
		if err != nil {
			t.Fatal(err)
		}
		if id, err := client.Login(t.Context(), "code"); !errors.Is(err, want) || id != "" {
			t.Errorf("Login answered by %s = %q, %v, want %v", body, id, err, want)
		}
	}
}

// taped asks the real thing once and plays its answer back ever after.
type taped struct {
	body   *[]byte
	status *int
}

func (p taped) RoundTrip(r *http.Request) (*http.Response, error) {
	if *p.body == nil {
		answer, err := http.DefaultTransport.RoundTrip(r)
		if err != nil {
			return nil, err
		}
		defer answer.Body.Close()
		if *p.body, err = io.ReadAll(answer.Body); err != nil {
			return nil, err
		}
	}
	return &http.Response{StatusCode: *p.status, Body: io.NopCloser(bytes.NewReader(*p.body))}, nil
}
