package esign

// How a request is signed and sent (请求签名鉴权). Source: facts/domain.md 4.1,
// whose vector the test has.

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/md5" //nolint:gosec // the platform prescribes it
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"certdesk/flows"
)

const (
	accept      = "*/*"
	contentType = "application/json;charset=UTF-8"
	maxAnswer   = 64 << 10 // bytes that are read of one answer
)

// digest is the Content-MD5 of a body: nothing when there is none.
func digest(body []byte) string {
	if body == nil {
		return ""
	}
	sum := md5.Sum(body) //nolint:gosec // see above
	return base64.StdEncoding.EncodeToString(sum[:])
}

// signature is what proves that a request is ours. The line of the date is
// empty, and there are no headers of our own.
func signature(secret flows.Secret, method, path string, body []byte) string {
	mac := hmac.New(sha256.New, []byte(secret.Reveal()))
	mac.Write([]byte(strings.Join([]string{method, accept, digest(body), contentType, "", path}, "\n")))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// request is one call. A query has one value at most.
type request struct {
	method, path string
	key, value   string // of the query; none when the key is empty
	body         []byte
}

// signed is the address as the signature has it: with a value that is not
// encoded, which the facts have from memory.
func (r request) signed() string {
	if r.key == "" {
		return r.path
	}
	return r.path + "?" + r.key + "=" + r.value
}

func (r request) sent() string {
	if r.key == "" {
		return r.path
	}
	return r.path + "?" + url.Values{r.key: {r.value}}.Encode()
}

// call puts one question. A no of the gateway is about our account or about
// load, never about the customer, so it stays an ordinary error.
func (c *Client) call(ctx context.Context, q request) (answer []byte, err error) {
	r, err := http.NewRequestWithContext(ctx, q.method, strings.TrimRight(c.cfg.URL, "/")+q.sent(), bytes.NewReader(q.body))
	if err != nil {
		return nil, fmt.Errorf("request: %w", err)
	}
	for name, value := range map[string]string{
		"Accept": accept, "Content-Type": contentType, "Content-MD5": digest(q.body),
		"X-Tsign-Open-App-Id": c.cfg.AppID, "X-Tsign-Open-Auth-Mode": "Signature",
		"X-Tsign-Open-Ca-Timestamp": strconv.FormatInt(c.now().UnixMilli(), 10),
		"X-Tsign-Open-Ca-Signature": signature(c.cfg.Secret, q.method, q.signed(), q.body),
	} {
		r.Header.Set(name, value)
	}
	said, err := c.http.Do(r)
	if err != nil {
		return nil, fmt.Errorf("request: %w", err)
	}
	defer said.Body.Close()
	if said.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%w: HTTP status %d", errAnswer, said.StatusCode)
	}
	answer, err = io.ReadAll(io.LimitReader(said.Body, maxAnswer+1))
	if err != nil {
		return nil, fmt.Errorf("answer: %w", err)
	}
	if len(answer) > maxAnswer {
		return nil, fmt.Errorf("%w: longer than %d bytes", errAnswer, maxAnswer)
	}
	return answer, nil
}

// compare asks whether what is said is what a source knows.
func (c *Client) compare(ctx context.Context, path string, question any) (match bool, err error) {
	body, err := json.Marshal(question)
	if err != nil {
		return false, err
	}
	said, err := c.call(ctx, request{method: http.MethodPost, path: path, body: body})
	if err != nil {
		return false, err
	}
	return verdict(said)
}
