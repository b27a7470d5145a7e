// Package courier speaks to SF Express (the 丰桥 platform): it books the
// pick-up of a parcel, asks for its history, and reads the routes that the
// platform pushes to us.
//
// It refuses to guess: a code of the courier's that is not in the table is
// never a delivery, and an answer that cannot be read is an error after which
// the result is unknown. It promises that booking a number twice gives the same
// waybill, and that one line of a parcel's history has one identifier, whether
// it was pushed or asked for.
package courier

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"certdesk/flows"
)

// How a request is signed is a setting of the app in the courier's console.
const (
	SignStandard = "standard" // Base64(MD5(URLEncode(text)))
	SignSimple   = "simple"   // Base64(MD5(text))
)

// Config is our account with the courier.
type Config struct {
	URL         string // https://bspgw.sf-express.com/std/service in production
	PartnerID   string // 顾客编码
	Checkword   flows.Secret
	SignMode    string // SignStandard when empty
	MonthlyCard string // 月结卡号; the sender pays by it
	ExpressType int    // expressTypeId of the contract: 1 or 2
	Sender      Sender
}

// Sender is where parcels are picked up.
type Sender struct {
	Company  string
	Contact  flows.Secret
	Phone    flows.Secret
	Province string
	City     string
	District string
	Address  string
}

// Client calls the courier. It is safe for use by many goroutines.
type Client struct {
	cfg  Config
	http *http.Client
	now  func() time.Time
}

// New checks the configuration and reports every mistake at once. It makes no
// call.
func New(cfg Config, client *http.Client, now func() time.Time) (*Client, error) {
	if cfg.SignMode == "" {
		cfg.SignMode = SignStandard
	}
	var errs []error
	if u, err := url.Parse(cfg.URL); err != nil || u.Host == "" {
		errs = append(errs, errors.New("courier: URL is not an address"))
	}
	if cfg.SignMode != SignStandard && cfg.SignMode != SignSimple {
		errs = append(errs, fmt.Errorf("courier: sign mode %q is neither %s nor %s", cfg.SignMode, SignStandard, SignSimple))
	}
	if cfg.ExpressType < 1 {
		errs = append(errs, errors.New("courier: express type is not set"))
	}
	required := []struct{ name, value string }{
		{"partner id", cfg.PartnerID},
		{"checkword", cfg.Checkword.Reveal()},
		{"monthly card", cfg.MonthlyCard},
		{"sender's company", cfg.Sender.Company},
		{"sender's contact", cfg.Sender.Contact.Reveal()},
		{"sender's phone", cfg.Sender.Phone.Reveal()},
		{"sender's province", cfg.Sender.Province},
		{"sender's city", cfg.Sender.City},
		{"sender's address", cfg.Sender.Address},
	}
	for _, field := range required {
		if field.value == "" {
			errs = append(errs, fmt.Errorf("courier: %s is not set", field.name))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return &Client{cfg: cfg, http: client, now: now}, nil
}

// Book orders the pick-up of a parcel, carriage paid by us, and returns the
// waybill. Booking a number that is booked returns the waybill it has.
//
// An address the courier does not serve, or a receiver it cannot accept, is a
// [*flows.RefusedError]; after any other error the result is unknown and Book
// may be called again.
func (c *Client) Book(ctx context.Context, p flows.Parcel) (string, error) {
	var placed booking
	err := c.call(ctx, "EXP_RECE_CREATE_ORDER", c.order(p), &placed)
	if no, ok := errors.AsType[*businessError](err); ok && no.code == codeDuplicate {
		placed, err = c.find(ctx, p.Number)
	}
	if err != nil {
		return "", fmt.Errorf("courier: booking of %s: %w", p.Number, public(err))
	}
	waybill, err := placed.waybill()
	if err != nil {
		return "", fmt.Errorf("courier: booking of %s: %w", p.Number, err)
	}
	return waybill, nil
}

// find asks for an order that was placed earlier.
func (c *Client) find(ctx context.Context, number string) (booking, error) {
	var placed booking
	query := searchOrder{SearchType: "1", OrderID: number, Language: language}
	err := c.call(ctx, "EXP_RECE_SEARCH_ORDER_RESP", query, &placed)
	return placed, err
}

// Track returns the history of a parcel by our number, oldest first, with the
// rule of [Follow] applied. A parcel that was not scanned yet has none.
func (c *Client) Track(ctx context.Context, number string) ([]flows.Scan, error) {
	query := searchRoutes{
		Language:       language,
		TrackingType:   "2",
		TrackingNumber: []string{number},
		MethodType:     "1",
	}
	var found routes
	err := c.call(ctx, "EXP_RECE_SEARCH_ROUTES", query, &found)
	if no, ok := errors.AsType[*businessError](err); ok && no.code == codeNotFound {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("courier: routes of %s: %w", number, err)
	}
	var scans []flows.Scan
	for _, parcel := range found.Parcels {
		for _, line := range parcel.Routes {
			scan, err := line.scan(parcel.Waybill, number)
			if err != nil {
				return nil, fmt.Errorf("courier: routes of %s: %w", number, err)
			}
			scans = append(scans, scan)
		}
	}
	return Follow(scans), nil
}

// order is a parcel in the courier's words.
func (c *Client) order(p flows.Parcel) createOrder {
	from, to := c.cfg.Sender, p.To
	return createOrder{
		Language: language,
		OrderID:  p.Number,
		Cargo:    []cargo{{Name: p.Goods, Count: 1}},
		Contacts: []contact{{
			Type: 1, Company: from.Company, Name: from.Contact.Reveal(), Mobile: from.Phone.Reveal(), Country: "CN",
			Province: from.Province, City: from.City, County: from.District, Address: from.Address,
		}, {
			Type: 2, Name: to.Name.Reveal(), Mobile: to.Mobile.Reveal(), Tel: to.Landline.Reveal(), Country: "CN",
			Province: to.Province, City: to.City, County: to.District, Address: to.Detail.Reveal(),
		}},
		MonthlyCard:     c.cfg.MonthlyCard,
		PayMethod:       1,
		ExpressType:     c.cfg.ExpressType,
		Quantity:        1,
		GenerateWaybill: 1,
		PickUpFrom:      c.now().In(beijing).Format(time.DateTime),
	}
}

// timestamp is the moment of a request in milliseconds since 1970.
func (c *Client) timestamp() string { return strconv.FormatInt(c.now().UnixMilli(), 10) }
