// The platform's side of signature and envelope, written separately from
// package bot: neither may learn from the other.

package wechattest

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha1"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"sort"
)

// sealer makes envelopes of the account's messages and opens those of its
// answers.
type sealer struct {
	token, appID string
	key          []byte // nil in plain mode
}

func newSealer(cfg Config) (sealer, error) {
	s := sealer{token: cfg.Token, appID: cfg.AppID}
	if cfg.Mode == Plain {
		return s, nil
	}
	key, err := base64.RawStdEncoding.DecodeString(cfg.AESKey)
	if err != nil || len(cfg.AESKey) != 43 {
		return s, errors.New("wechattest: AES key must have 43 letters and digits")
	}
	s.key = key
	return s, nil
}

func (s sealer) signature(values ...string) string {
	values = append(values, s.token)
	sort.Strings(values)
	h := sha1.New()
	for _, v := range values {
		_, _ = io.WriteString(h, v) // a hash never fails
	}
	return fmt.Sprintf("%x", h.Sum(nil))
}

// seal encrypts a message.
func (s sealer) seal(message []byte) (string, error) {
	n := len(message)
	total := 20 + n + len(s.appID)
	padding := 32 - total%32
	buf := make([]byte, total+padding)
	rand.Read(buf[:16])
	buf[16], buf[17], buf[18], buf[19] = byte(n>>24), byte(n>>16), byte(n>>8), byte(n)
	copy(buf[20:], message)
	copy(buf[20+n:], s.appID)
	for i := total; i < len(buf); i++ {
		buf[i] = byte(padding)
	}
	block, err := aes.NewCipher(s.key)
	if err != nil {
		return "", fmt.Errorf("wechattest: cipher: %w", err)
	}
	cipher.NewCBCEncrypter(block, s.key[:16]).CryptBlocks(buf, buf)
	return base64.StdEncoding.EncodeToString(buf), nil
}

var errSealed = errors.New("wechattest: envelope of the answer does not open")

// open decrypts what seal, or anybody with the key, made.
func (s sealer) open(sealed string) ([]byte, error) {
	buf, err := base64.StdEncoding.Strict().DecodeString(sealed)
	if err != nil || len(buf) < 32 || len(buf)%32 != 0 {
		return nil, errSealed
	}
	block, err := aes.NewCipher(s.key)
	if err != nil {
		return nil, fmt.Errorf("wechattest: cipher: %w", err)
	}
	cipher.NewCBCDecrypter(block, s.key[:16]).CryptBlocks(buf, buf)
	padding := int(buf[len(buf)-1])
	if padding == 0 || padding > 32 {
		return nil, errSealed
	}
	for _, b := range buf[len(buf)-padding:] {
		if int(b) != padding {
			return nil, errSealed
		}
	}
	buf = buf[:len(buf)-padding]
	if len(buf) < 20 {
		return nil, errSealed
	}
	n := int(buf[16])<<24 | int(buf[17])<<16 | int(buf[18])<<8 | int(buf[19])
	if n != len(buf)-20-len(s.appID) || string(buf[20+n:]) != s.appID {
		return nil, errSealed
	}
	return buf[20 : 20+n], nil
}
