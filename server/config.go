package server

import (
	"errors"
	"fmt"
	"os"
	"reflect"
	"strings"
	"time"

	"github.com/caarlos0/env/v11"

	"certdesk/flows"
)

// Config is everything an operator can set. Each field is read once from the
// variable CERTDESK_ and its name; deploy/env.example is generated from these
// comments.
type Config struct {
	Listen         string        `env:"LISTEN" envDefault:":8080" doc:"address of the HTTP server"`
	PublicURL      string        `env:"PUBLIC_URL" envDefault:"http://127.0.0.1:8080" doc:"how browsers reach the service, without a slash at the end"`
	DataDir        string        `env:"DATA_DIR" envDefault:"." doc:"directory of the embedded ledger"`
	RedisURL       flows.Secret  `env:"REDIS_URL" doc:"address of the store of talks: redis://host, redis+sentinel://host?addr=...&master_name=..., redis+cluster://host?addr=..., rediss for TLS; required unless embedded"`
	DatabaseURL    flows.Secret  `env:"DATABASE_URL" doc:"address of the ledger: postgres://user:password@host/name, or sqlite:/path for one process; required unless embedded"`
	SecretKeys     flows.Secret  `env:"SECRET_KEYS" doc:"keys that seal what rests: version:base64 of 32 bytes, comma between; the highest seals; required"`
	TrustedProxies []string      `env:"TRUSTED_PROXIES" doc:"addresses of proxies in front, comma between; their X-Real-IP is believed"`
	Drain          time.Duration `env:"DRAIN" envDefault:"20s" doc:"how long a stop waits for work in hand"`
	MetricsToken   flows.Secret  `env:"METRICS_TOKEN" doc:"bearer token with which Prometheus reads /metrics; nobody can when empty"`
	Traces         string        `env:"TRACES_URL" doc:"OTLP/HTTP address of a trace collector, as http://127.0.0.1:4318/v1/traces; no traces when empty"`
	TraceShare     float64       `env:"TRACE_SHARE" envDefault:"0.01" doc:"share of conversations' events that are traced, 0 to 1"`
	MaxBusy        int64         `env:"MAX_BUSY" envDefault:"1000" doc:"requests answered at a time; further ones are turned away, and WeChat delivers again"`
	FloodBurst     int           `env:"FLOOD_BURST" envDefault:"30" doc:"messages of one applicant in ten seconds; further ones are answered with a request to slow down"`
	ServicePhone   string        `env:"SERVICE_PHONE" envDefault:"400-0878-198" doc:"telephone of the certificate service, said with every help"`

	WeChat WeChatConfig  `envPrefix:"WECHAT_"`
	Alipay AlipayConfig  `envPrefix:"ALIPAY_"`
	SF     CourierConfig `envPrefix:"SF_"`
	SMS    SMSConfig     `envPrefix:"SMS_"`
	CA     CAConfig      `envPrefix:"CA_"`
	Bank   BankConfig    `envPrefix:"BANK_"`
	ESign  ESignConfig   `envPrefix:"ESIGN_"`
	Keep   KeepConfig    `envPrefix:"KEEP_"`

	Roles    []ProcessRole `env:"-"` // what this process does; everything when empty
	Embedded bool          `env:"-"` // Redis and SQLite inside the process; set by a flag, never by a variable
	Hurry    int           `env:"-"` // divides every deadline; the demo's only
	Frame    string        `env:"-"` // origin that may show our pages in a frame; the demo's only
}

// WeChatConfig is the official account.
type WeChatConfig struct {
	AppID      string       `env:"APP_ID,required" doc:"AppID of the official account"`
	AppSecret  flows.Secret `env:"APP_SECRET,required" doc:"AppSecret of the official account"`
	OriginalID string       `env:"ORIGINAL_ID" doc:"gh_ name of the account; pushes for another are refused"`
	Token      flows.Secret `env:"TOKEN,required" doc:"token set beside the callback address"`
	AESKey     flows.Secret `env:"AES_KEY" doc:"EncodingAESKey, 43 characters; required unless the mode is plain"`
	Mode       string       `env:"MODE" envDefault:"safe" doc:"safe, compatible or plain, as set beside the callback address"`
	APIURL     string       `env:"API_URL" envDefault:"https://api.weixin.qq.com" doc:"where the platform is called"`
	OpenURL    string       `env:"OPEN_URL" envDefault:"https://open.weixin.qq.com" doc:"where a browser asks who its user is"`
	MPURL      string       `env:"MP_URL" envDefault:"https://mp.weixin.qq.com" doc:"where pictures of codes are"`
	OAuth      bool         `env:"OAUTH" envDefault:"true" doc:"whether a page opened inside WeChat asks whose browser it is; needs a verified service account and its web domain. The first browser takes the link when false"`
	Template   string       `env:"TEMPLATE_PROGRESS" doc:"template for progress that no customer message can carry; none when empty"`
	Identity   string       `env:"TEMPLATE_IDENTITY" doc:"the same for news of a proof, which may take days. TEMPLATE_PROGRESS when empty, as the next three"`
	Payment    string       `env:"TEMPLATE_PAYMENT" doc:"for news of an order's payment"`
	Delivery   string       `env:"TEMPLATE_DELIVERY" doc:"for news of a parcel"`
	Activation string       `env:"TEMPLATE_ACTIVATION" doc:"for news of the activation"`
}

// AlipayConfig is the application at Alipay. With the three certificates it is
// in certificate mode, with PublicKeyFile alone in key mode.
type AlipayConfig struct {
	AppID          string       `env:"APP_ID,required" doc:"app id of the application that collects and verifies"`
	MiniAppID      string       `env:"MINIAPP_ID" doc:"app id of the mini-program; the application's when empty"`
	SellerID       string       `env:"SELLER_ID,required" doc:"who is paid: 2088 and twelve digits"`
	PrivateKeyFile string       `env:"PRIVATE_KEY_FILE,required" doc:"file with the application's RSA key"`
	PublicKeyFile  string       `env:"PUBLIC_KEY_FILE" doc:"file with Alipay's public key; key mode only"`
	AppCertFile    string       `env:"APP_CERT_FILE" doc:"file with the application's certificate"`
	CertFile       string       `env:"CERT_FILE" doc:"file with Alipay's certificate"`
	RootCertFile   string       `env:"ROOT_CERT_FILE" doc:"file with Alipay's root certificates"`
	AESKey         flows.Secret `env:"AES_KEY" doc:"key of the mini-program's content encryption (接口内容加密方式), base64 of 16 bytes: applicants may then fill in the number that Alipay knows. An enterprise's, with 获取会员手机号 granted; nobody is offered it when empty"`
	PayoutLeast    flows.Fen    `env:"PAYOUT_LEAST" envDefault:"0.10" doc:"least amount in yuan that a company is sent to be proved, 0.01 to 0.99; Alipay sends no less than 0.10. The most is 0.99"`
	GatewayURL     string       `env:"GATEWAY_URL" envDefault:"https://openapi.alipay.com/gateway.do" doc:"where Alipay is called"`
	OAuthURL       string       `env:"OAUTH_URL" envDefault:"https://openauth.alipay.com/oauth2/publicAppAuthorize.htm" doc:"where a browser asks who its user is"`
	Face           string       `env:"FACE" envDefault:"certify" doc:"face product of the contract: certify (alipay.user.certify.open) or verification (datadigital…face.verification)"`
	VerifyScope    string       `env:"VERIFY_SCOPE" envDefault:"id_verify" doc:"scope with which a legal representative's account is compared; as Alipay's contract says"`
}

// CourierConfig is our account with SF Express, and where parcels are fetched.
type CourierConfig struct {
	URL         string       `env:"URL" envDefault:"https://bspgw.sf-express.com/std/service" doc:"where SF Express is called"`
	PartnerID   string       `env:"PARTNER_ID,required" doc:"customer code at SF Express"`
	Checkword   flows.Secret `env:"CHECKWORD,required" doc:"check word of the customer code"`
	SignMode    string       `env:"SIGN_MODE" envDefault:"standard" doc:"standard or simple, as set in the console of SF Express"`
	MonthlyCard string       `env:"MONTHLY_CARD,required" doc:"monthly card that pays"`
	ExpressType int          `env:"EXPRESS_TYPE" envDefault:"2" doc:"expressTypeId of the contract"`
	PushToken   flows.Secret `env:"PUSH_TOKEN,required" doc:"token in the address of the route push: /sf/routes?token=..."`

	SenderCompany  string       `env:"SENDER_COMPANY" envDefault:"数字证书服务中心" doc:"who sends"`
	SenderContact  flows.Secret `env:"SENDER_CONTACT" envDefault:"发货组" doc:"name on the waybill"`
	SenderPhone    flows.Secret `env:"SENDER_PHONE" envDefault:"400-0878-198" doc:"telephone on the waybill"`
	SenderProvince string       `env:"SENDER_PROVINCE" envDefault:"浙江省" doc:"where parcels are fetched"`
	SenderCity     string       `env:"SENDER_CITY" envDefault:"杭州市" doc:"where parcels are fetched"`
	SenderDistrict string       `env:"SENDER_DISTRICT" envDefault:"西湖区" doc:"where parcels are fetched"`
	SenderAddress  string       `env:"SENDER_ADDRESS" envDefault:"西斗门路3号天堂软件园" doc:"where parcels are fetched"`
}

// SMSConfig is our account with the SMS service.
type SMSConfig struct {
	Endpoint  string       `env:"ENDPOINT" envDefault:"dysmsapi.aliyuncs.com" doc:"host of the SMS service"`
	KeyID     string       `env:"KEY_ID,required" doc:"access key"`
	KeySecret flows.Secret `env:"KEY_SECRET,required" doc:"its secret"`
	SignName  string       `env:"SIGN_NAME,required" doc:"name before each message"`
	Register  string       `env:"TEMPLATE_REGISTER,required" doc:"template of the registration code; its variable is code"`
	Activate  string       `env:"TEMPLATE_ACTIVATE,required" doc:"template of the authorisation code; its variable is code"`
	Voice     string       `env:"TEMPLATE_VOICE" doc:"template of the voice service (TTS_...) by which a code that does not come is read aloud over the telephone; its one variable is code. Nobody is called when empty, and nobody is offered it"`
	VoiceHost string       `env:"VOICE_ENDPOINT" envDefault:"dyvmsapi.aliyuncs.com" doc:"host of the voice service; the access key is the same"`
	VoiceFrom string       `env:"VOICE_NUMBER" doc:"number that calls, as rented for the template; one of the service's own when empty"`
	Moved     string       `env:"TEMPLATE_PHONE_CHANGED" doc:"template that tells the old number that the account has another; no variable. None when empty: nobody is told"`
	Phone     string       `env:"TEMPLATE_PHONE" doc:"template of the code to a new number; its variable is code. The registration's when empty"`
	Word      bool         `env:"WORD" envDefault:"false" doc:"whether the templates of codes have a second variable, word: the word by which applicants know our messages. Pages and chat then tell which; set it when all of the templates are approved with it"`
}

// CAConfig is the certificate authority, reached by EST.
type CAConfig struct {
	URL      string       `env:"URL,required" doc:"https address of the EST server"`
	RootFile string       `env:"ROOT_FILE,required" doc:"file with the authority's root certificate"`
	User     string       `env:"USER,required" doc:"name of this registration authority"`
	Password flows.Secret `env:"PASSWORD,required" doc:"its password"`
}

// BankConfig is our account with the bank.
type BankConfig struct {
	URL         string       `env:"URL,required" doc:"address of the camt.053 statement"`
	Token       flows.Secret `env:"TOKEN,required" doc:"bearer token for the statement"`
	Account     string       `env:"ACCOUNT,required" doc:"number of our account; sub-accounts begin with it"`
	AccountName string       `env:"ACCOUNT_NAME,required" doc:"name of our account"`
	BankName    string       `env:"BANK_NAME,required" doc:"bank and branch of our account"`
}

// ESignConfig is our account with e签宝, which knows what a company is called, who
// represents it and whose a mobile number or a card is. Without one, nobody is
// warned of a wrong name or passes as a legal representative, and a person passes
// by their face only.
type ESignConfig struct {
	URL    string       `env:"URL" envDefault:"https://openapi.esign.cn" doc:"where registers of companies, telephones and cards are asked"`
	AppID  string       `env:"APP_ID" doc:"app id at e签宝; no register is asked when empty, and a person is proved by their face only"`
	Secret flows.Secret `env:"SECRET" doc:"its secret"`

	OrgName           string `env:"ORG_NAME" doc:"name of the operator's own organisation; with the next two, branches of banks are searched for at e签宝, in a flow in its name that is opened about once a month and paid for"`
	OrgCode           string `env:"ORG_CODE" doc:"its unified social credit code"`
	OrgRepresentative string `env:"ORG_REPRESENTATIVE" doc:"its legal representative"`
}

// searches reports whether branches are searched for at e签宝.
func (e ESignConfig) searches() bool {
	return e.OrgName != "" && e.OrgCode != "" && e.OrgRepresentative != ""
}

// KeepConfig is how long what is personal is kept; 0 keeps it for ever.
type KeepConfig struct {
	Identity  time.Duration `env:"IDENTITY" envDefault:"720h" doc:"how long an identity number is kept after activation; its ends, a keyed hash and the result stay. 0 keeps it for ever"`
	Abandoned time.Duration `env:"ABANDONED" envDefault:"4320h" doc:"how long somebody who paid nothing is remembered after they were last here"`
	Delivery  time.Duration `env:"DELIVERY" envDefault:"8760h" doc:"how long a receiver's address is kept after the parcel was shipped"`
	Words     time.Duration `env:"WORDS" envDefault:"8760h" doc:"how long transcripts and the log of one-time codes are kept"`
	Proof     time.Duration `env:"PROOF" envDefault:"8760h" doc:"how long who was proved may order; older, they are proved again. 0 is for ever"`
}

const prefix = "CERTDESK_"

// The face products of Alipay.
const (
	faceCertify      = "certify"
	faceVerification = "verification"
)

// mostPaidOut is the most that a company is sent to be proved (M70).
const mostPaidOut flows.Fen = 99

var options = env.Options{
	Prefix: prefix,
	FuncMap: map[reflect.Type]env.ParserFunc{
		reflect.TypeFor[flows.Secret](): func(v string) (any, error) { return flows.Conceal(v), nil },
		reflect.TypeFor[flows.Fen]():    func(v string) (any, error) { return flows.ParseFen(v) },
	},
}

// ConfigFrom reads variables written as NAME=value and reports every mistake
// at once.
func ConfigFrom(environ []string) (Config, error) {
	var c Config
	o := options
	o.Environment = env.ToMap(environ)
	errs := []error{env.ParseWithOptions(&c, o)}
	if c.WeChat.Mode != "plain" && c.WeChat.AESKey.IsZero() {
		errs = append(errs, errors.New(prefix+"WECHAT_AES_KEY is needed unless the mode is plain"))
	}
	if c.Alipay.PayoutLeast < 1 || c.Alipay.PayoutLeast > mostPaidOut {
		errs = append(errs, errors.New(prefix+"ALIPAY_PAYOUT_LEAST is not from 0.01 to 0.99"))
	}
	if c.Alipay.Face != faceCertify && c.Alipay.Face != faceVerification {
		errs = append(errs, errors.New(prefix+"ALIPAY_FACE is neither certify nor verification"))
	}
	if e := c.ESign; e.OrgName+e.OrgCode+e.OrgRepresentative != "" && (!e.searches() || e.AppID == "") {
		errs = append(errs, errors.New(prefix+"ESIGN_ORG_NAME, _CODE and _REPRESENTATIVE belong together, and to an "+prefix+"ESIGN_APP_ID"))
	}
	if c.SecretKeys.IsZero() {
		errs = append(errs, errors.New(prefix+"SECRET_KEYS is not set; certdesk doctor prints fresh ones"))
	}
	c.PublicURL = strings.TrimRight(c.PublicURL, "/")
	return c, errors.Join(errs...)
}

// Example writes every variable with what it means, as deploy/env.example has
// it.
func Example() string {
	var b strings.Builder
	b.WriteString("# Every variable of certdesk. Generated by \"make generate\": edit server/config.go instead.\n")
	describe(&b, reflect.TypeFor[Config](), prefix)
	return b.String()
}

func describe(b *strings.Builder, t reflect.Type, prefix string) {
	for f := range t.Fields() {
		if nested := f.Tag.Get("envPrefix"); nested != "" {
			b.WriteString("\n")
			describe(b, f.Type, prefix+nested)
			continue
		}
		name, rest, _ := strings.Cut(f.Tag.Get("env"), ",")
		if name == "-" {
			continue
		}
		must := ""
		if rest == "required" {
			must = " (required)"
		}
		fmt.Fprintf(b, "# %s%s\n%s%s=%s\n", f.Tag.Get("doc"), must, prefix, name, f.Tag.Get("envDefault"))
	}
}

// file reads a file that a variable names; an empty name is an empty text.
func file(name string) (string, error) {
	if name == "" {
		return "", nil
	}
	text, err := os.ReadFile(name)
	return string(text), err
}
