// Package esign asks e签宝 whether what a customer says of themselves is what
// the registers say: who represents a company, whose a mobile number or a bank
// card is.
//
// It refuses to guess: only the platform's own code for a match is one, and an
// answer that cannot be read is an error after which the question may be asked
// again. It promises that no name and no number is in an error.
package esign

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"certdesk/flows"
)

// Config is our account with the platform.
type Config struct {
	URL    string // https://openapi.esign.cn in production
	AppID  string
	Secret flows.Secret
}

// Client calls the platform. It is safe for use by many goroutines.
type Client struct {
	cfg  Config
	http *http.Client
	now  func() time.Time
}

// New checks the configuration and reports every mistake at once. It makes no
// call.
func New(cfg Config, client *http.Client, now func() time.Time) (*Client, error) {
	var errs []error
	if u, err := url.Parse(cfg.URL); err != nil || u.Host == "" || (u.Path != "" && u.Path != "/") {
		errs = append(errs, errors.New("esign: URL is not the address of a host"))
	}
	if cfg.AppID == "" || cfg.Secret.IsZero() {
		errs = append(errs, errors.New("esign: app id and secret are not set"))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return &Client{cfg: cfg, http: client, now: now}, nil
}

// The comparisons, as the platform's reference names them (企业4要素信息比对,
// 组织机构3要素信息比对, 组织机构2要素信息比对, 个人运营商3要素信息比对, 个人银行卡4要素信息比对).
const (
	ofMobile     = "/v2/identity/verify/individual/telecom3Factors"
	ofCard       = "/v2/identity/verify/individual/bank4Factors"
	fourFactors  = "/v2/identity/verify/organization/enterprise/bureau4Factors"
	threeFactors = "/v2/identity/verify/organization/verify"
	twoFactors   = "/v2/identity/verify/organization/enterprise/base" // of every sort of organisation
)

// factors is what a register is asked about a company.
type factors struct {
	Name           string `json:"name"`
	Code           string `json:"orgCode"`
	Representative string `json:"legalRepName,omitempty"`
	IDNumber       string `json:"legalRepCertNo,omitempty"`
}

// Represents tells whether a person is the legal representative of a company,
// by name and number. Where the register has no number of its representative
// only the names are compared: a name alone never makes a representative, so
// the answer says which of the two it was.
//
// What the platform does not take, and a company that is no more, is a
// [*flows.RefusedError]; after any other error nothing is known.
func (c *Client) Represents(ctx context.Context, org flows.Organisation, who flows.Person) (flows.Match, error) {
	asked := factors{Name: org.Name.Reveal(), Code: org.CreditCode.Reveal(), Representative: who.Name.Reveal(), IDNumber: who.IDNumber.Reveal()}
	match, err := c.compare(ctx, fourFactors, asked)
	if errors.Is(err, errNoRecord) {
		asked.IDNumber = ""
		if match, err = c.compare(ctx, threeFactors, asked); errors.Is(err, errNoRecord) {
			err = refused(codeNoRecord)
		}
	}
	switch {
	case err != nil:
		return "", fmt.Errorf("esign: representative: %w", err)
	case !match:
		return flows.MatchNone, nil
	case asked.IDNumber == "":
		return flows.MatchName, nil
	}
	return flows.MatchPerson, nil
}

// Differs tells whether the register has an organisation's code under another
// name. What it does not know, or does not take, it does not have under another;
// after an error nothing is known.
func (c *Client) Differs(ctx context.Context, org flows.Organisation) (bool, error) {
	match, err := c.compare(ctx, twoFactors, factors{Name: org.Name.Reveal(), Code: org.CreditCode.Reveal()})
	if _, refused := errors.AsType[*flows.RefusedError](err); refused || errors.Is(err, errNoRecord) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("esign: name: %w", err)
	}
	return !match, nil
}

// holder is what is asked about whoever holds a mobile number or a card.
type holder struct {
	IDNumber string `json:"idNo"`
	Name     string `json:"name"`
	Card     string `json:"cardNo,omitempty"`
	Mobile   string `json:"mobileNo"`
}

// Holds tells whether a person holds a mobile number, by what the telephone
// companies know; with a card, whether the card is theirs and the number is the
// one that its bank has. What no source knows is not theirs.
//
// What the platform does not take is a [*flows.RefusedError]; after any other
// error nothing is known.
func (c *Client) Holds(ctx context.Context, who flows.Person, mobile, card flows.Secret) (bool, error) {
	path := ofMobile
	if !card.IsZero() {
		path = ofCard
	}
	same, err := c.compare(ctx, path, holder{
		IDNumber: who.IDNumber.Reveal(), Name: who.Name.Reveal(), Card: card.Reveal(), Mobile: mobile.Reveal(),
	})
	if errors.Is(err, errNoRecord) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("esign: factors: %w", err)
	}
	return same, nil
}
