// Package sms sends one-time codes, and one notice, through Alibaba Cloud's SMS
// service, and has codes read aloud by its voice service.
//
// It refuses to send for a purpose that has no template, and to put a
// telephone number or a code into an error. It promises one message at most, or one
// call, each time it is asked, and to ask once: the services do not recognise a
// repetition, so there are no retries in here.
package sms

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"github.com/alibabacloud-go/darabonba-openapi/v2/utils"
	dysmsapi "github.com/alibabacloud-go/dysmsapi-20170525/v5/client"
	"github.com/alibabacloud-go/tea/dara"

	"certdesk/flows"
)

// Config is our account with the SMS service.
type Config struct {
	Endpoint  string // "dysmsapi.aliyuncs.com", or an http address without a path
	KeyID     string
	KeySecret flows.Secret
	SignName  string                   // 短信签名, without the brackets
	Templates map[flows.Purpose]string // template code; its variable is "code", and "word" where codes have one
	Moved     string                   // template code without a variable; may be empty
}

// Client calls the SMS service. It is safe for use by many goroutines.
type Client struct {
	cfg Config
	api *dysmsapi.Client
}

// New checks the configuration and reports every mistake at once. It makes no
// call.
func New(cfg Config, client *http.Client) (*Client, error) {
	protocol, host, err := split(cfg.Endpoint)
	errs := []error{err}
	if cfg.KeyID == "" || cfg.KeySecret.IsZero() {
		errs = append(errs, errors.New("sms: access key is not set"))
	}
	if cfg.SignName == "" {
		errs = append(errs, errors.New("sms: sign name is not set"))
	}
	for _, purpose := range []flows.Purpose{flows.PurposeRegister, flows.PurposeActivate} {
		if cfg.Templates[purpose] == "" {
			errs = append(errs, fmt.Errorf("sms: template for %s is not set", purpose))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	api, err := dysmsapi.NewClient(library(protocol, host, cfg.KeyID, cfg.KeySecret, client))
	if err != nil {
		return nil, fmt.Errorf("sms: client: %w", err)
	}
	return &Client{cfg: cfg, api: api}, nil
}

// library is what the library wants to know.
func library(protocol, host, keyID string, secret flows.Secret, client *http.Client) *utils.Config {
	return &utils.Config{
		AccessKeyId:     dara.String(keyID),
		AccessKeySecret: dara.String(secret.Reveal()),
		Endpoint:        dara.String(host),
		Protocol:        dara.String(protocol),
		HttpClient:      wire{client},
	}
}

// split takes an endpoint apart: the library knows hosts only.
func split(endpoint string) (protocol, host string, err error) {
	u, err := url.Parse(endpoint)
	if err == nil && u.Host == "" {
		u, err = url.Parse("https://" + endpoint)
	}
	if err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") || (u.Path != "" && u.Path != "/") {
		return "", "", errors.New("sms: endpoint is not a host")
	}
	return u.Scheme, u.Host, nil
}

// Code sends one code. Its identifier goes out as OutId, for the service's log,
// and its word, when it has one, as a second variable. A definite no is a
// [*flows.RefusedError]; after any other error the message may or may not have
// gone out.
func (c *Client) Code(ctx context.Context, code flows.OneTime) error {
	template := c.cfg.Templates[code.Purpose]
	if template == "" {
		return fmt.Errorf("sms: no template for %q", code.Purpose)
	}
	values := map[string]string{"code": code.Code.Reveal()}
	if code.Word != "" {
		values["word"] = code.Word
	}
	variables, err := json.Marshal(values)
	if err != nil {
		return fmt.Errorf("sms: template variables: %w", err)
	}
	return c.send(ctx, code.Mobile, template, string(variables), code.ID)
}

// Moved tells a number that its account has another one now; nobody, when there
// is no template for it. Errors are those of [Client.Code], but that a number
// which was sent too much lately is no refusal: a notice can wait.
func (c *Client) Moved(ctx context.Context, mobile flows.Secret, ref string) error {
	if c.cfg.Moved == "" {
		return nil
	}
	err := c.send(ctx, mobile, c.cfg.Moved, "{}", ref)
	if no, ok := errors.AsType[*flows.RefusedError](err); ok && no.Code == codeLimit {
		return fmt.Errorf("sms: message %s: too many to this number", ref)
	}
	return err
}

func (c *Client) send(ctx context.Context, mobile flows.Secret, template, variables, ref string) error {
	api := *c.api // the library clears a field of its client in each call: one each
	answer, err := api.SendSmsWithContext(ctx, &dysmsapi.SendSmsRequest{
		PhoneNumbers:  dara.String(mobile.Reveal()),
		SignName:      dara.String(c.cfg.SignName),
		TemplateCode:  dara.String(template),
		TemplateParam: dara.String(variables),
		OutId:         dara.String(ref),
	}, &dara.RuntimeOptions{})
	if err != nil {
		return fmt.Errorf("sms: message %s: %w", ref, noText.bare(err))
	}
	if answer.Body == nil {
		return fmt.Errorf("sms: message %s: %w", ref, errAnswer)
	}
	if said := dara.StringValue(answer.Body.Code); said != "OK" {
		return fmt.Errorf("sms: message %s: %w", ref, noText.refused(said))
	}
	return nil
}
