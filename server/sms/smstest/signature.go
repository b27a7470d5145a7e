package smstest

// The third version of Alibaba Cloud's request signature, written from its
// description (V3版本请求体&签名机制) and not from the library that the client
// uses, so that a mistake in one is seen by the other.

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

const algorithm = "ACS3-HMAC-SHA256"

// maxAge is how far a request's time may lie from ours.
const maxAge = 15 * time.Minute

// mustSign are the headers that have to be under the signature.
var mustSign = []string{
	"host", "x-acs-action", "x-acs-content-sha256", "x-acs-date", "x-acs-signature-nonce", "x-acs-version",
}

// signed refuses a request whose signature, time or nonce is not good. The
// caller holds the lock.
func (s *Service) signed(r *http.Request, body []byte) *refusal {
	credential, headers, signature, ok := authorization(r.Header.Get("Authorization"))
	if !ok {
		return &refusal{http.StatusBadRequest, "IncompleteSignature", "The request signature does not conform to Aliyun standards."}
	}
	if credential != s.cfg.KeyID {
		return &refusal{http.StatusNotFound, "InvalidAccessKeyId.NotFound", "Specified access key is not found."}
	}
	now, nonce := s.cfg.Clock(), r.Header.Get("x-acs-signature-nonce")
	at, err := time.Parse("2006-01-02T15:04:05Z", r.Header.Get("x-acs-date"))
	if err != nil || now.Sub(at).Abs() > maxAge {
		return &refusal{http.StatusBadRequest, "InvalidTimeStamp.Expired", "Specified time stamp or date value is expired."}
	}
	sum := sha256.Sum256(body)
	if r.Header.Get("x-acs-content-sha256") != hex.EncodeToString(sum[:]) {
		return &refusal{http.StatusBadRequest, "SignatureDoesNotMatch", "The hash of the body does not match."}
	}
	if !s.matches(canonical(r, headers), signature) {
		return &refusal{http.StatusBadRequest, "SignatureDoesNotMatch", "Specified signature is not matched with our calculation."}
	}
	for old, seen := range s.nonces {
		if now.Sub(seen) > maxAge {
			delete(s.nonces, old)
		}
	}
	if _, again := s.nonces[nonce]; again || nonce == "" {
		return &refusal{http.StatusBadRequest, "SignatureNonceUsed", "Specified signature nonce was used already."}
	}
	s.nonces[nonce] = now
	return nil
}

// authorization takes the header apart. It is good only if the headers it
// names are sorted and all of mustSign are among them.
func authorization(value string) (credential string, headers []string, signature string, ok bool) {
	rest, ok := strings.CutPrefix(value, algorithm+" ")
	if !ok {
		return "", nil, "", false
	}
	for part := range strings.SplitSeq(rest, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		switch name {
		case "Credential":
			credential = value
		case "SignedHeaders":
			headers = strings.Split(value, ";")
		case "Signature":
			signature = value
		}
	}
	for _, name := range mustSign {
		if !slices.Contains(headers, name) {
			return "", nil, "", false
		}
	}
	return credential, headers, signature, slices.IsSorted(headers) && signature != ""
}

// canonical is the request as it has to be signed.
func canonical(r *http.Request, headers []string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n%s\n%s\n", r.Method, r.URL.EscapedPath(), canonicalQuery(r.URL.Query()))
	for _, name := range headers {
		value := r.Header.Get(name)
		if name == "host" {
			value = r.Host // the server takes it out of the header
		}
		fmt.Fprintf(&b, "%s:%s\n", name, strings.TrimSpace(value))
	}
	fmt.Fprintf(&b, "\n%s\n%s", strings.Join(headers, ";"), r.Header.Get("x-acs-content-sha256"))
	return b.String()
}

func canonicalQuery(query url.Values) string {
	var pairs []string
	for _, name := range slices.Sorted(maps.Keys(query)) {
		for _, value := range query[name] {
			pairs = append(pairs, escape(name)+"="+escape(value))
		}
	}
	return strings.Join(pairs, "&")
}

// escape writes RFC 3986: letters, digits and - _ . ~ stay.
func escape(text string) string {
	var b strings.Builder
	for i := range len(text) {
		ch := text[i]
		if 'a' <= ch && ch <= 'z' || 'A' <= ch && ch <= 'Z' || '0' <= ch && ch <= '9' || strings.IndexByte("-_.~", ch) >= 0 {
			b.WriteByte(ch)
		} else {
			fmt.Fprintf(&b, "%%%02X", ch)
		}
	}
	return b.String()
}

func (s *Service) matches(canonical, signature string) bool {
	sum := sha256.Sum256([]byte(canonical))
	mac := hmac.New(sha256.New, []byte(s.cfg.KeySecret.Reveal()))
	mac.Write([]byte(algorithm + "\n" + hex.EncodeToString(sum[:])))
	got, err := hex.DecodeString(signature)
	return err == nil && hmac.Equal(got, mac.Sum(nil))
}
