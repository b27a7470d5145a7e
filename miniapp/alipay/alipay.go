// Package alipay is our side of the Alipay gateway: proving a face, collecting
// money by QR or inside the mini-program, sending a few fen to a company, logging
// a mini-program user in, seeing whose an account is and which number they let us
// know, and believing a payment notification.
//
// It refuses an answer or a notification whose signature is not Alipay's own
// and whatever is oversized, and it never fetches or trusts a certificate that the
// operator did not configure. It promises to tell "no" from "unknown": a
// definite no is a [*flows.RefusedError] with words for the customer, and any
// other error leaves the result open, to be asked for again. Neither amounts
// in floating point nor personal data in an error leave this package.
package alipay

import (
	"cmp"
	"crypto/cipher"
	"crypto/rsa"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	sdk "github.com/smartwalle/alipay/v3"

	"certdesk/flows"
)

// Where Alipay is: the gateway that moves real money, and the page at which
// people log in.
const (
	Production      = "https://openapi.alipay.com/gateway.do"
	ProductionOAuth = "https://openauth.alipay.com/oauth2/publicAppAuthorize.htm"
)

// partner names Alipay in a [flows.RefusedError].
const partner = "alipay"

// beijing is the only time zone of the gateway; China has no summer time.
func beijing() *time.Location { return time.FixedZone("Asia/Shanghai", 8*60*60) }

// Config is what the operator knows of the application at Alipay. Keys and
// certificates are texts, PEM or the bare base64 that the console hands out.
//
// An application has one of two modes: with the three certificates it is in
// certificate mode, with PublicKey alone in key mode.
type Config struct {
	AppID     string
	MiniAppID string // the mini-program whose cashier opens; AppID when empty
	SellerID  string // who is paid: 2088 and twelve digits

	PrivateKey flows.Secret // the application's own RSA key, PKCS#1 or PKCS#8
	PublicKey  string       // key mode: Alipay's public key, not the application's
	AppCert    string       // certificate mode
	AlipayCert string
	RootCert   string // the bundle of roots, RSA and others

	AESKey flows.Secret // of the mini-program's content encryption, base64 of 16 bytes; may be empty

	Gateway   string // [Production] when empty
	OAuth     string // [ProductionOAuth] when empty
	NotifyURL string // where payment notifications go; without a query
	ReturnURL string // where the face page leads back to; may be empty

	FaceProduct string // biz_code of the contract; FACE when empty
	QRProduct   string // product_code of the contract; FACE_TO_FACE_PAYMENT when empty
	VerifyScope string // scope of [Client.AuthoriseAs]; id_verify when empty
	PayeeType   string // identity_type of a company's account; BANKCARD_ACCOUNT when empty
}

// Client speaks to the gateway for one application. Its methods may be called
// at the same time.
type Client struct {
	sdk     *sdk.Client
	cfg     Config // without the secrets
	keyMode bool
	theirs  *rsa.PublicKey
	seal    cipher.Block // nil without a key
}

// New checks the configuration, reports every mistake in it at once, and makes
// no call. The HTTP client is copied: the copy follows no redirect, reads no
// more than a megabyte of an answer and gives up after ten seconds when no
// time-out is set; nil means a plain one.
func New(cfg Config, httpClient *http.Client) (*Client, error) {
	cfg = cfg.withDefaults()
	keyMode := cfg.AppCert == "" && cfg.AlipayCert == "" && cfg.RootCert == ""
	seal, err := sealKey(cfg.AESKey)
	if err := errors.Join(cfg.checkNames(), cfg.checkKeys(keyMode), err); err != nil {
		return nil, err
	}
	// The library calls the gateway for any certificate that a stranger names,
	// and trusts it, when told that it is in production. As a "sandbox" at the
	// same address it refuses.
	inner, err := sdk.New(cfg.AppID, cfg.PrivateKey.Reveal(), false,
		sdk.WithSandboxGateway(cfg.Gateway),
		sdk.WithHTTPClient(bounded(httpClient)),
		sdk.WithTimeLocation(beijing()))
	if err != nil {
		return nil, fmt.Errorf("alipay: private key: %w", err)
	}
	if err := load(inner, cfg, keyMode); err != nil {
		return nil, err
	}
	cfg.PrivateKey, cfg.AESKey = flows.Secret{}, flows.Secret{}
	theirs, err := cfg.theirKey(keyMode)
	return &Client{sdk: inner, cfg: cfg, keyMode: keyMode, theirs: theirs, seal: seal}, err
}

func load(inner *sdk.Client, cfg Config, keyMode bool) error {
	if keyMode {
		if err := inner.LoadAliPayPublicKey(cfg.PublicKey); err != nil {
			return fmt.Errorf("alipay: public key: %w", err)
		}
		return nil
	}
	for _, part := range []struct {
		name string
		load func(string) error
		text string
	}{
		{"application certificate", inner.LoadAppCertPublicKey, cfg.AppCert},
		{"alipay certificate", inner.LoadAlipayCertPublicKey, cfg.AlipayCert},
		{"root certificates", inner.LoadAliPayRootCert, cfg.RootCert},
	} {
		if err := part.load(part.text); err != nil {
			return fmt.Errorf("alipay: %s: %w", part.name, err)
		}
	}
	return nil
}

// withDefaults also trims: a PEM text that starts with an empty line is not
// recognised by the library.
func (cfg Config) withDefaults() Config {
	cfg.PrivateKey = flows.Conceal(strings.TrimSpace(cfg.PrivateKey.Reveal()))
	for _, text := range []*string{&cfg.PublicKey, &cfg.AppCert, &cfg.AlipayCert, &cfg.RootCert} {
		*text = strings.TrimSpace(*text)
	}
	cfg.MiniAppID = cmp.Or(cfg.MiniAppID, cfg.AppID)
	cfg.Gateway = cmp.Or(cfg.Gateway, Production)
	cfg.OAuth = cmp.Or(cfg.OAuth, ProductionOAuth)
	cfg.VerifyScope = cmp.Or(cfg.VerifyScope, "id_verify")
	cfg.FaceProduct = cmp.Or(cfg.FaceProduct, "FACE")
	cfg.QRProduct = cmp.Or(cfg.QRProduct, "FACE_TO_FACE_PAYMENT")
	cfg.PayeeType = cmp.Or(cfg.PayeeType, "BANKCARD_ACCOUNT")
	return cfg
}

func (cfg Config) checkNames() error {
	var errs []error
	if !digits(cfg.AppID) {
		errs = append(errs, errors.New("alipay: app id is not a number"))
	}
	if !digits(cfg.MiniAppID) {
		errs = append(errs, errors.New("alipay: mini-program app id is not a number"))
	}
	if len(cfg.SellerID) != 16 || !strings.HasPrefix(cfg.SellerID, "2088") || !digits(cfg.SellerID) {
		errs = append(errs, errors.New("alipay: seller id is not 2088 and twelve digits"))
	}
	// A query on either address would be mixed into what is signed.
	if !plainAddress(cfg.Gateway) {
		errs = append(errs, errors.New("alipay: gateway is not a plain http(s) address"))
	}
	if !plainAddress(cfg.OAuth) {
		errs = append(errs, errors.New("alipay: oauth url is not a plain http(s) address"))
	}
	if !plainAddress(cfg.NotifyURL) {
		errs = append(errs, errors.New("alipay: notify url is not a plain http(s) address"))
	}
	if back, err := url.Parse(cfg.ReturnURL); err != nil || (cfg.ReturnURL != "" && back.Scheme == "") {
		errs = append(errs, errors.New("alipay: return url is not an address"))
	}
	return errors.Join(errs...)
}

func plainAddress(text string) bool {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return false
	}
	return u.Scheme == "https" || u.Scheme == "http"
}

func digits(text string) bool {
	return text != "" && strings.Trim(text, "0123456789") == ""
}
