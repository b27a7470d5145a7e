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
	"strconv"
	"strings"

	"certdesk/flows"
)

const (
	accept      = "*/*"
	contentType = "application/json;charset=UTF-8"
	maxAnswer   = 64 << 10 // bytes that are read of one answer
)

// digest is the Content-MD5 of a body.
func digest(body []byte) string {
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

// compare puts one question. A no of the gateway is about our account or about
// load, never about the customer, so it stays an ordinary error.
func (c *Client) compare(ctx context.Context, path string, question any) (match bool, err error) {
	body, err := json.Marshal(question)
	if err != nil {
		return false, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.TrimRight(c.cfg.URL, "/")+path, bytes.NewReader(body))
	if err != nil {
		return false, fmt.Errorf("request: %w", err)
	}
	for name, value := range map[string]string{
		"Accept": accept, "Content-Type": contentType, "Content-MD5": digest(body),
		"X-Tsign-Open-App-Id": c.cfg.AppID, "X-Tsign-Open-Auth-Mode": "Signature",
		"X-Tsign-Open-Ca-Timestamp": strconv.FormatInt(c.now().UnixMilli(), 10),
		"X-Tsign-Open-Ca-Signature": signature(c.cfg.Secret, http.MethodPost, path, body),
	} {
		r.Header.Set(name, value)
	}
	answer, err := c.http.Do(r)
	if err != nil {
		return false, fmt.Errorf("request: %w", err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return false, fmt.Errorf("%w: HTTP status %d", errAnswer, answer.StatusCode)
	}
	said, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer+1))
	if err != nil {
		return false, fmt.Errorf("answer: %w", err)
	}
	if len(said) > maxAnswer {
		return false, fmt.Errorf("%w: longer than %d bytes", errAnswer, maxAnswer)
	}
	return verdict(said)
}
