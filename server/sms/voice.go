package sms

// Codes that are read aloud by a telephone call (SingleCallByTts of the voice
// service, version 2017-05-25). The module of that service is not to be had here,
// so it is called through the library that the SMS service's module stands on.
// Source: help.aliyun.com/document_detail/393519.html.

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	openapi "github.com/alibabacloud-go/darabonba-openapi/v2/client"
	"github.com/alibabacloud-go/darabonba-openapi/v2/utils"
	"github.com/alibabacloud-go/tea/dara"

	"certdesk/flows"
)

// VoiceConfig is our account with the voice service.
type VoiceConfig struct {
	Endpoint  string // "dyvmsapi.aliyuncs.com", or an http address without a path
	KeyID     string
	KeySecret flows.Secret
	Template  string // 语音验证码 template; its one variable is "code"
	Number    string // that calls; the service's own when empty
}

// Voice calls telephones. It is safe for use by many goroutines.
type Voice struct {
	cfg VoiceConfig
	api *openapi.Client
}

// NewVoice checks the configuration and reports every mistake at once. It makes
// no call.
func NewVoice(cfg VoiceConfig, client *http.Client) (*Voice, error) {
	protocol, host, err := split(cfg.Endpoint)
	errs := []error{err}
	if cfg.KeyID == "" || cfg.KeySecret.IsZero() {
		errs = append(errs, errors.New("sms: access key is not set"))
	}
	if cfg.Template == "" {
		errs = append(errs, errors.New("sms: template of a call is not set"))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	api, err := openapi.NewClient(library(protocol, host, cfg.KeyID, cfg.KeySecret, client))
	if err != nil {
		return nil, fmt.Errorf("sms: voice: %w", err)
	}
	return &Voice{cfg, api}, nil
}

// maxOutID is how long the reference of a call may be, in bytes.
const maxOutID = 15

// Call calls a number and reads its code, as [Client.Code] sends it; a template
// of this kind takes digits and letters only, so there is no word in it.
func (v *Voice) Call(ctx context.Context, code flows.OneTime) error {
	variables, err := json.Marshal(map[string]string{"code": code.Code.Reveal()})
	if err != nil {
		return fmt.Errorf("sms: template variables: %w", err)
	}
	query := map[string]*string{
		"CalledNumber": dara.String(code.Mobile.Reveal()), "TtsCode": dara.String(v.cfg.Template), "TtsParam": dara.String(string(variables)),
		"OutId": dara.String(code.ID[:min(len(code.ID), maxOutID)]),
	}
	if v.cfg.Number != "" {
		query["CalledShowNumber"] = dara.String(v.cfg.Number)
	}
	said, err := v.ask(ctx, query)
	if err == nil && said != "OK" {
		err = noCall.refused(said)
	}
	if err != nil {
		return fmt.Errorf("sms: call %s: %w", code.ID, err)
	}
	return nil
}

// ask makes one call of the service, and returns the code of its answer.
func (v *Voice) ask(ctx context.Context, query map[string]*string) (said string, err error) {
	api := *v.api // see Client.send
	answer, err := api.CallApiWithCtx(ctx, &utils.Params{
		Action: dara.String("SingleCallByTts"), Version: dara.String("2017-05-25"), Protocol: dara.String("HTTPS"), Pathname: dara.String("/"),
		Method: dara.String("POST"), AuthType: dara.String("AK"), Style: dara.String("RPC"), ReqBodyType: dara.String("formData"), BodyType: dara.String("json"),
	}, &utils.OpenApiRequest{Query: query}, &dara.RuntimeOptions{})
	if err != nil {
		return "", noCall.bare(err)
	}
	body, _ := answer["body"].(map[string]any)
	if said, _ = body["Code"].(string); said == "" {
		return "", errAnswer
	}
	return said, nil
}
