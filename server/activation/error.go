// This file lists the ways in which the service says no, so that the tool can
// tell its user what to do next.

package activation

// Code names a refusal, for the tool's logic and for logs.
type Code string

// The refusals, with the HTTP status each comes with.
const (
	BadRequest   Code = "bad_request"    // 400: not what this call expects
	Unauthorised Code = "unauthorised"   // 401: bearer token missing, ended or replaced
	WrongSMSCode Code = "wrong_sms_code" // 403: TriesLeft tells how many tries remain
	NotAllowed   Code = "not_allowed"    // 403: the authorisation code was not given yet
	UnknownCode  Code = "unknown_code"   // 404: no such activation code
	OtherDevice  Code = "other_device"   // 409: the order belongs to another token
	OtherKey     Code = "other_key"      // 409: the order belongs to another key pair
	OutOfOrder   Code = "out_of_order"   // 409: an earlier step is not done
	Busy         Code = "busy"           // 409: another computer is at it, or the authority still works
	Refused      Code = "refused"        // 409: the authority said no; a person has to look
	ExpiredCode  Code = "expired_code"   // 410: the activation code is too old
	UsedCode     Code = "used_code"      // 410: the activation code was used
	SMSExpired   Code = "sms_expired"    // 410: the authorisation code is too old
	SMSLocked    Code = "sms_locked"     // 423: too many wrong authorisation codes
	TooMany      Code = "too_many"       // 429: wait, then ask again
	WrongProof   Code = "wrong_proof"    // 422: signature or plaintext is not right
	Unavailable  Code = "unavailable"    // 503: a partner is down; ask again
)

// Error is the body of every answer that is not 200.
type Error struct {
	Code      Code   `json:"code"`
	Message   string `json:"message"`              // Chinese words for the person: what happened, what to do next
	TriesLeft int    `json:"tries_left,omitempty"` // with WrongSMSCode
}

// Error gives the code; the message is for the person only.
func (e *Error) Error() string { return "activation: " + string(e.Code) }
