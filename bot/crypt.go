// The AES envelope in which WeChat sends messages in safe and compatible mode.

package bot

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"certdesk/flows"
)

// ErrEnvelope is returned for an envelope that is signed but does not open: it
// was damaged, made with another key, or made for another account.
var ErrEnvelope = errors.New("bot: envelope does not open")

const (
	aesKeyLen = 43 // characters of an EncodingAESKey
	randomLen = 16 // bytes before the length
	headerLen = randomLen + 4
	padBlock  = 32 // not the 16 of AES
)

// Envelope opens and seals the messages of one account. It may be used by many
// goroutines.
type Envelope struct {
	token string
	appID string
	block cipher.Block
	iv    []byte
}

// NewEnvelope takes the three values of the account's console: the token, the
// EncodingAESKey of 43 characters, and the AppID. It returns an error when the
// token or AppID is empty or the key is not one.
//
// The last character of the key carries bits that are not used and need not be
// zero, so the decoder is the lenient one.
func NewEnvelope(token string, aesKey flows.Secret, appID string) (*Envelope, error) {
	if token == "" || appID == "" {
		return nil, errors.New("bot: envelope needs a token and an AppID")
	}
	if len(aesKey.Reveal()) != aesKeyLen {
		return nil, fmt.Errorf("bot: AES key must have %d characters", aesKeyLen)
	}
	key, err := base64.StdEncoding.DecodeString(aesKey.Reveal() + "=")
	if err != nil || len(key) != 32 {
		return nil, errors.New("bot: AES key must be letters and digits")
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("bot: cipher: %w", err)
	}
	return &Envelope{token: token, appID: appID, block: block, iv: key[:aes.BlockSize]}, nil
}

// String keeps the key out of logs.
func (e *Envelope) String() string { return "envelope of " + e.appID }

// GoString covers %#v.
func (e *Envelope) GoString() string { return e.String() }

// Open checks the msg_signature of an <Encrypt> element and returns the message
// in it. The age of the push is for [CheckSignature] to judge, which covers the
// same timestamp.
//
// Open returns [ErrForged] when the signature differs, before anything is
// decrypted, so that nobody else can learn from the errors that follow; and
// [ErrEnvelope] when the content is not as WeChat makes it.
//
// Source: WeChat official account manual, chapter 消息加解密说明.
func (e *Envelope) Open(q Query, encrypted string) ([]byte, error) {
	if !signed(q.MsgSignature, e.token, q.Timestamp, q.Nonce, encrypted) {
		return nil, ErrForged
	}
	text, err := base64.StdEncoding.DecodeString(encrypted)
	if err != nil {
		return nil, fmt.Errorf("%w: not base64", ErrEnvelope)
	}
	if len(text) == 0 || len(text)%padBlock != 0 {
		return nil, fmt.Errorf("%w: length %d", ErrEnvelope, len(text))
	}
	cipher.NewCBCDecrypter(e.block, e.iv).CryptBlocks(text, text)
	return e.unpack(text)
}

// unpack takes random(16) | length(4) | message | AppID | padding apart.
func (e *Envelope) unpack(text []byte) ([]byte, error) {
	pad := int(text[len(text)-1])
	if pad < 1 || pad > padBlock || !bytes.HasSuffix(text, bytes.Repeat([]byte{byte(pad)}, pad)) {
		return nil, fmt.Errorf("%w: padding", ErrEnvelope)
	}
	text = text[:len(text)-pad]
	if len(text) < headerLen {
		return nil, fmt.Errorf("%w: too short", ErrEnvelope)
	}
	size, rest := binary.BigEndian.Uint32(text[randomLen:]), text[headerLen:]
	if uint64(size) > uint64(len(rest)) {
		return nil, fmt.Errorf("%w: message is longer than its envelope", ErrEnvelope)
	}
	if string(rest[size:]) != e.appID {
		return nil, fmt.Errorf("%w: made for another account", ErrEnvelope)
	}
	return rest[:size], nil
}

// Seal returns the XML answer that carries msg, signed for now and for the
// nonce of the push that it answers. Sixteen bytes are read from random, which
// is crypto/rand's Reader outside tests; Seal fails only when that does.
func (e *Envelope) Seal(msg []byte, now time.Time, nonce string, random io.Reader) ([]byte, error) {
	encrypted, err := e.pack(msg, random)
	if err != nil {
		return nil, err
	}
	stamp := strconv.FormatInt(now.Unix(), 10)
	var b bytes.Buffer
	b.Grow(256 + len(encrypted))
	b.WriteString("<xml>")
	writeData(&b, "Encrypt", encrypted)
	writeData(&b, "MsgSignature", sign(e.token, stamp, nonce, encrypted))
	b.WriteString("<TimeStamp>" + stamp + "</TimeStamp>")
	writeData(&b, "Nonce", nonce)
	b.WriteString("</xml>")
	return b.Bytes(), nil
}

func (e *Envelope) pack(msg []byte, random io.Reader) (string, error) {
	text := make([]byte, headerLen, headerLen+len(msg)+len(e.appID)+padBlock)
	if _, err := io.ReadFull(random, text[:randomLen]); err != nil {
		return "", fmt.Errorf("bot: random bytes: %w", err)
	}
	binary.BigEndian.PutUint32(text[randomLen:], uint32(len(msg)))
	text = append(append(text, msg...), e.appID...)
	pad := padBlock - len(text)%padBlock
	text = append(text, bytes.Repeat([]byte{byte(pad)}, pad)...)
	cipher.NewCBCEncrypter(e.block, e.iv).CryptBlocks(text, text)
	return base64.StdEncoding.EncodeToString(text), nil
}
