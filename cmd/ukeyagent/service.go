// This file calls the service: JSON over HTTPS, bounded, without redirections.

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"certdesk/server/activation"
)

const (
	callLimit = 45 * time.Second // of one call; the authority may take a while
	tries     = 5                // of a call that may be repeated
)

var (
	errAddress = errors.New("ukeyagent: address of the service is not https")
	errOffline = errors.New("ukeyagent: service cannot be reached")
	errAnswer  = errors.New("ukeyagent: answer of the service cannot be read")
)

// service is the other end.
type service struct {
	base   string
	client *http.Client
	bearer string
	wait   func(ctx context.Context, d time.Duration) error
}

// newService checks the address. Plain HTTP is good for this computer only.
func newService(address string, pause func(ctx context.Context, d time.Duration) error) (*service, error) {
	u, err := url.Parse(strings.TrimSuffix(address, "/"))
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return nil, errAddress
	}
	if u.Scheme != "https" && (u.Scheme != "http" || !local(u.Hostname())) {
		return nil, errAddress
	}
	return &service{
		base: u.String(),
		client: &http.Client{
			Timeout:       callLimit,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		wait: pause,
	}, nil
}

func local(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || (ip != nil && ip.IsLoopback())
}

// once makes a call that must not be repeated by itself.
func (s *service) once(ctx context.Context, path string, question, answer any) error {
	body, err := json.Marshal(question)
	if err != nil {
		return fmt.Errorf("ukeyagent: %s: %w", path, err)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.base+path, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("%w: %w", errAddress, err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/json")
	if s.bearer != "" {
		r.Header.Set("Authorization", "Bearer "+s.bearer)
	}
	reply, err := s.client.Do(r)
	if err != nil {
		return fmt.Errorf("%w: %w", errOffline, err)
	}
	defer reply.Body.Close()
	text, err := io.ReadAll(io.LimitReader(reply.Body, activation.MaxBody+1))
	if err != nil {
		return fmt.Errorf("%w: %w", errOffline, err)
	}
	if len(text) > activation.MaxBody {
		return fmt.Errorf("%w: it is too long", errAnswer)
	}
	if reply.StatusCode != http.StatusOK {
		return refusal(reply.StatusCode, text)
	}
	if err := json.Unmarshal(text, answer); err != nil {
		return fmt.Errorf("%w: %w", errAnswer, err)
	}
	return nil
}

// refusal reads an answer other than 200. What stands in front of the service
// may answer too, in its own way.
func refusal(status int, text []byte) error {
	no := &activation.Error{}
	if json.Unmarshal(text, no) == nil && no.Code != "" {
		return no
	}
	if status >= 500 {
		return fmt.Errorf("%w: status %d", errOffline, status)
	}
	return fmt.Errorf("%w: status %d", errAnswer, status)
}

// again makes a call that may be repeated, until it is answered.
func (s *service) again(ctx context.Context, path string, question, answer any) error {
	pause := time.Second
	for try := 1; ; try++ {
		err := s.once(ctx, path, question, answer)
		if err == nil || try == tries || !passing(err) {
			return err
		}
		if s.wait(ctx, pause) != nil {
			return err
		}
		pause *= 2
	}
}

// passing tells errors that may be gone in a moment.
func passing(err error) bool {
	if no, ok := errors.AsType[*activation.Error](err); ok {
		return no.Code == activation.Unavailable || no.Code == activation.Busy
	}
	return errors.Is(err, errOffline)
}
