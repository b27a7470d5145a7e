package alipaytest

// The stand-in's own small certification authority, and how a demo keeps its
// keys over a restart.

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/md5"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"time"

	"certdesk/flows"
)

// Credentials are the PEM texts of both sides. The application is configured
// with AppKey and either AppCert, AlipayCert and RootCert, or AlipayPublic.
type Credentials struct {
	AppKey       flows.Secret // PKCS#8
	AppCert      string
	AlipayKey    flows.Secret // PKCS#8; stays in the stand-in
	AlipayCert   string
	AlipayPublic string // PKIX
	RootCert     string // two RSA roots with one of another kind between them, as in the real bundle
}

const yearsValid = 10

// NewCredentials makes fresh ones, valid from a day before now. It takes
// about a second.
func NewCredentials(now time.Time) (Credentials, error) {
	authority, err := newAuthority(now)
	if err != nil {
		return Credentials{}, err
	}
	app, err := authority.issue("2021000000000001-app")
	if err != nil {
		return Credentials{}, err
	}
	alipay, err := authority.issue("Alipay Stand-in (China) Network Technology Co.")
	if err != nil {
		return Credentials{}, err
	}
	return Credentials{
		AppKey: app.key, AppCert: app.cert,
		AlipayKey: alipay.key, AlipayCert: alipay.cert, AlipayPublic: alipay.public,
		RootCert: authority.bundle,
	}, nil
}

type authority struct {
	key    *rsa.PrivateKey
	cert   *x509.Certificate
	bundle string
	from   time.Time
}

// newAuthority makes a bundle whose middle certificate has to be skipped when
// the serial number of the bundle is computed.
func newAuthority(now time.Time) (*authority, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, fmt.Errorf("alipaytest: root key: %w", err)
	}
	other, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("alipaytest: other root key: %w", err)
	}
	a := &authority{key: key, from: now.Add(-24 * time.Hour)}
	for _, root := range []struct {
		name        string
		public, key any
	}{
		{"Stand-in Certification Authority R1", &key.PublicKey, key},
		{"Stand-in Certification Authority E1", &other.PublicKey, other},
		{"Stand-in Certification Authority R2", &key.PublicKey, key},
	} {
		template := a.template(root.name)
		template.IsCA, template.BasicConstraintsValid = true, true
		template.KeyUsage = x509.KeyUsageCertSign
		der, err := x509.CreateCertificate(rand.Reader, template, template, root.public, root.key)
		if err != nil {
			return nil, fmt.Errorf("alipaytest: root %s: %w", root.name, err)
		}
		if a.cert == nil {
			if a.cert, err = x509.ParseCertificate(der); err != nil {
				return nil, fmt.Errorf("alipaytest: root %s: %w", root.name, err)
			}
		}
		a.bundle += pemText("CERTIFICATE", der)
	}
	return a, nil
}

func (a *authority) template(name string) *x509.Certificate {
	serial := make([]byte, 16)
	rand.Read(serial) // never fails, by its contract
	return &x509.Certificate{
		SerialNumber: new(big.Int).SetBytes(serial),
		Subject: pkix.Name{
			Country: []string{"CN"}, Organization: []string{"Stand-in"},
			OrganizationalUnit: []string{"Certification Authority"}, CommonName: name,
		},
		NotBefore: a.from,
		NotAfter:  a.from.AddDate(yearsValid, 0, 0),
		KeyUsage:  x509.KeyUsageDigitalSignature,
	}
}

type issued struct {
	key          flows.Secret
	cert, public string
}

func (a *authority) issue(name string) (issued, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return issued{}, fmt.Errorf("alipaytest: key of %s: %w", name, err)
	}
	cert, err := x509.CreateCertificate(rand.Reader, a.template(name), a.cert, &key.PublicKey, a.key)
	if err != nil {
		return issued{}, fmt.Errorf("alipaytest: certificate of %s: %w", name, err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return issued{}, fmt.Errorf("alipaytest: key of %s: %w", name, err)
	}
	public, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		return issued{}, fmt.Errorf("alipaytest: key of %s: %w", name, err)
	}
	return issued{
		key:    flows.Conceal(pemText("PRIVATE KEY", private)),
		cert:   pemText("CERTIFICATE", cert),
		public: pemText("PUBLIC KEY", public),
	}, nil
}

func pemText(kind string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

// Names of the files that [Credentials.Save] writes.
const (
	FileAppKey       = "alipay-app-key.pem"
	FileAppCert      = "alipay-app-cert.pem"
	FileAlipayKey    = "alipay-key.pem"
	FileAlipayCert   = "alipay-cert.pem"
	FileAlipayPublic = "alipay-public.pem"
	FileRootCert     = "alipay-root.pem"
)

// Save writes one file for each text into dir, readable by the owner only.
func (c Credentials) Save(dir string) error {
	for name, text := range map[string]string{
		FileAppKey: c.AppKey.Reveal(), FileAppCert: c.AppCert,
		FileAlipayKey: c.AlipayKey.Reveal(), FileAlipayCert: c.AlipayCert,
		FileAlipayPublic: c.AlipayPublic, FileRootCert: c.RootCert,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			return fmt.Errorf("alipaytest: credentials: %w", err)
		}
	}
	return nil
}

// LoadCredentials is the inverse of [Credentials.Save]. A missing file is an
// [fs.ErrNotExist].
func LoadCredentials(dir string) (Credentials, error) {
	var c Credentials
	var appKey, alipayKey string
	for name, text := range map[string]*string{
		FileAppKey: &appKey, FileAppCert: &c.AppCert,
		FileAlipayKey: &alipayKey, FileAlipayCert: &c.AlipayCert,
		FileAlipayPublic: &c.AlipayPublic, FileRootCert: &c.RootCert,
	} {
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			return Credentials{}, fmt.Errorf("alipaytest: credentials: %w", err)
		}
		*text = string(data)
	}
	c.AppKey, c.AlipayKey = flows.Conceal(appKey), flows.Conceal(alipayKey)
	return c, nil
}

// credentialsOf prefers those given, then those kept in dir, then new ones.
func credentialsOf(given Credentials, dir string, now time.Time) (Credentials, error) {
	if !given.AppKey.IsZero() {
		return given, nil
	}
	if dir == "" {
		return NewCredentials(now)
	}
	kept, err := LoadCredentials(dir)
	if !errors.Is(err, fs.ErrNotExist) {
		return kept, err
	}
	fresh, err := NewCredentials(now)
	if err != nil {
		return Credentials{}, err
	}
	return fresh, fresh.Save(dir)
}

// serialNumbers returns what a request must carry for this bundle: the serial
// numbers of the certificates signed with RSA, in the order of the file.
//
// Source: facts/alipay.md 1.4.
func serialNumbers(bundle string) (string, error) {
	var out []string
	for rest := []byte(bundle); ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return "", fmt.Errorf("alipaytest: certificate: %w", err)
		}
		if cert.SignatureAlgorithm != x509.SHA256WithRSA {
			continue
		}
		sum := md5.Sum([]byte(cert.Issuer.ToRDNSequence().String() + cert.SerialNumber.Text(10)))
		out = append(out, hex.EncodeToString(sum[:]))
	}
	return strings.Join(out, "_"), nil
}
