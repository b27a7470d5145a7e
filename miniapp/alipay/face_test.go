package alipay_test

// The face verification from both sides.

import (
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	"certdesk/flows"
	"certdesk/miniapp/alipay"
	"certdesk/miniapp/alipay/alipaytest"
)

func TestFace(t *testing.T) {
	tests := []struct {
		name    string
		user    string
		outcome string
		want    flows.FaceState
	}{
		{"the person passes", zhang, alipaytest.FacePass, flows.FacePassed},
		{"a failure stays pending", zhang, alipaytest.FaceFail, flows.FacePending},
		{"another's account stays pending", wang, alipaytest.FacePass, flows.FacePending},
		{"another's face stays pending", zhang, alipaytest.FaceOtherPerson, flows.FacePending},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := newCity(t, alipaytest.ModeCertificate)
			id, err := c.Begin(t.Context(), "F1", person)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := c.Result(t.Context(), id); got != flows.FacePending || err != nil {
				t.Fatalf("Result before = %q, %v, want pending", got, err)
			}
			page, err := c.Page(id)
			if err != nil {
				t.Fatal(err)
			}
			scheme := "alipays://platformapi/startapp?appId=20000067&url=" + url.QueryEscape(page)
			scanned, err := c.gateway.Scan(t.Context(), tt.user, scheme)
			if err != nil || scanned.Kind != alipaytest.KindFace || scanned.ID != id {
				t.Fatalf("Scan = %+v, %v, want the face %s", scanned, err, id)
			}
			if err := c.gateway.Face(id, tt.outcome); err != nil {
				t.Fatal(err)
			}
			if got, err := c.Result(t.Context(), id); got != tt.want || err != nil {
				t.Errorf("Result = %q, %v, want %q", got, err, tt.want)
			}
			if _, err := c.gateway.Scan(t.Context(), tt.user, page); !errors.Is(err, alipaytest.ErrScan) {
				t.Errorf("Scan of a used page = %v, want ErrScan", err)
			}
		})
	}
}

func TestFaceIsRefused(t *testing.T) {
	c := newCity(t, alipaytest.ModeCertificate)
	tests := []struct {
		name string
		call func() error
		code string
	}{
		{"no identity number", func() error {
			_, err := c.Begin(t.Context(), "F1", flows.Person{Name: person.Name, IDNumber: flows.Conceal("1")})
			return err
		}, "INVALID_PARAMETER"},
		{"unknown identifier", func() error {
			_, err := c.Result(t.Context(), "2109b5e671aa3ff2eb4851816c65828f")
			return err
		}, "OPEN_CERTIFY_BILL_NOT_EXIST"},
		{"identifier over three months old", func() error {
			id, err := c.Begin(t.Context(), "F2", person)
			if err != nil {
				return err
			}
			c.clock.pass(91 * 24 * time.Hour)
			_, err = c.Result(t.Context(), id)
			return err
		}, "OPEN_CERTIFY_BILL_NOT_EXIST"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { wantRefusal(t, tt.call(), tt.code) })
	}
}

func wantRefusal(t *testing.T, err error, code string) {
	t.Helper()
	refused, ok := errors.AsType[*flows.RefusedError](err)
	if !ok {
		t.Fatalf("error = %v, want a RefusedError", err)
	}
	if refused.Code != code || refused.Partner != "alipay" {
		t.Errorf("refused by %q with %q, want alipay with %q", refused.Partner, refused.Code, code)
	}
	if refused.Public == "" || strings.ContainsAny(refused.Public, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_") {
		t.Errorf("customer reads %q, want words without codes", refused.Public)
	}
}

// A lost answer is repeated under the same number and gives the same attempt.
func TestBeginIsRepeatable(t *testing.T) {
	c := newCity(t, alipaytest.ModeCertificate)
	if err := c.gateway.Fault("time-out", 1); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Begin(t.Context(), "F1", person); err == nil {
		t.Fatal("Begin = nil, want the loss of the answer")
	}
	id, err := c.Begin(t.Context(), "F1", person)
	if err != nil {
		t.Fatal(err)
	}
	if made := c.gateway.Books().Certifies; len(made) != 1 || made[0].ID != id {
		t.Errorf("gateway has %d attempts, want the one", len(made))
	}
}

func TestPageExpires(t *testing.T) {
	c := newCity(t, alipaytest.ModeCertificate)
	id, err := c.Begin(t.Context(), "F1", person)
	if err != nil {
		t.Fatal(err)
	}
	page, err := c.Page(id)
	if err != nil {
		t.Fatal(err)
	}
	forged := strings.Replace(page, id, strings.Repeat("a", 32), 1)
	if _, err := c.gateway.Scan(t.Context(), zhang, forged); !errors.Is(err, alipaytest.ErrScan) {
		t.Errorf("Scan of a changed page = %v, want ErrScan", err)
	}
	c.clock.pass(23 * time.Hour)
	if _, err := c.gateway.Scan(t.Context(), zhang, page); !errors.Is(err, alipaytest.ErrScan) {
		t.Errorf("Scan after 23 hours = %v, want ErrScan", err)
	}
}

func TestScanFollowsOnlyAllowedRedirects(t *testing.T) {
	c := newCity(t, alipaytest.ModeCertificate)
	for _, content := range []string{
		c.address + "/f/round", "http://192.0.2.1/", "ftp://" + strings.TrimPrefix(c.address, "http://"), "https://qr.alipay.com/bax0", "hello",
	} {
		if _, err := c.gateway.Scan(t.Context(), zhang, content); !errors.Is(err, alipaytest.ErrScan) {
			t.Errorf("Scan(%q) = %v, want ErrScan", content, err)
		}
	}
}

// The gateway explains a wrong signature by quoting the request; none of it
// may reach an error.
func TestErrorsKeepPersonalDataOut(t *testing.T) {
	c := newCity(t, alipaytest.ModeKey)
	made, _ := credentials()
	stranger, err := alipaytest.NewCredentials(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	cfg := c.config(t, alipaytest.ModeKey)
	cfg.PrivateKey, cfg.PublicKey = stranger.AppKey, made.AlipayPublic
	wrong, err := alipay.New(cfg, nil)
	if err != nil {
		t.Fatal(err)
	}
	_, err = wrong.Begin(t.Context(), "F1", person)
	if !errors.Is(err, alipay.ErrUnclear) || !strings.Contains(err.Error(), "isv.invalid-signature") {
		t.Errorf("Begin = %v, want ErrUnclear with isv.invalid-signature", err)
	}
	if text := err.Error(); strings.Contains(text, "张三") || strings.Contains(text, "110105") {
		t.Errorf("Begin = %q, which quotes the request", text)
	}
}

// TestVerification is the newer product from both sides: it tells a failure.
func TestVerification(t *testing.T) {
	for _, tt := range []struct {
		name, user, outcome string
		want                flows.FaceState
	}{
		{"the person passes", zhang, alipaytest.FacePass, flows.FacePassed},
		{"a failure is one", zhang, alipaytest.FaceFail, flows.FaceFailed},
		{"another's account fails", wang, alipaytest.FacePass, flows.FaceFailed},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := newCity(t, alipaytest.ModeCertificate)
			v := c.Verification()
			id, err := v.Begin(t.Context(), "F1", person)
			if err != nil {
				t.Fatal(err)
			}
			if again, err := v.Begin(t.Context(), "F1", person); again != id || err != nil {
				t.Errorf("Begin again = %q, %v, want the same", again, err)
			}
			if got, err := v.Result(t.Context(), id); got != flows.FacePending || err != nil {
				t.Fatalf("Result before = %q, %v, want pending", got, err)
			}
			var refused *flows.RefusedError
			if _, err := c.Result(t.Context(), strings.Fields(id)[0]); !errors.As(err, &refused) {
				t.Errorf("the older product knows it: %v, want a refusal", err)
			}
			page, err := v.Page(id)
			if err != nil {
				t.Fatal(err)
			}
			scanned, err := c.gateway.Scan(t.Context(), tt.user, page)
			if err != nil || scanned.Kind != alipaytest.KindFace {
				t.Fatalf("Scan = %+v, %v, want a face", scanned, err)
			}
			if err := c.gateway.Face(scanned.ID, tt.outcome); err != nil {
				t.Fatal(err)
			}
			if got, err := v.Result(t.Context(), id); got != tt.want || err != nil {
				t.Errorf("Result = %q, %v, want %q", got, err, tt.want)
			}
		})
	}
	v := newCity(t, alipaytest.ModeCertificate).Verification()
	var refused *flows.RefusedError
	if _, err := v.Begin(t.Context(), "F1", flows.Person{Name: person.Name, IDNumber: flows.Conceal("1")}); !errors.As(err, &refused) {
		t.Errorf("Begin without a number = %v, want a refusal", err)
	}
	if _, err := v.Page("2109b5e671aa3ff2eb4851816c65828f"); err == nil {
		t.Error("Page of an identifier of the other product")
	}
}
