// The tool as a process of its own, against a service and a SoftHSM2 key, read
// afterwards by pkcs11-tool and openssl.

package main

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"certdesk/cmd/ukeyagent/token"
	"certdesk/cmd/ukeyagent/token/tokentest"
	"certdesk/server/activation"
	"certdesk/server/ca/catest"
)

// TestMain lets the test program be the tool: a crash in C cannot be tested
// in the same process, and SoftHSM reads its configuration once.
func TestMain(m *testing.M) {
	if os.Getenv("UKEYAGENT_IS_TOOL") == "1" {
		main()
		return
	}
	os.Exit(m.Run())
}

func newToken(t *testing.T, dir, label string) tokentest.Token {
	t.Helper()
	key, err := tokentest.Make(t.Context(), dir, label)
	if errors.Is(err, tokentest.ErrAbsent) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func tool(t *testing.T, key tokentest.Token, stdin string, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self, args...)
	cmd.Env = append(os.Environ(), "UKEYAGENT_IS_TOOL=1", key.Env())
	cmd.Stdin = strings.NewReader(stdin)
	return cmd
}

// activate runs the tool to its end.
func activate(t *testing.T, d *desk, key tokentest.Token, stdin string, more ...string) (output string, code int) {
	t.Helper()
	args := append([]string{"activate", "--server", d.web.URL, "--code", d.code(), "--module", key.Module, "--yes"}, more...)
	out, err := tool(t, key, stdin, args...).CombinedOutput()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return string(out), exit.ExitCode()
	}
	if err != nil {
		t.Fatalf("tool: %v", err)
	}
	return string(out), 0
}

const answers = smsCode + "\n" + tokentest.PIN + "\n"

func TestActivate(t *testing.T) {
	d, key := newDesk(t), newToken(t, t.TempDir(), "UKEY-0001")
	out, code := activate(t, d, key, answers+"270815\n")
	if code != 0 {
		t.Fatalf("exit %d:\n%s", code, out)
	}
	want := "1.生成签名密钥对 ✓\n2.证书新领请求 ✓\n3.导入证书 ✓\n4.导入加密密钥对 ✓\n5.完成 ✓\n"
	if !strings.Contains(out, want) || !strings.HasSuffix(out, "成功，请重新插拔 Ukey。\n") {
		t.Errorf("the manual's screen is not in:\n%s", out)
	}
	if !strings.Contains(out, "短信里的校验词应是“青松”") {
		t.Errorf("the word in the SMS is not in:\n%s", out)
	}
	for _, secret := range []string{smsCode, "270815"} {
		if strings.Contains(out, secret) {
			t.Errorf("output shows %s:\n%s", secret, out)
		}
	}
	if !d.isActivated() {
		t.Error("service did not activate")
	}
	if got, want := d.progress(), "1 started, 1 done, 2 started, 2 done, 3 started, 3 done, 4 started, 4 done, 5 started, 5 done"; got != want {
		t.Errorf("progress %q, want %q", got, want)
	}
	if counts := d.counts(); counts[catest.SignLabel] != 1 || counts[catest.EncLabel] != 1 {
		t.Errorf("authority issued %v, want one of each", counts)
	}
	inspect(t, key, "270815")
	if out, err := p11(t, key, "--login", "--pin", tokentest.PIN, "-O"); err == nil {
		t.Errorf("the old PIN still opens the key:\n%s", out)
	}
}

// inspect reads the key with other programs (facts: ukey.md 3) and follows
// what a bank or a tax office would do with it.
func inspect(t *testing.T, key tokentest.Token, pin string) {
	t.Helper()
	for _, program := range []string{"pkcs11-tool", "openssl"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("%s is absent: install the Debian packages opensc and openssl", program)
		}
	}
	list, err := p11(t, key, "--login", "--pin", pin, "-O")
	if err != nil {
		t.Fatalf("pkcs11-tool -O: %v\n%s", err, list)
	}
	for kind, want := range map[string]int{"Private Key Object": 2, "Public Key Object": 1, "Certificate Object": 2} {
		if got := strings.Count(list, kind); got != want {
			t.Errorf("key has %d of %q, want %d:\n%s", got, kind, want, list)
		}
	}
	if got := strings.Count(list, "never extractable, local"); got != 1 {
		t.Errorf("%d private keys were made in the key, want the signing key only:\n%s", got, list)
	}
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	for _, role := range []token.Role{token.Sign, token.Enc} {
		id := hex.EncodeToString(token.ID("order-0001", role))
		if out, err := p11(t, key, "-r", "-y", "cert", "--id", id, "-o", at(string(role)+".der")); err != nil {
			t.Fatalf("read %s certificate: %v\n%s", role, err, out)
		}
		openssl(t, "x509", "-inform", "DER", "-in", at(string(role)+".der"), "-out", at(string(role)+".pem"))
		openssl(t, "x509", "-in", at(string(role)+".pem"), "-noout", "-pubkey", "-out", at(string(role)+".pub"))
	}
	about := openssl(t, "x509", "-in", at("sign.pem"), "-noout", "-subject", "-nameopt", "utf8,sep_comma_plus", "-ext", "keyUsage")
	if !strings.Contains(about, "CN=张三丰") || !strings.Contains(about, "Digital Signature, Non Repudiation") {
		t.Errorf("signing certificate: %s", about)
	}
	writeFile(t, at("data"), "to be signed")
	writeFile(t, at("plain"), "session key")
	signID, encID := hex.EncodeToString(token.ID("order-0001", token.Sign)), hex.EncodeToString(token.ID("order-0001", token.Enc))
	login := []string{"--login", "--pin", pin}
	if out, err := p11(t, key, append(login, "--sign", "-m", "SHA256-RSA-PKCS", "--id", signID, "-i", at("data"), "-o", at("sig"))...); err != nil {
		t.Fatalf("sign: %v\n%s", err, out)
	}
	openssl(t, "dgst", "-sha256", "-verify", at("sign.pub"), "-signature", at("sig"), at("data"))
	openssl(t, "pkeyutl", "-encrypt", "-pubin", "-inkey", at("enc.pub"), "-in", at("plain"), "-out", at("cipher"))
	if out, err := p11(t, key, append(login, "--decrypt", "-m", "RSA-PKCS", "--id", encID, "-i", at("cipher"), "-o", at("opened"))...); err != nil {
		t.Fatalf("decrypt: %v\n%s", err, out)
	}
	if opened, err := os.ReadFile(at("opened")); err != nil || string(opened) != "session key" {
		t.Errorf("decrypted %q, %v", opened, err)
	}
	if out, err := p11(t, key, append(login, "--sign", "-m", "SHA256-RSA-PKCS", "--id", encID, "-i", at("data"), "-o", at("bad"))...); err == nil {
		t.Errorf("the encryption key signs:\n%s", out)
	}
	openssl(t, "pkeyutl", "-encrypt", "-pubin", "-inkey", at("sign.pub"), "-in", at("plain"), "-out", at("cipher2"))
	if out, err := p11(t, key, append(login, "--decrypt", "-m", "RSA-PKCS", "--id", signID, "-i", at("cipher2"), "-o", at("bad"))...); err == nil {
		t.Errorf("the signing key decrypts:\n%s", out)
	}
}

func TestChainVerifiesWithOpenssl(t *testing.T) {
	if _, err := exec.LookPath("openssl"); err != nil {
		t.Skip("openssl is absent: install the Debian package openssl")
	}
	d, key := newDesk(t), newToken(t, t.TempDir(), "UKEY-0001")
	if out, code := activate(t, d, key, answers); code != 0 {
		t.Fatalf("exit %d:\n%s", code, out)
	}
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "root.pem"), string(d.authority.RootPEM()))
	writeFile(t, filepath.Join(dir, "issuer.der"), string(d.answer.Chain[0]))
	openssl(t, "x509", "-inform", "DER", "-in", filepath.Join(dir, "issuer.der"), "-out", filepath.Join(dir, "issuer.pem"))
	for _, role := range []token.Role{token.Sign, token.Enc} {
		der := filepath.Join(dir, string(role)+".der")
		if out, err := p11(t, key, "-r", "-y", "cert", "--id", hex.EncodeToString(token.ID("order-0001", role)), "-o", der); err != nil {
			t.Fatalf("read %s certificate: %v\n%s", role, err, out)
		}
		openssl(t, "x509", "-inform", "DER", "-in", der, "-out", der+".pem")
		openssl(t, "verify", "-CAfile", filepath.Join(dir, "root.pem"), "-untrusted", filepath.Join(dir, "issuer.pem"), der+".pem")
	}
}

// TestKilledAnywhere kills the tool while the service holds one call back,
// before or after serving it, and runs it again with a new code.
func TestKilledAnywhere(t *testing.T) {
	type point struct {
		path  string
		step  activation.StepRequest
		after bool
	}
	points := []point{
		{path: activation.CertifyPath}, {path: activation.CertifyPath, after: true},
		{path: activation.ChallengePath, after: true},
		{path: activation.ProvePath}, {path: activation.ProvePath, after: true},
	}
	for step := activation.MakeSignKey; step <= activation.Finish; step++ {
		points = append(points,
			point{path: activation.StepPath, step: activation.StepRequest{Step: step, State: activation.Started}},
			point{path: activation.StepPath, step: activation.StepRequest{Step: step, State: activation.Done}},
			point{path: activation.StepPath, step: activation.StepRequest{Step: step, State: activation.Done}, after: true})
	}
	for _, p := range points {
		name := fmt.Sprintf("%s %d %s %s", filepath.Base(p.path), p.step.Step, p.step.State, map[bool]string{false: "asked", true: "served"}[p.after])
		t.Run(name, func(t *testing.T) {
			d, key := newDesk(t), newToken(t, t.TempDir(), "UKEY-0001")
			reached, release := make(chan struct{}), make(chan struct{})
			var once sync.Once
			d.hold = func(path string, s activation.StepRequest, after bool) {
				if path == p.path && s == p.step && after == p.after {
					once.Do(func() { close(reached); <-release })
				}
			}
			kill(t, d, key, reached, release)
			out, code := activate(t, d, key, answers)
			if code != 0 {
				t.Fatalf("second run: exit %d:\n%s", code, out)
			}
			if !d.isActivated() {
				t.Error("service did not activate")
			}
			if counts := d.counts(); counts[catest.SignLabel] != 1 || counts[catest.EncLabel] != 1 {
				t.Errorf("authority issued %v, want one of each", counts)
			}
			inspect(t, key, tokentest.PIN)
		})
	}
}

// kill starts the tool and kills it where the service holds it.
func kill(t *testing.T, d *desk, key tokentest.Token, reached, release chan struct{}) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	cmd := tool(t, key, answers, "activate", "--server", d.web.URL, "--code", d.code(), "--module", key.Module, "--yes")
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	select {
	case <-reached:
	case err := <-ended:
		t.Fatalf("tool ended before it was held: %v\n%s", err, out.String())
	case <-ctx.Done():
		t.Fatal(ctx.Err())
	}
	if err := cmd.Process.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	<-ended
	close(release)
}

func TestRefusals(t *testing.T) {
	tests := []struct {
		name  string
		stdin string
		spoil func(*activation.CertifyAnswer)
		trick func(*activation.ChallengeAnswer)
		want  int
		words string
	}{
		{name: "wrong authorisation code", stdin: "000000\n" + tokentest.PIN + "\n", want: exitSMS, words: "wrong_sms_code"},
		{name: "wrong PIN", stdin: smsCode + "\n999999\n", want: exitPIN, words: "Ukey 密码不对"},
		{name: "too short PIN", stdin: smsCode + "\n1\n", want: exitPIN, words: "长度"},
		{name: "no answers", stdin: "", want: exitDeclined, words: "没有收到输入"},
		{name: "certificates swapped", stdin: answers, want: exitUnfit, words: "没有写入", spoil: func(a *activation.CertifyAnswer) {
			a.SignCert, a.EncCert = a.EncCert, a.SignCert
		}},
		{name: "chain without root", stdin: answers, want: exitUnfit, words: "没有写入", spoil: func(a *activation.CertifyAnswer) {
			a.Chain = a.Chain[:1]
		}},
		{name: "spoiled envelope", stdin: answers, want: exitUnfit, words: "4.导入加密密钥对 ✗", spoil: func(a *activation.CertifyAnswer) {
			a.Envelope.Key = bytes.Clone(a.Envelope.Key)
			a.Envelope.Key[40] ^= 1
		}},
		{name: "a document to be signed", stdin: answers, want: exitUnfit, words: "5.完成 ✗", trick: func(a *activation.ChallengeAnswer) {
			a.Nonce = bytes.Repeat([]byte("我同意。"), 100)
		}},
		{name: "a wrong proof", stdin: answers, want: exitRefused, words: "wrong_proof", trick: func(a *activation.ChallengeAnswer) {
			a.Nonce = []byte("not what the service remembers")
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d, key := newDesk(t), newToken(t, t.TempDir(), "UKEY-0001")
			d.spoil, d.trick = tt.spoil, tt.trick
			out, code := activate(t, d, key, tt.stdin)
			if code != tt.want || !strings.Contains(out, tt.words) {
				t.Errorf("exit %d, want %d with %q:\n%s", code, tt.want, tt.words, out)
			}
			if d.isActivated() {
				t.Error("service activated")
			}
			d.spoil, d.trick = nil, nil
			if out, code := activate(t, d, key, answers); code != 0 {
				t.Fatalf("second run: exit %d:\n%s", code, out)
			}
			inspect(t, key, tokentest.PIN)
		})
	}
}

// TestOtherKeys: no write to a key that the order is not bound to.
func TestOtherKeys(t *testing.T) {
	dir := t.TempDir()
	d, first := newDesk(t), newToken(t, dir, "UKEY-0001")
	second := newToken(t, dir, "UKEY-0002")
	out, code := activate(t, d, first, answers)
	if code != exitDevice || !strings.Contains(out, first.Serial) || !strings.Contains(out, second.Serial) {
		t.Errorf("without --serial: exit %d, want %d with both serials:\n%s", code, exitDevice, out)
	}
	if out, code := activate(t, d, first, answers, "--serial", "feedfeed"); code != exitDevice {
		t.Errorf("unknown serial: exit %d, want %d:\n%s", code, exitDevice, out)
	}
	if out, code := activate(t, d, first, answers, "--serial", first.Serial); code != 0 {
		t.Fatalf("exit %d:\n%s", code, out)
	}
	if out, code := activate(t, d, second, answers, "--serial", second.Serial); code != exitForeign {
		t.Errorf("other key: exit %d, want %d:\n%s", code, exitForeign, out)
	}
	list, err := p11(t, second, "--login", "--pin", tokentest.PIN, "-O")
	if err != nil || strings.Contains(list, "Object") {
		t.Errorf("other key was written to (%v):\n%s", err, list)
	}
}

func TestCodeIsGoodOnce(t *testing.T) {
	d, key := newDesk(t), newToken(t, t.TempDir(), "UKEY-0001")
	args := []string{"activate", "--server", d.web.URL, "--code", d.code(), "--module", key.Module}
	out, err := tool(t, key, "n\n", args...).CombinedOutput()
	if exit, ok := errors.AsType[*exec.ExitError](err); !ok || exit.ExitCode() != exitDeclined {
		t.Errorf("declined: %v, want exit %d:\n%s", err, exitDeclined, out)
	}
	for _, shown := range []string{"zh****@example.com", "20261123-0001", "张*", "138****0000"} {
		if !strings.Contains(string(out), shown) {
			t.Errorf("the person is not shown %s:\n%s", shown, out)
		}
	}
	out, err = tool(t, key, "y\n"+answers, args...).CombinedOutput()
	if exit, ok := errors.AsType[*exec.ExitError](err); !ok || exit.ExitCode() != exitCode {
		t.Errorf("used code: %v, want exit %d:\n%s", err, exitCode, out)
	}
}

func TestKeepsInitialPINWhenTheNewOneIsTheSame(t *testing.T) {
	d, key := newDesk(t), newToken(t, t.TempDir(), "UKEY-0001")
	out, code := activate(t, d, key, answers+"111111\n")
	if code != 0 || !strings.Contains(out, "新密码不能是初始密码") || !strings.HasSuffix(out, "成功，请重新插拔 Ukey。\n") {
		t.Errorf("exit %d:\n%s", code, out)
	}
	inspect(t, key, tokentest.PIN)
}

func TestAuthorityFailsForAWhile(t *testing.T) {
	for _, fault := range []catest.Fault{catest.Error500, catest.LostAnswer} {
		t.Run(string(fault), func(t *testing.T) {
			d, key := newDesk(t), newToken(t, t.TempDir(), "UKEY-0001")
			d.authority.Fail(fault, 1)
			if out, code := activate(t, d, key, answers); code != 0 {
				t.Errorf("exit %d:\n%s", code, out)
			}
			if counts := d.counts(); counts[catest.SignLabel] != 1 || counts[catest.EncLabel] != 1 {
				t.Errorf("authority issued %v, want one of each", counts)
			}
		})
	}
}

func TestList(t *testing.T) {
	key := newToken(t, t.TempDir(), "UKEY-0001")
	out, err := tool(t, key, "", "list", "--module", key.Module).CombinedOutput()
	if err != nil || !strings.Contains(string(out), key.Serial) || strings.Count(string(out), "\n") != 1 {
		t.Errorf("list: %v, want one line with %s:\n%s", err, key.Serial, out)
	}
}

func TestModuleByRelativePathIsRefused(t *testing.T) {
	key := newToken(t, t.TempDir(), "UKEY-0001")
	out, err := tool(t, key, "", "list", "--module", "libsofthsm2.so").CombinedOutput()
	if exit, ok := errors.AsType[*exec.ExitError](err); !ok || exit.ExitCode() != exitModule {
		t.Errorf("list: %v, want exit %d:\n%s", err, exitModule, out)
	}
}

func p11(t *testing.T, key tokentest.Token, args ...string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "pkcs11-tool", append([]string{"--module", key.Module, "--token-label", key.Label}, args...)...)
	cmd.Env = append(os.Environ(), key.Env())
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func openssl(t *testing.T, args ...string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "openssl", args...).CombinedOutput()
	if err != nil {
		t.Fatalf("openssl %v: %v\n%s", args, err, out)
	}
	return string(out)
}

func writeFile(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
