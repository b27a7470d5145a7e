package alipaytest

// A number told to the mini-program: sealed and signed by code of our own.

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// Authorize is what a user agrees to at a button with open-type getAuthorize and
// the scope phoneNumber. It is good for one call of [Gateway.PhoneNumber].
func (g *Gateway) Authorize(user string) error {
	u, err := g.user(user)
	if err != nil {
		return err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.agreed[u.ID] = true
	return nil
}

// PhoneNumber returns what my.getPhoneNumber gives for this user, as the text that
// the mini-program hands on. Who has not agreed, or has no number, is an error of
// Alipay's in the same form; without a key for it in the console it comes in clear.
//
// Source: facts/alipay.md 1.5.
func (g *Gateway) PhoneNumber(user string) (response string, err error) {
	u, err := g.user(user)
	if err != nil {
		return "", err
	}
	g.mu.Lock()
	agreed := g.agreed[u.ID]
	delete(g.agreed, u.ID)
	g.mu.Unlock()
	told := map[string]string{"code": "10000", "msg": "Success", "mobile": u.Mobile.Reveal()}
	switch {
	case g.cfg.AESKey.IsZero():
		told = map[string]string{"code": "40001", "msg": "Missing Required Arguments", "subCode": "isv.missing-encrypt-key", "subMsg": "缺少加密配置"}
		return asText(map[string]any{"response": told})
	case !agreed:
		told = map[string]string{"code": "40003", "msg": "Insufficient Conditions", "subCode": "isv.invalid-auth-relations", "subMsg": "无效的授权关系"}
	case u.Mobile.IsZero():
		told = map[string]string{"code": "20000", "msg": "Service Currently Unavailable", "subCode": "aop.unknow-error", "subMsg": "系统繁忙"}
	}
	text, err := asText(told)
	if err != nil {
		return "", err
	}
	box, err := sealedWith(g.cfg.AESKey.Reveal(), text)
	if err != nil {
		return "", err
	}
	return asText(map[string]any{
		"response": box, "sign": g.sign([]byte(`"` + box + `"`)), "sign_type": "RSA2", "encrypt_type": "AES", "charset": "UTF-8",
	})
}

func asText(v any) (string, error) {
	text, err := json.Marshal(v)
	if err != nil {
		return "", fmt.Errorf("alipaytest: phone number: %w", err)
	}
	return string(text), nil
}

// sealedWith fills the last block up, chains each block to the one before, and
// begins with a block of zeros.
func sealedWith(key, text string) (string, error) {
	raw, err := base64.StdEncoding.DecodeString(key)
	if err != nil || len(raw) != 16 {
		return "", errors.New("alipaytest: AES key is not 16 bytes in base64")
	}
	block, err := aes.NewCipher(raw)
	if err != nil {
		return "", fmt.Errorf("alipaytest: AES key: %w", err)
	}
	missing := aes.BlockSize - len(text)%aes.BlockSize
	box := []byte(text + strings.Repeat(string([]byte{byte(missing)}), missing))
	cipher.NewCBCEncrypter(block, make([]byte, aes.BlockSize)).CryptBlocks(box, box)
	return base64.StdEncoding.EncodeToString(box), nil
}
