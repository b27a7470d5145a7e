package alipay

// The library reads an answer to its end, ignores its HTTP status and follows
// redirects with the personal data of the request; this transport does not.

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

const (
	maxAnswer = 1 << 20
	patience  = 10 * time.Second
)

func bounded(given *http.Client) *http.Client {
	var c http.Client
	if given != nil {
		c = *given
	}
	if c.Timeout == 0 {
		c.Timeout = patience
	}
	next := c.Transport
	if next == nil {
		next = http.DefaultTransport
	}
	c.Transport = strictTransport{next: next}
	c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &c
}

type strictTransport struct{ next http.RoundTripper }

// RoundTrip takes any status but 200 for an unknown result: the gateway itself
// says even its errors with 200, so another one speaks for a proxy.
func (t strictTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := t.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	if answer.StatusCode != http.StatusOK {
		return nil, errors.Join(fmt.Errorf("gateway answered HTTP %d", answer.StatusCode), answer.Body.Close())
	}
	answer.Body = limitedBody{Reader: io.LimitReader(answer.Body, maxAnswer), Closer: answer.Body}
	return answer, nil
}

type limitedBody struct {
	io.Reader
	io.Closer
}
