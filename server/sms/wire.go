package sms

// The library puts the number and the code into the address of its request,
// reads answers without a bound, and keeps connections of its own; this
// transport gives it ours, bounded, with errors that do not show the address.

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
)

// maxAnswer bounds what is read of one answer, in bytes.
const maxAnswer = 64 << 10

var errWire = errors.New("request")

// wire is the HTTP client that the library calls.
type wire struct{ client *http.Client }

// Call sends a request. The library's own transport is left unused.
func (w wire) Call(request *http.Request, _ *http.Transport) (*http.Response, error) {
	answer, err := w.client.Do(request)
	if broken, ok := errors.AsType[*url.Error](err); ok {
		return nil, fmt.Errorf("%w: %w", errWire, broken.Err) // without broken.URL
	}
	if err != nil {
		return nil, err
	}
	answer.Body = body{io.LimitReader(answer.Body, maxAnswer), answer.Body}
	return answer, nil
}

// body reads no further than the limit and closes what it was made of.
type body struct {
	io.Reader
	io.Closer
}
