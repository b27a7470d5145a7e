// Tests of signature and envelope against published vectors, against the SDK as
// an independent peer, and against forgers.

package bot

import (
	"bytes"
	"cmp"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/silenceper/wechat/v2/util"

	"certdesk/flows"
)

// unsigned is the token of a vector whose source gives none.
const unsigned = "unsigned"

func (v vector) envelope(t testing.TB) *Envelope {
	t.Helper()
	e, err := NewEnvelope(cmp.Or(v.token, unsigned), v.key, v.appID)
	if err != nil {
		t.Fatalf("NewEnvelope: %v", err)
	}
	return e
}

func (v vector) query() Query {
	q := Query{Signature: v.signature, Timestamp: v.timestamp, Nonce: v.nonce, EncryptType: "aes", MsgSignature: v.signed}
	if v.token == "" {
		q.MsgSignature = util.Signature(unsigned, q.Timestamp, q.Nonce, v.encrypted)
	}
	return q
}

func TestVectorsSignature(t *testing.T) {
	for _, v := range vectors {
		if v.signature == "" {
			continue
		}
		seconds, _ := strconv.ParseInt(v.timestamp, 10, 64)
		now := time.Unix(seconds, 0)
		if err := CheckSignature(v.token, v.query(), now, MaxSkew); err != nil {
			t.Errorf("%s: CheckSignature = %v, want nil", v.name, err)
		}
		if err := CheckSignature(v.token+"x", v.query(), now, MaxSkew); !errors.Is(err, ErrForged) {
			t.Errorf("%s: CheckSignature with another token = %v, want ErrForged", v.name, err)
		}
	}
}

func TestVectorsOpen(t *testing.T) {
	for _, v := range vectors {
		if v.encrypted == "" {
			continue
		}
		e := v.envelope(t)
		msg, err := e.Open(v.query(), v.encrypted)
		if err != nil {
			t.Errorf("%s: Open: %v", v.name, err)
			continue
		}
		if v.size != 0 && len(msg) != v.size {
			t.Errorf("%s: Open returns %d bytes, want %d", v.name, len(msg), v.size)
		}
		for _, want := range v.contains {
			if !strings.Contains(string(msg), want) {
				t.Errorf("%s: Open = %q, want it to contain %q", v.name, msg, want)
			}
		}
	}
}

func TestVectorsSeal(t *testing.T) {
	for _, v := range vectors {
		if v.random == "" {
			continue
		}
		e := v.envelope(t)
		msg, err := e.Open(v.query(), v.encrypted)
		if err != nil {
			t.Fatalf("%s: Open: %v", v.name, err)
		}
		seconds, _ := strconv.ParseInt(v.timestamp, 10, 64)
		body, err := e.Seal(msg, time.Unix(seconds, 0), v.nonce, strings.NewReader(v.random))
		if err != nil {
			t.Fatalf("%s: Seal: %v", v.name, err)
		}
		var got struct{ Encrypt, MsgSignature, TimeStamp, Nonce string }
		if err := xml.Unmarshal(body, &got); err != nil {
			t.Fatalf("%s: Seal = %q: %v", v.name, body, err)
		}
		if got.Encrypt != v.encrypted {
			t.Errorf("%s: Seal encrypts to\n%s, want\n%s", v.name, got.Encrypt, v.encrypted)
		}
		if v.signed != "" && (got.MsgSignature != v.signed || got.TimeStamp != v.timestamp || got.Nonce != v.nonce) {
			t.Errorf("%s: Seal = %+v, want signature %s", v.name, got, v.signed)
		}
	}
}

func TestSealNeedsRandomBytes(t *testing.T) {
	if _, err := vectors[0].envelope(t).Seal(nil, time.Unix(1, 0), "n", strings.NewReader("short")); err == nil {
		t.Error("Seal with five random bytes = nil error, want one")
	}
}

// TestPeer lets the SDK, which is written separately, open what we seal and
// seal what we open, at every length of padding.
func TestPeer(t *testing.T) {
	const token, appID = "tok3n", "wx1234567890abcdef"
	e, err := NewEnvelope(token, flows.Conceal(key1), appID)
	if err != nil {
		t.Fatal(err)
	}
	for n := range 100 {
		msg := strings.Repeat("证x", n)[:n]
		body, err := e.Seal([]byte(msg), time.Unix(1700000000, 0), "n+1", rand.Reader)
		if err != nil {
			t.Fatalf("Seal(%d bytes): %v", n, err)
		}
		var sealed struct{ Encrypt, MsgSignature, TimeStamp, Nonce string }
		if err := xml.Unmarshal(body, &sealed); err != nil {
			t.Fatal(err)
		}
		_, got, err := util.DecryptMsg(appID, sealed.Encrypt, key1)
		if err != nil || string(got) != msg {
			t.Errorf("the SDK opens %d bytes as %q, %v", n, got, err)
		}
		if want := util.Signature(token, sealed.TimeStamp, sealed.Nonce, sealed.Encrypt); sealed.MsgSignature != want {
			t.Errorf("Seal signs %s, the SDK %s", sealed.MsgSignature, want)
		}
		theirs, err := util.EncryptMsg([]byte("0123456789abcdef"), []byte(msg), appID, key1)
		if err != nil {
			t.Fatal(err)
		}
		q := Query{Timestamp: "1", Nonce: "n+1", MsgSignature: util.Signature(token, "1", "n+1", string(theirs))}
		if got, err := e.Open(q, string(theirs)); err != nil || string(got) != msg {
			t.Errorf("Open(%d bytes of the SDK's) = %q, %v", n, got, err)
		}
	}
}

// encrypt makes an envelope of any content, for the cases that Seal refuses to
// make.
func (e *Envelope) encrypt(plain []byte) string {
	out := make([]byte, len(plain))
	cipher.NewCBCEncrypter(e.block, e.iv).CryptBlocks(out, plain)
	return base64.StdEncoding.EncodeToString(out)
}

func TestOpenRefuses(t *testing.T) {
	const appID = "wx1234567890abcdef"
	e, err := NewEnvelope("tok3n", flows.Conceal(key1), appID)
	if err != nil {
		t.Fatal(err)
	}
	// filled is a plaintext that says its message has size bytes, padded to 64.
	filled := func(size byte, appID string) []byte {
		text := []byte("0123456789abcdef\x00\x00\x00" + string(rune(size)) + "message" + appID)
		n := 64 - len(text)
		return append(text, bytes.Repeat([]byte{byte(n)}, n)...)
	}
	good := filled(7, appID)
	ending := func(tail ...byte) []byte { return append(slices.Clone(good[:64-len(tail)]), tail...) }
	tests := []struct {
		name      string
		encrypted string
	}{
		{"nothing", ""},
		{"not base64", "***"},
		{"sixteen bytes, which AES would take", e.encrypt(make([]byte, 16))},
		{"forty-eight bytes, not a multiple of thirty-two", e.encrypt(make([]byte, 48))},
		{"padding of 0", e.encrypt(ending(0))},
		{"padding of 33 around a whole message", e.encrypt(slices.Concat([]byte("0123456789abcdef\x00\x00\x00\x19twenty-five bytes of text"+appID), bytes.Repeat([]byte{33}, 33)))},
		{"padding that differs", e.encrypt(ending(1, 2))},
		{"length past the end", e.encrypt(filled(127, appID))},
		{"another AppID", e.encrypt(filled(7, "wx1234567890abcdee"))},
		{"another AppID that begins with ours", e.encrypt(filled(7, appID+"0"))},
		{"padding of 32 and nothing else", e.encrypt(bytes.Repeat([]byte{32}, 32))},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			q := Query{Timestamp: "1", Nonce: "a+b", MsgSignature: sign("tok3n", "1", "a+b", tt.encrypted)}
			if msg, err := e.Open(q, tt.encrypted); !errors.Is(err, ErrEnvelope) {
				t.Errorf("Open = %q, %v, want ErrEnvelope", msg, err)
			}
		})
	}
	t.Run("the whole one opens", func(t *testing.T) {
		sealed := e.encrypt(good)
		q := Query{Timestamp: "1", Nonce: "a+b", MsgSignature: sign("tok3n", "1", "a+b", sealed)}
		if msg, err := e.Open(q, sealed); err != nil || string(msg) != "message" {
			t.Errorf("Open = %q, %v, want message", msg, err)
		}
	})
}

func TestOpenChecksSignatureFirst(t *testing.T) {
	v := vectors[len(vectors)-1]
	e := v.envelope(t)
	flipped := "R" + v.encrypted[1:]
	if _, err := e.Open(v.query(), flipped); !errors.Is(err, ErrForged) {
		t.Errorf("Open of a flipped byte = %v, want ErrForged", err)
	}
	q := v.query()
	q.MsgSignature = v.signature
	if _, err := e.Open(q, v.encrypted); !errors.Is(err, ErrForged) {
		t.Errorf("Open with the signature of the address = %v, want ErrForged", err)
	}
}

func TestNewEnvelopeRefuses(t *testing.T) {
	tests := []struct{ name, token, key, appID string }{
		{"42 characters", "tok3n", key1[:42], "wx1"},
		{"44 characters", "tok3n", key1 + "H", "wx1"},
		{"a character that is not base64", "tok3n", "!" + key1[1:], "wx1"},
		{"no token", "", key1, "wx1"},
		{"no AppID", "tok3n", key1, ""},
	}
	for _, tt := range tests {
		_, err := NewEnvelope(tt.token, flows.Conceal(tt.key), tt.appID)
		if err == nil {
			t.Errorf("%s: NewEnvelope = nil error, want one", tt.name)
		} else if strings.Contains(err.Error(), tt.key[:20]) {
			t.Errorf("%s: NewEnvelope's error shows the key: %v", tt.name, err)
		}
	}
}

func TestCheckSignatureAge(t *testing.T) {
	at := time.Unix(1700000000, 0)
	q := Query{Timestamp: "1700000000", Nonce: "1+1"}
	q.Signature = sign("tok3n", q.Timestamp, q.Nonce)
	tests := []struct {
		name string
		now  time.Time
		skew time.Duration
		want error
	}{
		{"at once", at, MaxSkew, nil},
		{"300 s later", at.Add(300 * time.Second), MaxSkew, nil},
		{"301 s later", at.Add(301 * time.Second), MaxSkew, ErrExpired},
		{"301 s before", at.Add(-301 * time.Second), MaxSkew, ErrExpired},
		{"a year later, any age", at.Add(8760 * time.Hour), 0, nil},
	}
	for _, tt := range tests {
		if err := CheckSignature("tok3n", q, tt.now, tt.skew); !errors.Is(err, tt.want) {
			t.Errorf("%s: CheckSignature = %v, want %v", tt.name, err, tt.want)
		}
	}
}

func TestCheckSignatureRefuses(t *testing.T) {
	now := time.Unix(1700000000, 0)
	stamp := func(timestamp, token string) Query {
		return Query{Timestamp: timestamp, Nonce: "1", Signature: sign(token, timestamp, "1")}
	}
	tests := []struct {
		name  string
		token string
		q     Query
	}{
		{"no token at all", "", stamp("1700000000", "")},
		{"no signature", "tok3n", Query{Timestamp: "1700000000", Nonce: "1"}},
		{"upper case", "tok3n", Query{Timestamp: "1700000000", Nonce: "1", Signature: strings.ToUpper(sign("tok3n", "1700000000", "1"))}},
		{"a timestamp that is not a number", "tok3n", stamp("soon", "tok3n")},
		{"a timestamp beyond an int64", "tok3n", stamp("99999999999999999999", "tok3n")},
	}
	for _, tt := range tests {
		if err := CheckSignature(tt.token, tt.q, now, MaxSkew); !errors.Is(err, ErrForged) {
			t.Errorf("%s: CheckSignature = %v, want ErrForged", tt.name, err)
		}
	}
}

func TestEnvelopeDoesNotPrint(t *testing.T) {
	e := vectors[len(vectors)-1].envelope(t)
	account := Account{Token: flows.Conceal("tok3n"), Envelope: e}
	for _, format := range []string{"%v", "%+v", "%#v", "%s"} {
		for _, value := range []any{e, account} {
			if text := fmt.Sprintf(format, value); strings.Contains(text, "tok3n") {
				t.Errorf("Sprintf(%q, %T) = %s, which shows the token", format, value, text)
			}
		}
	}
}
