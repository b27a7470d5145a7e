// This file keeps what partners and the service must both know. It is drawn
// once and kept, so that a demo that is restarted finds its doors again.

package world

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"certdesk/miniapp/alipay/alipaytest"
	"certdesk/server/ca/catest"
)

// Names that need not be secret.
const (
	alipayApp     = "2021000000000001"
	alipayMiniApp = "2021000000000002"
	alipaySeller  = "2088000000000001"
	monthlyCard   = "7551234567"
	smsSign       = "数字证书"
	smsRegister   = "SMS_100000001"
	smsActivate   = "SMS_100000002"
	smsPhone      = "SMS_100000003"
	smsMoved      = "SMS_100000004"
	ttsCode       = "TTS_100000005"
	caller        = "057188886666"
	servicePhone  = "400-0878-198"
)

// credentials are in the clear in their file: they open nothing but the demo.
// They are never printed.
type credentials struct {
	WeChatAppID      string `json:"wechat_app_id"`
	WeChatAppSecret  string `json:"wechat_app_secret"`
	WeChatOriginalID string `json:"wechat_original_id"`
	WeChatToken      string `json:"wechat_token"`
	WeChatAESKey     string `json:"wechat_aes_key"`
	AlipayAESKey     string `json:"alipay_aes_key"`
	SFPartnerID      string `json:"sf_partner_id"`
	SFCheckword      string `json:"sf_checkword"`
	SFPushToken      string `json:"sf_push_token"`
	SMSKeyID         string `json:"sms_key_id"`
	SMSKeySecret     string `json:"sms_key_secret"`
	BankToken        string `json:"bank_token"`
	ESignAppID       string `json:"esign_app_id"`
	ESignSecret      string `json:"esign_secret"`
}

func newCredentials() credentials {
	return credentials{
		WeChatAppID:      "wx" + drawn(16),
		WeChatAppSecret:  drawn(32),
		WeChatOriginalID: "gh_" + drawn(12),
		WeChatToken:      drawn(24),
		WeChatAESKey:     drawn(43),
		AlipayAESKey:     base64.StdEncoding.EncodeToString([]byte(drawn(16))),
		SFPartnerID:      "CERTDESK" + strings.ToUpper(drawn(4)),
		SFCheckword:      drawn(32),
		SFPushToken:      drawn(24),
		SMSKeyID:         "LTAI" + drawn(20),
		SMSKeySecret:     drawn(30),
		BankToken:        drawn(32),
		ESignAppID:       "743" + drawn(7),
		ESignSecret:      drawn(32),
	}
}

// drawn returns n random characters: small letters and digits.
func drawn(n int) string {
	var b strings.Builder
	for b.Len() < n {
		b.WriteString(strings.ToLower(rand.Text()))
	}
	return b.String()[:n]
}

func loadCredentials(dir string) (credentials, error) {
	c := newCredentials()
	name := filepath.Join(dir, "credentials.json")
	text, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return c, keep(name, c)
	}
	if err != nil {
		return c, fmt.Errorf("world: credentials: %w", err)
	}
	if err := json.Unmarshal(text, &c); err != nil {
		return c, fmt.Errorf("world: credentials: %w", err)
	}
	return c, keep(name, c) // with those that an older demo did not need
}

// keep replaces a file as a whole, so that a kill leaves the old one or the new
// one.
func keep(name string, value any) error {
	text, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("world: %s: %w", filepath.Base(name), err)
	}
	if err := os.WriteFile(name+".new", text, 0o600); err != nil {
		return fmt.Errorf("world: %s: %w", filepath.Base(name), err)
	}
	if err := os.Rename(name+".new", name); err != nil {
		return fmt.Errorf("world: %s: %w", filepath.Base(name), err)
	}
	return nil
}

// Env is every variable with which the service talks to this world, secrets
// included. It is complete once [New] has returned.
func (w *World) Env() map[string]string {
	at := w.address()
	alipay := func(file string) string { return w.dir("alipay") + string(filepath.Separator) + file }
	env := map[string]string{
		"WECHAT_APP_ID": w.keys.WeChatAppID, "WECHAT_APP_SECRET": w.keys.WeChatAppSecret,
		"WECHAT_ORIGINAL_ID": w.keys.WeChatOriginalID, "WECHAT_TOKEN": w.keys.WeChatToken,
		"WECHAT_AES_KEY": w.keys.WeChatAESKey, "WECHAT_MODE": "safe",
		"WECHAT_API_URL": at, "WECHAT_OPEN_URL": at, "WECHAT_MP_URL": at, "WECHAT_TEMPLATE_PROGRESS": "办理进度提醒", "WECHAT_TEMPLATE_DELIVERY": "物流状态提醒",

		"ALIPAY_APP_ID": alipayApp, "ALIPAY_MINIAPP_ID": alipayMiniApp, "ALIPAY_SELLER_ID": alipaySeller,
		"ALIPAY_PRIVATE_KEY_FILE": alipay(alipaytest.FileAppKey), "ALIPAY_APP_CERT_FILE": alipay(alipaytest.FileAppCert),
		"ALIPAY_CERT_FILE": alipay(alipaytest.FileAlipayCert), "ALIPAY_ROOT_CERT_FILE": alipay(alipaytest.FileRootCert),
		"ALIPAY_GATEWAY_URL": at + "/gateway.do", "ALIPAY_OAUTH_URL": at + "/oauth2/publicAppAuthorize.htm", "ALIPAY_AES_KEY": w.keys.AlipayAESKey,

		"SF_URL": at + "/std/service", "SF_PARTNER_ID": w.keys.SFPartnerID, "SF_CHECKWORD": w.keys.SFCheckword,
		"SF_SIGN_MODE": "standard", "SF_MONTHLY_CARD": monthlyCard, "SF_PUSH_TOKEN": w.keys.SFPushToken,

		"SMS_ENDPOINT": at, "SMS_KEY_ID": w.keys.SMSKeyID, "SMS_KEY_SECRET": w.keys.SMSKeySecret,
		"SMS_SIGN_NAME": smsSign, "SMS_TEMPLATE_REGISTER": smsRegister, "SMS_TEMPLATE_ACTIVATE": smsActivate, "SMS_TEMPLATE_PHONE": smsPhone, "SMS_TEMPLATE_PHONE_CHANGED": smsMoved, "SMS_WORD": "true",
		"SMS_TEMPLATE_VOICE": ttsCode, "SMS_VOICE_ENDPOINT": at, "SMS_VOICE_NUMBER": caller,

		"CA_URL": w.caURL, "CA_ROOT_FILE": w.rootFile(), "CA_USER": catest.User, "CA_PASSWORD": catest.Password,

		"BANK_URL": at + "/bank/statement", "BANK_TOKEN": w.keys.BankToken,
		"ESIGN_URL": at, "ESIGN_APP_ID": w.keys.ESignAppID, "ESIGN_SECRET": w.keys.ESignSecret,

		"BANK_ACCOUNT": accountNumber, "BANK_ACCOUNT_NAME": accountName, "BANK_BANK_NAME": bankName,

		"SERVICE_PHONE": servicePhone,
	}
	named := make(map[string]string, len(env))
	for name, value := range env {
		named["CERTDESK_"+name] = value
	}
	return named
}
