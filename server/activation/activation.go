// Package activation is what the tool on the applicant's computer
// (cmd/ukeyagent) and the service say to each other under /ukey/v1: JSON over
// HTTPS, always asked by the tool. The manual's chapter 1.6, lines M105 to
// M123, is the conversation.
//
// The package holds types and constants only. It refuses to know anything of
// tokens, orders or HTTP libraries, so that neither side can lean on the
// other's code.
//
// # Order of calls
//
// Begin opens the conversation with the short code that the applicant read in
// the chat, and answers with a bearer token that is good for one order. Then
// Device, Code, Authorise; then the five steps of the manual, each framed by
// Report "started" and "done"; Certify inside step 2, Challenge and Prove
// inside step 5. An order stays bound to the first token serial and to the
// first public key that it was given; both may be repeated for ever, by a later
// run with a new code too.
//
// Every call but Begin carries "Authorization: Bearer <token>". A call is a
// POST with a JSON object, at most [MaxBody] bytes either way. Status 200
// carries the answer; 4xx and 5xx carry an [Error].
package activation

import "time"

// MaxBody is the greatest size in bytes of a request or an answer.
const MaxBody = 256 << 10

// Addresses of the calls.
const (
	BeginPath     = "/ukey/v1/begin"     // [BeginRequest] → [BeginAnswer]
	DevicePath    = "/ukey/v1/device"    // [DeviceRequest] → [Empty]
	CodePath      = "/ukey/v1/code"      // [Empty] → [CodeAnswer]
	AuthorisePath = "/ukey/v1/authorise" // [AuthoriseRequest] → [AuthoriseAnswer]
	StepPath      = "/ukey/v1/step"      // [StepRequest] → [Empty]
	CertifyPath   = "/ukey/v1/certify"   // [CertifyRequest] → [CertifyAnswer]
	ChallengePath = "/ukey/v1/challenge" // [Empty] → [ChallengeAnswer]
	ProvePath     = "/ukey/v1/prove"     // [ProveRequest] → [ProveAnswer]
)

// Empty is a request or an answer without content.
type Empty struct{}

// BeginRequest opens the conversation.
type BeginRequest struct {
	Code string `json:"code"` // read in the chat, for example "ABCD-EFGH"; one use, short life
	PC   string `json:"pc"`   // name of the computer, shown to the applicant and kept for the audit
}

// BeginAnswer tells the tool what it is about to make. Nothing in it names a
// person in full.
type BeginAnswer struct {
	Token       string    `json:"token"`        // bearer token, for this order only
	OrderNo     string    `json:"order_no"`     // as the applicant knows it
	Account     string    `json:"account"`      // masked login of the account that applied (M107)
	Subject     string    `json:"subject"`      // masked holder of the certificates
	Mobile      string    `json:"mobile"`       // masked telephone that gets the authorisation code (M112)
	Container   string    `json:"container"`    // names the keys in the token; the same for each run of this order
	Step        int       `json:"step"`         // last step that the service knows to be done, 0 to 5
	ChainSHA256 string    `json:"chain_sha256"` // SHA-256 of the root certificate's DER, 64 lower-case hexadecimal digits
	ExpiresAt   time.Time `json:"expires_at"`   // when Token ends
}

// DeviceRequest binds the order to a token. Another serial is refused with
// [OtherDevice].
type DeviceRequest struct {
	Serial string `json:"serial"` // as the token tells it
	Label  string `json:"label"`
	Model  string `json:"model"`
}

// CodeAnswer reports that the authorisation code is under way (M111).
type CodeAnswer struct {
	Mobile          string `json:"mobile"`            // masked
	Word            string `json:"word,omitempty"`    // stands in the SMS; empty when it carries none
	ResendInSeconds int    `json:"resend_in_seconds"` // how long until another may be asked for
}

// AuthoriseRequest carries the authorisation code from the SMS. A wrong one is
// answered with status 403, [WrongSMSCode] and the tries that are left.
type AuthoriseRequest struct {
	Code string `json:"code"`
}

// AuthoriseAnswer says that the steps may begin.
type AuthoriseAnswer struct {
	TriesLeft int `json:"tries_left"`
}

// Step is one of the manual's five steps (M115 to M119), 1 to 5.
type Step int

// The five steps.
const (
	MakeSignKey  Step = 1
	RequestCerts Step = 2
	ImportCert   Step = 3
	ImportEncKey Step = 4
	Finish       Step = 5
)

// Name is the step's name in the words of the manual, for the applicant.
func (s Step) Name() string {
	switch s {
	case MakeSignKey:
		return "生成签名密钥对"
	case RequestCerts:
		return "证书新领请求"
	case ImportCert:
		return "导入证书"
	case ImportEncKey:
		return "导入加密密钥对"
	case Finish:
		return "完成"
	}
	return ""
}

// State is how far a step is.
type State string

// A step that failed may be started again.
const (
	Started State = "started"
	Done    State = "done"
	Failed  State = "failed"
)

// StepRequest reports progress, which the service mirrors into the chat
// (M114). Repeating a report changes nothing.
type StepRequest struct {
	Step   Step   `json:"step"`
	State  State  `json:"state"`
	Detail string `json:"detail,omitempty"` // Chinese words about a failure, without personal data
}

// CertifyRequest asks for both certificates. The service binds the order to
// the request's public key: the same key gets the same answer byte for byte,
// another key is refused with [OtherKey].
type CertifyRequest struct {
	CSR     []byte   `json:"csr"`     // PKCS#10 DER, signed by the token; its subject is ignored
	Formats []string `json:"formats"` // envelopes that the token can open, best first
	Serial  string   `json:"serial"`  // of the token
}

// CertifyAnswer carries everything that goes into the token.
type CertifyAnswer struct {
	SignCert []byte   `json:"sign_cert"` // DER
	EncCert  []byte   `json:"enc_cert"`  // DER
	Chain    [][]byte `json:"chain"`     // DER, issuer first, root last
	Envelope Envelope `json:"envelope"`
}

// Envelope carries the private key of the encryption certificate, for this
// token only.
type Envelope struct {
	Format string `json:"format"` // one of CertifyRequest.Formats
	KEK    []byte `json:"kek"`    // the key-encryption key, under the public key of the request
	Key    []byte `json:"key"`    // PKCS#8 of the encryption key, under the KEK
}

// EnvelopeRSA is the format of an envelope for an RSA key: RSA-OAEP with
// SHA-1, MGF1-SHA1 and no label over an AES-256 key, and AES key wrap with
// padding (RFC 5649) under that over the PKCS#8.
const EnvelopeRSA = "rsa-oaep-sha1+aes256-kwp"

// ChallengeAnswer asks the token to show that both private keys are in it.
type ChallengeAnswer struct {
	Nonce      []byte `json:"nonce"`      // to be signed by the signing key, RSA PKCS#1 v1.5 with SHA-256
	Ciphertext []byte `json:"ciphertext"` // RSA PKCS#1 v1.5 to the encryption key
}

// ProveRequest answers a challenge, once.
type ProveRequest struct {
	Signature []byte `json:"signature"` // over the nonce
	Plaintext []byte `json:"plaintext"` // of the ciphertext
}

// ProveAnswer closes the order when Activated is true (M123).
type ProveAnswer struct {
	Activated bool `json:"activated"`
}
