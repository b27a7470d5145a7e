package courier

// Pushed routes come in two wrappings, chosen in the courier's console, and
// each wants an acknowledgement of its own kind. The push carries no signature
// we could rely on: the caller guards the address and asks [Client.Track]
// before it believes that a parcel has arrived.

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"mime"
	"net/url"
	"strings"

	"certdesk/flows"
)

const (
	maxPush   = 256 << 10 // bytes of one push
	maxRoutes = 100       // lines of one push; the platform sends at most 10
)

// ErrPush is returned for a body that is not a push of routes.
var ErrPush = errors.New("courier: not a route push")

type jsonPush struct {
	Body struct {
		Routes []line `json:"WaybillRoute"`
	} `json:"Body"`
}

type xmlPush struct {
	XMLName xml.Name `xml:"Request"`
	Service string   `xml:"service,attr"`
	Routes  []line   `xml:"Body>WaybillRoute"`
}

// ParsePush reads a push of the RoutePushService: JSON, or a form whose field
// "content" is XML. The scans are in the order of the push, each with the state
// its own line tells; only [Follow] over the whole history knows of a return.
//
// It returns [ErrPush] for anything else, and then no scan: the courier sends
// the whole batch again.
func ParsePush(body []byte, contentType string) ([]flows.Scan, error) {
	if len(body) > maxPush {
		return nil, fmt.Errorf("%w: longer than %d bytes", ErrPush, maxPush)
	}
	lines, err := pushed(body, contentType)
	if err != nil {
		return nil, err
	}
	if len(lines) == 0 || len(lines) > maxRoutes {
		return nil, fmt.Errorf("%w: %d routes", ErrPush, len(lines))
	}
	scans := make([]flows.Scan, 0, len(lines))
	for _, l := range lines {
		if l.Waybill == "" || l.Code == "" {
			return nil, fmt.Errorf("%w: a route without waybill or code", ErrPush)
		}
		scan, err := l.scan(l.Waybill, string(l.OrderID))
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrPush, err)
		}
		scans = append(scans, scan)
	}
	return scans, nil
}

func pushed(body []byte, contentType string) ([]line, error) {
	kind, _, err := mime.ParseMediaType(contentType)
	if err != nil {
		return nil, fmt.Errorf("%w: content type: %w", ErrPush, err)
	}
	switch kind {
	case "application/json":
		var push jsonPush
		if err := json.Unmarshal(body, &push); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrPush, err)
		}
		return push.Body.Routes, nil
	case "application/x-www-form-urlencoded":
		return formPushed(body)
	}
	return nil, fmt.Errorf("%w: content type %q", ErrPush, kind)
}

func formPushed(body []byte) ([]line, error) {
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, fmt.Errorf("%w: form: %w", ErrPush, err)
	}
	content := form.Get("content")
	if strings.HasPrefix(content, "%3C") { // some gateways encode it twice
		if content, err = url.QueryUnescape(content); err != nil {
			return nil, fmt.Errorf("%w: content: %w", ErrPush, err)
		}
	}
	var push xmlPush
	if err := xml.Unmarshal([]byte(content), &push); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrPush, err)
	}
	if push.Service != "RoutePushService" {
		return nil, fmt.Errorf("%w: service is not RoutePushService", ErrPush)
	}
	return push.Routes, nil
}

// PushAnswer is the acknowledgement of a push that came with contentType:
// yes when failure is nil, otherwise the answer that makes the courier send the
// batch again. It goes out with HTTP status 200 in both cases. Say yes only
// after the scans are stored.
func PushAnswer(contentType string, failure error) (answerType string, body []byte) {
	kind, _, _ := mime.ParseMediaType(contentType)
	if kind == "application/x-www-form-urlencoded" {
		head := "OK"
		if failure != nil {
			head = "ERR"
		}
		return "text/xml; charset=utf-8", []byte(`<Response service="RoutePushService"><Head>` + head + `</Head></Response>`)
	}
	if failure != nil {
		return "application/json; charset=utf-8", []byte(`{"return_code":"1000","return_msg":"系统异常"}`)
	}
	return "application/json; charset=utf-8", []byte(`{"return_code":"0000","return_msg":"成功"}`)
}
