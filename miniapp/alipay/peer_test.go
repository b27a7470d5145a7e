package alipay_test

// Alipay's own Node library against the stand-in, so that client and stand-in
// cannot agree on the same mistake.

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"certdesk/miniapp/alipay/alipaytest"
)

func TestNodePeer(t *testing.T) {
	dir := os.Getenv("CERTDESK_NPM")
	if _, err := os.Stat(filepath.Join(dir, "node_modules", "alipay-sdk")); dir == "" || err != nil {
		t.Skip("CERTDESK_NPM names no directory with npm's alipay-sdk 4.14.0")
	}
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("node is not installed")
	}
	c := newCity(t, alipaytest.ModeCertificate)
	c.paid(t, bill)
	made, _ := credentials()
	input, err := json.Marshal(map[string]string{
		"appId": "2021000000000001", "gateway": c.address + "/gateway.do", "number": bill.Number,
		"appKey": made.AppKey.Reveal(), "appCert": made.AppCert, "alipayCert": made.AlipayCert, "rootCert": made.RootCert,
		"form": string(c.lastForm(t)), "phone": c.told(t, zhang), "aesKey": aesKey,
	})
	if err != nil {
		t.Fatal(err)
	}
	peer := exec.CommandContext(t.Context(), node, filepath.Join("testdata", "peer.cjs"))
	var complaint bytes.Buffer
	peer.Stdin, peer.Stderr = bytes.NewReader(input), &complaint
	out, err := peer.Output()
	if err != nil {
		t.Fatalf("node: %v\n%s", err, complaint.String())
	}
	var got struct {
		Genuine, Tampered    bool
		Status, Amount, Code string

		Signed bool
		Mobile string
	}
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatalf("node printed %q: %v", out, err)
	}
	if !got.Genuine || got.Tampered {
		t.Errorf("peer takes the notice for genuine: %v, a changed one: %v; want true, false", got.Genuine, got.Tampered)
	}
	if got.Code != "10000" || got.Status != "TRADE_SUCCESS" || got.Amount != "88.00" {
		t.Errorf("peer reads code %s, %s of %s; want a paid trade of 88.00", got.Code, got.Status, got.Amount)
	}
	if !got.Signed || got.Mobile != "13800138000" {
		t.Errorf("peer reads the number %q, signed %v", got.Mobile, got.Signed)
	}
}
